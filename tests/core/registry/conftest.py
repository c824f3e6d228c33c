from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from arbvis_core.registry import Registry, load
from arbvis_core.registry.loading import forget

#: Puts a distribution on the path: its name, its module's text, its version.
Install = Callable[..., str]

FORMAT = """
    from arbvis_core import api, hookimpl

    class Toy(api.Format):
        name = "toy"
        priority = 100

        def matches(self, probe):
            return probe.head(3) == b"TOY"

        def parse(self, group):
            return []

    @hookimpl
    def arbvis_formats():
        return [Toy()]
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Fake installed distributions, without pip: a folder `*.dist-info` beside a module."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("ARBVIS_STRICT", raising=False)
    monkeypatch.delenv("ARBVIS_PLUGINS", raising=False)
    modules: list[str] = []

    def write(
        name: str, text: str = FORMAT, *, version: str = "1.0", points: str | None = None
    ) -> str:
        module = name.replace("-", "_")
        modules.append(module)
        (tmp_path / f"{module}.py").write_text(dedent(text), encoding="utf-8")
        info = tmp_path / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n", encoding="utf-8")
        listed = f"[arbvis]\n{name} = {module}\n" if points is None else points
        (info / "entry_points.txt").write_text(listed, encoding="utf-8")
        return name

    yield write
    forget()
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture
def loaded(install: Install) -> Callable[..., Registry]:
    """Load the named plugins only, whatever else is installed."""
    del install

    def fresh(*names: str) -> Registry:
        forget()
        return load(allow=names)

    return fresh

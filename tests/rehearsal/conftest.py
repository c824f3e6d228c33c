"""The rehearsal is found as any installed plugin is: by an entry point on `sys.path`."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from arbvis_core.registry import load
from arbvis_core.registry.loading import forget

if TYPE_CHECKING:
    from arbvis_core.registry import Registry

HERE = Path(__file__).parent
sys.path += [str(HERE / "support"), str(HERE / "src")]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """The registry of a machine on which the rehearsal is installed, workers' included."""
    site = tmp_path_factory.mktemp("site")
    _install(site)
    paths = [str(site), str(HERE / "src")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([*paths, os.environ.get("PYTHONPATH", "")]))
        patch.setattr(sys, "path", [*paths, *sys.path])
        forget()
        yield load(("rehearsal",))
    forget()


@pytest.fixture(scope="module")
def processes(registry: Registry) -> Iterator[Executor]:
    """Workers that share nothing with this process but the machine."""
    assert registry.formats
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool


def _install(site: Path) -> None:
    """Write what an installer leaves behind, from the distribution's own pyproject.toml."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    folder = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    folder.mkdir()
    points = project["entry-points"]["arbvis"]
    lines = [f"{name} = {value}" for name, value in points.items()]
    (folder / "entry_points.txt").write_text("\n".join(["[arbvis]", *lines]), encoding="utf-8")
    metadata = f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: {project['version']}\n"
    (folder / "METADATA").write_text(metadata, encoding="utf-8")

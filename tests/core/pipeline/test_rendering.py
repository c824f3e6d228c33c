"""Plans that are only measured, and tiles that are kept beside the bundle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from arbvis_core import api
from arbvis_core.cli.render import reporters
from arbvis_core.errors import PluginError
from arbvis_core.registry import Registered
from arbvis_core.sinks.memory import MemorySink
from arbvis_core.values import ARBVIS


@pytest.mark.parametrize("executor", ["serial", "threads"])
def test_measuring_finds_what_drawing_finds(tmp_path: Path, executor: str) -> None:
    (tmp_path / "data.bin").write_bytes(bytes(range(256)) * 5000)
    plan = api.open(tmp_path / "data.bin").plan
    sink = MemorySink()
    drawn = api.render(plan, sink, executor=executor, keep=5)
    measured = api.render(plan, None, executor=executor, keep=5)
    assert measured.summaries == drawn.summaries
    assert measured.pixels == drawn.pixels
    kept = {path: data for path, data in sink.blobs.items() if path in drawn.kept}
    assert measured.kept == drawn.kept == kept
    assert {path.split("/")[2] for path in kept} == {"0", "1"}
    assert not measured.location


class Inputs(api.Reporter):
    def __init__(self, inputs: tuple[str, ...]) -> None:
        self.inputs = inputs


@dataclass(frozen=True)
class Wanted:
    """Options that make a reporter."""

    make: Callable[[tuple[str, ...]], object] = Inputs

    def reporter(self, request: api.Request) -> object:
        return self.make(request.inputs)


@dataclass(frozen=True)
class Silent:
    """Options that make none."""


def made(*groups: object) -> list[tuple[Registered[type], api.Reporter]]:
    request = api.Request(("a",), ARBVIS, options={type(one): one for one in groups})
    options = [Registered("plugin", "1", type(one)) for one in groups]
    return reporters(request, SimpleNamespace(options=options))


def test_groups_of_options_make_reporters() -> None:
    ((group, one),) = made(Wanted(), Silent())
    assert group.item is Wanted
    assert one.inputs == ("a",)
    assert made(Wanted(lambda _: None), Silent()) == []


def test_what_only_looks_like_a_reporter_is_refused() -> None:
    lookalike = SimpleNamespace(check=print, write=print, titled=False)
    with pytest.raises(PluginError, match="reporter SimpleNamespace does not inherit from Repor"):
        made(Wanted(lambda _: lookalike))

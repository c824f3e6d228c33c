"""Plans that are only measured, and tiles that are kept beside the bundle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from arbvis_core import api
from arbvis_core.cli.render import reporters
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


def test_groups_of_options_make_reporters() -> None:
    @dataclass(frozen=True)
    class Wanted:
        def reporter(self, request: api.Request) -> object:
            return ("reporter of", request.inputs)

    @dataclass(frozen=True)
    class Silent:
        pass

    groups = [Registered("plugin", "1", group) for group in (Wanted, Silent)]
    request = api.Request(("a",), ARBVIS, options={Wanted: Wanted(), Silent: Silent()})
    ((group, made),) = reporters(request, SimpleNamespace(options=groups))
    assert group.item is Wanted
    assert made == ("reporter of", ("a",))

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from arbvis_core.cli import space
from arbvis_core.engine.estimate import Estimate
from arbvis_core.errors import SinkError


def test_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "free_bytes", lambda _: 10_000_000_000)
    line = space.announce(Estimate(4_194_304, 4_194_304, 21, 3_500_000, 2.5), "out")
    assert line == "4.2 Mpx in 21 tiles, about 3.5 MB and 2.5 s; 10.0 GB free"


def test_what_cannot_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "free_bytes", lambda _: 1_000_000)
    with pytest.raises(SinkError) as caught:
        space.announce(Estimate(8_000_000, 8_126_464, 21, 4_000_000, 2.5), "out")
    assert "out has 1.0 MB free and the bundle needs about 4.0 MB" in str(caught.value)
    assert "about 2.0 Mpx of 8.0 Mpx would fit" in str(caught.value)


def test_free_space_of_a_folder_to_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    usage = SimpleNamespace(free=1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: asked.append(path) or usage)
    assert space.free_bytes(str(tmp_path / "a" / "b" / "c")) == 1
    assert asked == [tmp_path]

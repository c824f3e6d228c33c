from __future__ import annotations

from pathlib import Path

import pytest

from arbvis_core.cli import space
from arbvis_core.engine.estimate import Estimate
from arbvis_core.errors import SinkError


def test_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "free_bytes", lambda _: 10_000_000_000)
    line = space.announce(Estimate(4_194_304, 21, 3_500_000, 2.5), "out")
    assert line == "4.2 Mpx in 21 tiles, about 3.5 MB and 2.5 s; 10.0 GB free"


def test_what_cannot_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "free_bytes", lambda _: 1_000_000)
    with pytest.raises(SinkError) as caught:
        space.announce(Estimate(8_000_000, 21, 4_000_000, 2.5), "out")
    assert "out has 1.0 MB free and the bundle needs about 4.0 MB" in str(caught.value)
    assert "about 2.0 Mpx of 8.0 Mpx would fit" in str(caught.value)


def test_free_space_of_a_folder_to_come(tmp_path: Path) -> None:
    import os

    free = space.free_bytes(str(tmp_path / "a" / "b" / "c"))
    if hasattr(os, "statvfs"):
        found = os.statvfs(tmp_path)
        assert abs(free - found.f_bavail * found.f_frsize) < 2 << 30
    assert free > 0

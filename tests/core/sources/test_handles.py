"""What is asked of the system, and in which order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arbvis_core.sources.local import LocalProvider
from arbvis_core.values import Range


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system cannot be told")
@pytest.mark.parametrize("refused", [False, True])
def test_the_system_is_told_of_many_ranges_before_the_first_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, refused: bool
) -> None:
    told: list[tuple[int, int]] = []
    read, whole = os.pread, bytes(range(256)) * 400

    def advise(_: int, start: int, length: int, advice: int) -> None:
        assert advice == os.POSIX_FADV_WILLNEED
        told.append((start, length))
        if refused:
            raise OSError

    def pread(descriptor: int, count: int, start: int) -> bytes:
        assert refused or (start, count) in told or not count
        assert len(told) == (1 if refused else 20)
        return read(descriptor, count, start)

    (tmp_path / "file").write_bytes(whole)
    (source,) = LocalProvider().open(str(tmp_path / "file"))
    monkeypatch.setattr(os, "posix_fadvise", advise)
    monkeypatch.setattr(os, "pread", pread)
    ranges = [Range(5000 * number, 5000 * number + 70) for number in range(20)]
    ranges.insert(3, Range(9, 9))  # of which a system would think that it goes on to the end
    assert [*source.read(ranges)] == [whole[start:stop] for start, stop in ranges]

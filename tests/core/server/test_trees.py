"""What tiles of files read, and what is kept of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arbvis_core.reading import SMALL, Reader
from arbvis_core.server.trees import KeptReader, Memory
from arbvis_core.sources.files import file_source
from arbvis_core.testing.memory import MemorySource
from arbvis_core.values import Canvas, Crop, Range, ScenePlan

LENGTH = SMALL + 12345


def planned(source: Any) -> ScenePlan:
    return ScenePlan("a", "a", Canvas(1, 1), (), "bytes", {source.key: source})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file that is too large to be kept whole; most of it takes no room on disk."""
    path = tmp_path / "file.bin"
    path.write_bytes(np.random.default_rng(0).bytes(3 << 20))
    with path.open("rb+") as file:
        file.truncate(LENGTH)
    return path


def crops(key: str) -> list[Crop]:
    return [
        Crop(key, 5, 1000, 8192, 300),
        Crop(key, 0, 4096),
        Crop(key, 17, 100, 200_000, 9),
        Crop(key, 64, 64, 64, 32),
        Crop(key, LENGTH - 10, 10),
    ]


def test_rows_of_files_are_read_without_keeping_ranges(path: Path) -> None:
    source = file_source(str(path), path.name, str(path.parent))
    plan, memory = planned(source), Memory()
    found = KeptReader(plan, memory).fetch(crops(source.key))
    expected = Reader(plan.sources).fetch(crops(source.key))
    for got, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(got, wanted)
        assert not got.flags.writeable
    assert not memory.ranges._kept
    assert memory.parts.held >= sum(one.nbytes for one in found)


def test_of_other_sources_ranges_are_kept() -> None:
    source = MemorySource("s", bytes(LENGTH))
    memory = Memory()
    crop = Crop(source.key, 5, 1000, 8192, 300, Range(0, LENGTH))
    (found,) = KeptReader(planned(source), memory).fetch([crop])
    (band,) = memory.ranges._kept.values()
    assert len(band) == 300 * 8192
    assert found.flags.c_contiguous  # it holds on to no more than it has
    assert not found.flags.writeable
    assert not np.shares_memory(found, np.frombuffer(band, np.uint8))

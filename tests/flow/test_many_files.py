"""A folder of thousands of tiny files: the right picture, and every file is read once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from arbvis_core import api
from arbvis_core.sources.files import LocalSource

from .test_byte_bundle import TILE, hilbert, palette

COUNT, FOLDERS = 5_000, 25


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of 0 to 150 bytes, numbered so that names and order of writing differ."""
    root = tmp_path_factory.mktemp("tiny")
    random = np.random.default_rng(5)
    for number in random.permutation(COUNT):
        place = root / f"{number % FOLDERS}"
        place.mkdir(exist_ok=True)
        size = 0 if number % 50 == 0 else int(random.integers(1, 151))
        (place / f"{number}.bin").write_bytes(random.bytes(size))
    return root


@pytest.fixture(scope="module")
def content(folder: Path) -> np.ndarray:
    """All bytes, in the order of the components of their paths."""
    paths = sorted(folder.rglob("*.bin"), key=lambda path: os.fsencode(path).split(b"/"))
    return np.frombuffer(b"".join(path.read_bytes() for path in paths), np.uint8)


def test_the_picture_is_what_numpy_computes(
    folder: Path, content: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: Counter[str] = Counter()
    read = LocalSource.read

    def counted(source: LocalSource, ranges: Sequence[api.Range]) -> Sequence[api.Buffer]:
        reads[source.key] += 1
        return read(source, ranges)

    monkeypatch.setattr(LocalSource, "read", counted)
    picture = api.open(folder)
    picture.render(tmp_path / "out")
    assert 2**18 < len(content) < 2**19
    wanted = np.zeros((TILE, 2 * TILE, 4), np.uint8)
    x, y = hilbert(TILE * TILE, 9)
    for left, part in enumerate((content[: len(x)], content[len(x) :])):
        at = y[: len(part)], x[: len(part)] + TILE * left
        wanted[(*at, slice(3))] = palette()[part]
        wanted[(*at, 3)] = 255
    for left in range(2):
        tile = Image.open(tmp_path / "out" / "tiles" / "bytes" / "1" / str(left) / "0.png")
        shown = wanted[:, left * TILE : (left + 1) * TILE]
        np.testing.assert_array_equal(np.asarray(tile.convert("RGBA")), shown)
    placements = picture.plan.scenes[0].placements
    assert len(placements) == COUNT - COUNT // 50
    assert [*reads.values()].count(1) >= len(placements) - 1  # one lies in two tiles
    assert max(reads.values()) <= 3

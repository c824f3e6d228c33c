"""A bundle of a real file, decoded by Pillow, equals a computation that shares no code with it."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from arbvis_core import api
from arbvis_core.imaging import pixels

TILE = 512
#: Enough for a canvas of 8192 × 4096 that ends in the middle of a tile.
SIZE = 20_000_003


def largest_library() -> Path:
    """The largest compiled library of this environment: an executable of tens of megabytes."""
    site = Path(sysconfig.get_paths()["platlib"])
    found = [path for pattern in ("*.so*", "*.dll", "*.dylib") for path in site.rglob(pattern)]
    return max(found, key=lambda path: path.stat().st_size)


def hilbert(count: int, order: int) -> tuple[np.ndarray, np.ndarray]:
    """The textbook iteration: rotate and flip quadrants, from the smallest up."""
    x = np.zeros(count, np.int32)
    y = np.zeros(count, np.int32)
    rest = np.arange(count, dtype=np.int32)
    for level in range(order):
        side = 1 << level
        right = (rest >> 1) & 1
        down = (rest ^ right) & 1
        flip = down == 0
        swap_x = np.where(flip & (right == 1), side - 1 - x, x)
        swap_y = np.where(flip & (right == 1), side - 1 - y, y)
        x, y = np.where(flip, swap_y, swap_x), np.where(flip, swap_x, swap_y)
        x += side * right
        y += side * down
        rest >>= 2
    return x, y


def palette() -> np.ndarray:
    colours = np.zeros((256, 3), np.uint8)
    for byte in range(256):
        if 1 <= byte <= 31:
            colours[byte, 1] = (byte - 1) * 255 // 30
        elif 32 <= byte <= 126:
            colours[byte, 2] = (byte - 32) * 255 // 94
        elif 127 <= byte <= 254:
            colours[byte, 0] = (byte - 127) * 255 // 127
    colours[255] = 255
    return colours


@pytest.fixture(scope="module")
def content() -> np.ndarray:
    raw = np.fromfile(largest_library(), np.uint8)
    return np.resize(raw, SIZE)


@pytest.fixture(scope="module")
def expected(content: np.ndarray) -> np.ndarray:
    """Every pixel, RGBA, of the canvas of 8192 × 4096."""
    picture = np.zeros((4096, 8192, 4), np.uint8)
    x, y = hilbert(4096 * 4096, 12)
    colours = palette()[content]
    first = len(x)
    picture[y, x, :3] = colours[:first]
    picture[y, x, 3] = 255
    rest = len(content) - first
    picture[y[:rest], x[:rest] + 4096, :3] = colours[first:]
    picture[y[:rest], x[:rest] + 4096, 3] = 255
    return picture


@pytest.fixture(scope="module")
def bundle(content: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "library.bin").write_bytes(content.tobytes())
    api.open(folder / "library.bin").render(folder / "out")
    return folder / "out"


def decode(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGBA"))


def test_every_leaf_is_what_numpy_computes(bundle: Path, expected: np.ndarray) -> None:
    zoom = max(int(path.name) for path in (bundle / "tiles" / "bytes").iterdir())
    assert zoom == 4
    seen = 0
    for y in range(expected.shape[0] // TILE):
        for x in range(expected.shape[1] // TILE):
            path = bundle / "tiles" / "bytes" / str(zoom) / str(x) / f"{y}.png"
            wanted = expected[y * TILE : (y + 1) * TILE, x * TILE : (x + 1) * TILE]
            assert path.exists() == bool(wanted[..., 3].any()), f"tile {x}/{y}"
            if path.exists():
                np.testing.assert_array_equal(decode(path), wanted, err_msg=f"tile {x}/{y}")
                seen += 1
    assert seen == -(-SIZE // TILE**2)


def linear(srgb: np.ndarray) -> np.ndarray:
    value = srgb / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def folded(plane: np.ndarray) -> np.ndarray:
    rows = plane[0::2] + plane[1::2]
    return rows[:, 0::2] + rows[:, 1::2]


def encoded(light: np.ndarray) -> np.ndarray:
    value = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return value * 255.0


def test_every_pixel_above_is_the_mean_light_of_the_bytes_under_it(
    bundle: Path, expected: np.ndarray
) -> None:
    light = linear(np.arange(256))[expected[..., :3]]  # past the end there is none: black
    count = (expected[..., 3] > 0).astype(np.float64)
    for zoom in (3, 2, 1, 0):
        light, count = folded(light), folded(count)
        wanted = encoded(light / np.maximum(count, 1)[..., None])
        height, width = count.shape
        for path in sorted((bundle / "tiles" / "bytes" / str(zoom)).rglob("*.png")):
            x, y = int(path.parent.name), int(path.stem)
            rows = slice(y * TILE, min((y + 1) * TILE, height))
            columns = slice(x * TILE, min((x + 1) * TILE, width))
            got = decode(path)[: rows.stop - rows.start, : columns.stop - columns.start]
            covered = count[rows, columns] > 0
            np.testing.assert_array_equal(got[..., 3] > 0, covered)
            difference = np.abs(got[..., :3] - wanted[rows, columns])[covered]
            assert difference.max() <= 0.5 + 1e-3, f"zoom {zoom}, tile {x}/{y}"


def test_tiles_on_disk_and_tiles_on_demand_are_the_same(
    bundle: Path, content: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "library.bin").write_bytes(content.tobytes())
    picture = api.open(tmp_path / "library.bin")
    for zoom, x, y in [(4, 0, 0), (4, 7, 5), (3, 1, 1), (2, 0, 0), (0, 0, 0)]:
        drawn = pixels(picture.tile(zoom, x, y))
        np.testing.assert_array_equal(
            drawn, decode(bundle / "tiles" / "bytes" / str(zoom) / str(x) / f"{y}.png")
        )


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_every_executor_writes_the_same_bytes(
    executor: str, bundle: Path, content: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "library.bin").write_bytes(content.tobytes())
    api.open(tmp_path / "library.bin").render(
        tmp_path / "out",
        executor=executor,
        jobs=2,  # type: ignore[arg-type]
    )
    ours = {path.relative_to(bundle): path.read_bytes() for path in bundle.rglob("*.*")}
    theirs = {
        path.relative_to(tmp_path / "out"): path.read_bytes()
        for path in (tmp_path / "out").rglob("*.*")
    }
    assert ours == theirs

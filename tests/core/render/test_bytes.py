"""The byte picture's pixels, against numpy and the curve's own definition."""

from __future__ import annotations

from types import SimpleNamespace

import numba
import numpy as np
import pytest

from arbvis_core.kernels import byte_tile, hilbert
from arbvis_core.layouts.hilbert import HilbertLayout
from arbvis_core.render.bytes import ByteRenderer
from arbvis_core.values import Document, Leaf, Request, ScenePlan, TileKey, View

RENDERER = ByteRenderer()
AREA = 512 * 512


def colour(byte: int) -> tuple[int, int, int]:
    """As the reference states it."""
    if byte == 0:
        return 0, 0, 0
    if byte == 255:
        return 255, 255, 255
    if byte < 32:
        return 0, (byte - 1) * 255 // 30, 0
    if byte < 127:
        return 0, 0, (byte - 32) * 255 // 94
    return (byte - 127) * 255 // 127, 0, 0


COLOURS = np.array([colour(byte) for byte in range(256)], dtype=np.uint8)


def plan_of(*sizes: int) -> ScenePlan:
    sources = [
        SimpleNamespace(key=f"/{i}", name=str(i), size=size, folder="", identity="")
        for i, size in enumerate(sizes)
    ]
    document = Document("files", "raw", tuple(sources), ())
    (scene,) = HilbertLayout().arrange(Request(()), [document])
    keyed = {source.key: source for source in sources}
    return ScenePlan("bytes", "Bytes", scene.extent, scene.placements, "bytes", keyed)


def content(*sizes: int) -> list[np.ndarray]:
    rng = np.random.default_rng(11)
    return [rng.integers(0, 256, size, dtype=np.uint8) for size in sizes]


def paint(plan: ScenePlan, key: TileKey, files: list[np.ndarray]) -> Leaf:
    parts = [
        files[int(crop.source[1:])][crop.start : crop.stop].reshape(1, -1)
        for crop in RENDERER.reads(plan, key, {})
    ]
    return RENDERER.paint(plan, key, parts, {}, View())


def positions(plan: ScenePlan, key: TileKey) -> np.ndarray:
    """The position along the curve of every pixel of a tile, (512, 512)."""
    order = plan.canvas.height.bit_length() - 1
    found = np.empty((512, 512), np.int64)
    tiles = order - 9
    number, state = hilbert.locate(key.x, key.y, tiles)
    x, y, _ = hilbert.walk(9)
    found[y[state], x[state]] = number * AREA + np.arange(AREA)
    assert hilbert.point(int(found[3, 5]), order) == (key.x * 512 + 5, key.y * 512 + 3)
    return found


#: Every tile takes seconds where nothing is compiled.
FEW = numba.config.DISABLE_JIT

CASES = [
    ((AREA,), TileKey(0, 0, 0)),
    ((70_001,), TileKey(0, 0, 0)),
    ((5, 1, 300_000, 400_000), TileKey(1, 0, 0)),
    ((5, 1, 300_000, 400_000), TileKey(1, 0, 1)),
    ((5, 1, 300_000, 400_000), TileKey(1, 1, 1)),
    ((300_000,), TileKey(1, 1, 0)),
    ((5 * AREA + 3,), TileKey(2, 3, 1)),
]


@pytest.mark.parametrize(("sizes", "key"), CASES[2:4] if FEW else CASES)
def test_every_pixel_shows_its_byte(sizes: tuple[int, ...], key: TileKey) -> None:
    plan, files = plan_of(*sizes), content(*sizes)
    if not RENDERER.present(plan, key):
        assert positions(plan, key).min() >= sum(sizes)
        return
    leaf = paint(plan, key, files)
    at, stream = positions(plan, key), np.concatenate(files)
    shown = leaf.tile.palette[leaf.tile.codes]
    filled = at < stream.size
    assert np.array_equal(shown[filled][:, :3], COLOURS[stream[at[filled]]])
    assert (shown[filled][:, 3] == 255).all()
    assert (shown[~filled] == 0).all()
    assert np.array_equal(leaf.statistics, np.bincount(stream[at[filled]], minlength=256))


@pytest.mark.parametrize(("sizes", "key"), CASES[2:4] if FEW else CASES)
def test_planes_are_sums_of_linear_light(sizes: tuple[int, ...], key: TileKey) -> None:
    plan, files = plan_of(*sizes), content(*sizes)
    if not RENDERER.present(plan, key):
        return
    leaf = paint(plan, key, files)
    at, stream = positions(plan, key), np.concatenate(files)
    encoded = COLOURS[np.append(stream, 0)[np.minimum(at, stream.size)]] / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    sums = linear.reshape(256, 2, 256, 2, 3).sum(axis=(1, 3))
    for channel, name in enumerate(("red", "green", "blue")):
        assert np.allclose(leaf.planes[name], sums[..., channel], rtol=0, atol=4e-6)
    count = (at < stream.size).reshape(256, 2, 256, 2).sum(axis=(1, 3))
    assert np.array_equal(leaf.planes["count"], count)


def test_a_byte_of_every_value_has_the_colour_of_the_reference() -> None:
    assert np.array_equal(byte_tile.COLOURS, COLOURS)


def planes_of(linear: np.ndarray, count: np.ndarray) -> dict[str, np.ndarray]:
    sums = (linear * count[..., None]).astype(np.float32)
    named = {
        name: np.ascontiguousarray(sums[..., i]) for i, name in enumerate(("red", "green", "blue"))
    }
    return named | {"count": count.astype(np.float32)}


def test_an_overview_is_the_mean_in_linear_light() -> None:
    rng = np.random.default_rng(2)
    linear, count = rng.random((512, 512, 3)) ** 3, np.full((512, 512), 4**7)
    tile = RENDERER.shade(plan_of(1), TileKey(0, 0, 0), planes_of(linear, count), View())
    exact = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert tile.pixels.shape == (512, 512, 3)
    assert np.abs(tile.pixels - exact).max() < 0.5 + 1e-3


def test_where_nothing_was_counted_an_overview_is_clear() -> None:
    linear, count = np.ones((512, 512, 3)), np.zeros((512, 512))
    count[:100] = 3
    tile = RENDERER.shade(plan_of(1), TileKey(0, 0, 0), planes_of(linear, count), View())
    assert (tile.pixels[:100] == 255).all()
    assert (tile.pixels[100:] == 0).all()


def test_it_reads_one_run_per_file_and_nothing_twice() -> None:
    sizes = (5, 1, 300_000, 400_000)
    plan = plan_of(*sizes)
    read = {str(i): np.zeros(size, int) for i, size in enumerate(sizes)}
    columns, rows = plan.canvas.tiles(plan.canvas.max_zoom)
    for x in range(columns):
        for y in range(rows):
            crops = RENDERER.reads(plan, TileKey(plan.canvas.max_zoom, x, y), {})
            assert len({crop.source for crop in crops}) == len(crops)
            for crop in crops:
                assert crop.rows == 1
                read[crop.source[1:]][crop.start : crop.stop] += 1
    assert all((counts == 1).all() for counts in read.values())


def test_a_cropped_plan_gives_the_same_tile() -> None:
    from arbvis_core.values import Box

    sizes, key = (5, 1, 300_000, 400_000), TileKey(1, 0, 1)
    plan, files = plan_of(*sizes), content(*sizes)
    cropped = plan.crop(Box(0, 512, 512, 512))
    assert RENDERER.present(cropped, key)
    whole, part = paint(plan, key, files), paint(cropped, key, files)
    assert np.array_equal(whole.tile.codes, part.tile.codes)


def test_statistics_add_up() -> None:
    counts = np.zeros(256, np.int64)
    counts[[0, 65, 255]] = 2, 1, 1
    total = RENDERER.merge(counts, counts)
    summary = RENDERER.summary(plan_of(1), total)
    assert summary["histogram"] == (2 * counts).tolist()
    assert summary["entropy"] == pytest.approx(1.5)
    assert summary["classes"] == {
        "0x00": 0.5,
        "control characters": 0,
        "ASCII text": 0.25,
        "high bytes": 0,
        "0xFF": 0.25,
    }
    assert RENDERER.summary(plan_of(1), None) == {}


def test_the_entropy_of_one_value_is_zero() -> None:
    counts = np.zeros(256, np.int64)
    counts[7] = 9
    assert str(RENDERER.summary(plan_of(1), counts)["entropy"]) == "0.0"


def test_the_legend_names_every_class_with_its_share() -> None:
    counts = np.zeros(256, np.int64)
    counts[[0, 65]] = 3, 1
    leaf, overview = RENDERER.legend(plan_of(1), View(), counts)
    assert (leaf.zooms, overview.zooms) == ("leaf", "overview")
    assert "linear light" in overview.note
    assert [entry.share for entry in leaf.entries] == [0.75, 0, 0.25, 0, 0]
    assert [(entry.colours[0], entry.colours[-1]) for entry in leaf.entries] == [
        ("#000000", "#000000"),
        ("#000000", "#00ff00"),
        ("#000000", "#0000ff"),
        ("#000000", "#ff0000"),
        ("#ffffff", "#ffffff"),
    ]
    assert RENDERER.legend(plan_of(1), View(), None)[0].entries[0].share is None

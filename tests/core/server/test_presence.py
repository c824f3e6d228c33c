from __future__ import annotations

import base64

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.manifest import bitmap as listed
from arbvis_core.server.presence import Places, bitmap
from arbvis_core.values import TILE, Box, Canvas, Placement, Region, ScenePlan

SPOTS = st.builds(
    Box, st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 1200), st.integers(0, 1200)
)


def plan_of(boxes: list[Box]) -> ScenePlan:
    placements = tuple(
        Placement(f"p{n}", box, Region(f"p{n}", (1,), "U8")) for n, box in enumerate(boxes)
    )
    return ScenePlan("a", "A", Canvas(4300, 4300), placements, "none", {})


@given(st.lists(SPOTS, max_size=6), SPOTS)
def test_places_find_what_the_plan_finds(boxes: list[Box], box: Box) -> None:
    plan = plan_of(boxes)
    assert Places(plan).crop(box) == plan.crop(box)


@given(st.lists(SPOTS, max_size=6))
def test_a_tile_is_there_if_something_is_placed_on_it(boxes: list[Box]) -> None:
    plan = plan_of(boxes)
    solid = [box for box in boxes if box.width and box.height]
    for zoom, level in enumerate(Places(plan).levels()):
        side = TILE << (plan.canvas.max_zoom - zoom)
        assert level.shape == plan.canvas.tiles(zoom)[::-1]
        for y, x in np.ndindex(level.shape):
            met = any(one.meets(Box(x * side, y * side, side, side)) for one in solid)
            assert level[y, x] == met


@given(st.integers(1, 20), st.integers(1, 20), st.data())
def test_a_bitmap_is_written_as_manifests_write_it(
    rows: int, columns: int, data: st.DataObject
) -> None:
    bits = data.draw(st.lists(st.booleans(), min_size=rows * columns, max_size=rows * columns))
    level = np.array(bits).reshape(rows, columns)
    tiles = {(int(x), int(y)) for y, x in zip(*level.nonzero(), strict=True)}
    assert bitmap(level) == listed(tiles, columns, rows)
    if not level.all():
        assert base64.b64decode(bitmap(level))

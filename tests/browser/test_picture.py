"""What is on screen: tiles, colours, positions, outlines. All of it from disk, without a network."""

from __future__ import annotations

import io
import json
from pathlib import Path
from urllib.parse import unquote, urlparse

import numpy as np
import pytest
from PIL import Image

from . import oracle
from .conftest import OpenPage, Viewer

pytestmark = pytest.mark.browser

VECTORS = Path(__file__).parents[1] / "data" / "hilbert-vectors.json"


def manifest(bundle: Path) -> dict:
    return json.loads((bundle / "manifest.json").read_text("utf-8"))


def shot(viewer: Viewer) -> np.ndarray:
    """The map alone, panels and outlines hidden: uint8 (height, width, 3)."""
    # The page's policy forbids styles that are not its own, so they are set one by one.
    viewer.page.evaluate(
        "() => document.querySelectorAll('.corner, .hover, .overlay')"
        ".forEach((element) => { element.style.visibility = 'hidden'; })"
    )
    image = Image.open(io.BytesIO(viewer.page.screenshot()))
    return np.asarray(image.convert("RGB"))


def stream(files: dict[str, bytes]) -> bytes:
    return b"".join(files.values())


@pytest.mark.parametrize("beyond", [0, 1, 3, 6])
def test_colours_at_and_beyond_one_to_one(
    viewer: Viewer, files: dict[str, bytes], beyond: int
) -> None:
    """Every sampled pixel of the screen shows the colour of the very byte that lies there."""
    data = stream(files)
    canvas = manifest(viewer.bundle)["scenes"][0]["canvas"]
    viewer.show(300, 300, canvas["max_zoom"] + beyond)
    pixels = shot(viewer)
    chance = np.random.default_rng(beyond)
    height, width = pixels.shape[:2]
    for _ in range(40):
        column, row = int(chance.integers(width)), int(chance.integers(height))
        spot = viewer.run("stage.spotAt(argument)", {"x": column, "y": row})
        if spot is None or spot["placement"] is None:
            continue
        assert oracle.point(spot["position"], canvas["height"]) == (spot["x"], spot["y"])
        assert tuple(pixels[row, column]) == oracle.colour(data[spot["position"]])


def test_tiles_at_every_zoom_out(viewer: Viewer) -> None:
    """At whole zooms a pixel of the screen is a pixel of a tile, as Pillow decodes it."""
    canvas = manifest(viewer.bundle)["scenes"][0]["canvas"]
    for zoom in range(canvas["max_zoom"] + 1):
        viewer.show(256, 256, zoom)
        pixels = shot(viewer)
        tile = Image.open(viewer.bundle / f"tiles/bytes/{zoom}/0/0.png").convert("RGB")
        scale = 2 ** (canvas["max_zoom"] - zoom)
        for x, y in [(3, 5), (40, 90), (99, 17), (120, 120)]:
            corner = viewer.run(
                "stage.map.leaflet.latLngToContainerPoint([argument.y, argument.x])",
                {"x": x * scale, "y": y * scale},
            )
            column, row = int(corner["x"]), int(corner["y"])
            assert tuple(pixels[row, column]) == tile.getpixel((x, y)), (zoom, x, y)


@pytest.mark.parametrize("density", [1, 2, 1.5])
def test_something_is_shown_at_any_zoom(open_page: OpenPage, bundle: Path, density: float) -> None:
    """Fractional zooms, small windows and dense screens show tiles too."""
    viewer = open_page(bundle, size=(420, 700), density=density)
    lowest = viewer.run("stage.map.leaflet.getMinZoom()")
    highest = viewer.run("stage.map.leaflet.getMaxZoom()")
    for zoom in np.linspace(lowest, highest, 9):
        viewer.show(256, 256, float(zoom))
        pixels = shot(viewer).astype(int)
        middle = pixels[pixels.shape[0] // 2 - 20 :, pixels.shape[1] // 2 - 20 :][:40, :40]
        ground = viewer.page.evaluate(
            "() => getComputedStyle(document.documentElement).getPropertyValue('--empty')"
        )
        empty = [int(ground.strip()[i : i + 2], 16) for i in (1, 3, 5)]
        assert (np.abs(middle - empty).sum(axis=2) > 12).mean() > 0.5, zoom


def test_only_tiles_that_exist_are_asked_for(viewer: Viewer) -> None:
    canvas = manifest(viewer.bundle)["scenes"][0]["canvas"]
    assert any(level["present"] != "all" for level in canvas["levels"])
    for zoom in range(canvas["max_zoom"] + 2):
        for x in range(0, canvas["width"], 400):
            for y in range(100, canvas["height"], 400):
                viewer.show(x, y, zoom)
    asked = {Path(unquote(urlparse(url).path)) for url in viewer.requests if "/tiles/" in url}
    assert asked == set(viewer.bundle.glob("tiles/*/*/*/*.png"))
    assert {urlparse(url).scheme for url in viewer.requests} <= {"file", "data"}


def test_hover_names_the_byte(viewer: Viewer, files: dict[str, bytes]) -> None:
    """First, last and random bytes of every file, in decimal and in hexadecimal."""
    canvas = manifest(viewer.bundle)["scenes"][0]["canvas"]
    chance = np.random.default_rng(7)
    begin = 0
    for path, data in files.items():
        offsets = [0, 1, len(data) - 1, *map(int, chance.integers(len(data), size=4))]
        for offset in offsets:
            x, y = oracle.point(begin + offset, canvas["height"])
            viewer.show(x, y, canvas["max_zoom"] + 3)
            card = viewer.hover(x, y)
            assert Path(path).name in card
            assert f"{offset:,}" in card
            assert hex(offset) in card
            assert f"{begin + offset:,}" in card
        begin += len(data)


def test_an_overview_pixel_is_known_by_its_first_byte(viewer: Viewer) -> None:
    canvas = manifest(viewer.bundle)["scenes"][0]["canvas"]
    side = canvas["height"]
    viewer.show(50, 60, canvas["max_zoom"] - 1)
    chance = np.random.default_rng(3)
    places = {oracle.point(position, side): position for position in range(256 * 256)}
    for _ in range(10):
        at = {"x": int(chance.integers(640, 740)), "y": int(chance.integers(400, 440))}
        spot = viewer.run("stage.spotAt(argument)", at)
        block = [(spot["x"] + i, spot["y"] + j) for i in (0, 1) for j in (0, 1)]
        assert spot["cell"] == 2
        assert spot["position"] == min(places[one] for one in block)
        middle = viewer.run("stage.pointOf(argument)", spot)
        assert abs(middle["x"] - at["x"]) <= 1
        assert abs(middle["y"] - at["y"]) <= 1


def test_nothing_lies_past_the_last_byte(viewer: Viewer, files: dict[str, bytes]) -> None:
    canvas = manifest(viewer.bundle)["scenes"][0]["canvas"]
    x, y = oracle.point(len(stream(files)), canvas["height"])
    viewer.show(x, y, canvas["max_zoom"] + 3)
    assert "No data here" in viewer.hover(x, y)


def test_the_curve_agrees_with_the_vectors(viewer: Viewer) -> None:
    vectors = json.loads(VECTORS.read_text("utf-8"))
    for order, points in vectors["small"].items():
        side = 2 ** int(order)
        found = viewer.page.evaluate(
            "([side, count]) => { const curve = new arbvis.viewer.Hilbert(side);"
            " return Array.from({length: count}, (_, i) => curve.point(i)); }",
            [side, len(points)],
        )
        assert found == points
    for order, rows in vectors["chosen"].items():
        found = viewer.page.evaluate(
            "([side, rows]) => { const curve = new arbvis.viewer.Hilbert(side);"
            " return rows.map(([p, x, y]) => [curve.position(x, y), ...curve.point(p)]); }",
            [2 ** int(order), rows],
        )
        assert found == rows


def test_outlines_are_the_edges_of_what_is_covered(viewer: Viewer) -> None:
    chance = np.random.default_rng(11)
    side = 32
    for _ in range(60):
        start, stop = sorted(chance.choice(2 * side * side + 1, 2, replace=False).tolist())
        segments = viewer.page.evaluate(
            "([side, start, stop]) => { const { Hilbert, outline } = arbvis.viewer;"
            " return [...outline(new Hilbert(side).squares(start, stop))]; }",
            [side, start, stop],
        )
        expected = oracle.edges(oracle.mask(start, stop, side, 2 * side))
        assert oracle.unit_edges(segments) == expected, (start, stop)


def test_coarse_outlines_cover_whole_cells(viewer: Viewer) -> None:
    side, cell = 64, 4
    for start, stop in [(0, 4096), (5, 6), (100, 3000), (1024, 2048), (4000, 8192)]:
        segments = viewer.page.evaluate(
            "([side, start, stop, cell]) => { const { Hilbert, outline } = arbvis.viewer;"
            " return [...outline(new Hilbert(side).coarse(start, stop, cell))]; }",
            [side, start, stop, cell],
        )
        # Half a cell rounds up, as in JavaScript.
        low, high = ((value + cell * cell // 2) // (cell * cell) for value in (start, stop))
        covered = oracle.mask(low, high, side // cell, 2 * side // cell)
        assert oracle.unit_edges(segments) == oracle.edges(covered.repeat(cell, 0).repeat(cell, 1))


def test_files_are_outlined_and_named_without_overlap(viewer: Viewer) -> None:
    drawn = viewer.run("stage.overlay.drawn")
    assert sorted(drawn["files"]) == [0, 1, 2]
    scale = viewer.run("stage.map.scale")
    boxes = [
        (label["x"] * scale, label["y"] * scale, label["width"], label["height"])
        for label in drawn["fileLabels"]
    ]
    assert {label["text"] for label in drawn["fileLabels"]} >= {"first.bin", "second.dat"}
    for i, (x, y, width, height) in enumerate(boxes):
        for u, v, other_width, other_height in boxes[:i]:
            apart = abs(x - u) >= (width + other_width) / 2 - 0.01
            assert apart or abs(y - v) >= (height + other_height) / 2 - 0.01

"""Pictures in scripts and notebooks: tiles, thumbnails, whole images, and how they show themselves."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from arbvis_core import api, export, picture
from arbvis_core.engine.estimate import estimate
from arbvis_core.imaging import pixels


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("picture") / "<b>some & file.bin"
    path.write_bytes(np.random.default_rng(0).integers(0, 256, 700_000, np.uint8).tobytes())
    return path


@pytest.fixture(scope="module")
def opened(file: Path) -> picture.Picture:
    return api.open(file)


def assembled(opened: picture.Picture) -> np.ndarray:
    canvas = opened.plan.scenes[0].canvas
    image = np.zeros((canvas.height, canvas.width, 4), np.uint8)
    columns, rows = canvas.tiles(canvas.max_zoom)
    for y in range(rows):
        for x in range(columns):
            drawn = pixels(opened.tile(canvas.max_zoom, x, y))
            image[y * 512 : (y + 1) * 512, x * 512 : (x + 1) * 512] = drawn
    return image


def test_a_whole_png_is_its_tiles_put_together(opened: picture.Picture, tmp_path: Path) -> None:
    opened.save_png(tmp_path / "whole.png")
    image = Image.open(tmp_path / "whole.png")
    assert image.mode == "P"
    np.testing.assert_array_equal(np.asarray(image.convert("RGBA")), assembled(opened))
    assert [one.name for one in tmp_path.iterdir()] == ["whole.png"]


def test_a_canvas_too_large_for_one_image_is_refused(
    opened: picture.Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "LIMIT", 1000)
    with pytest.raises(api.UsageError, match=r"1024 × 1024 .* --out"):
        opened.save_png(tmp_path / "whole.png")
    assert not list(tmp_path.iterdir())


def test_an_image_that_cannot_be_written_is_one_sentence(
    opened: picture.Picture, tmp_path: Path
) -> None:
    with pytest.raises(api.SinkError, match="cannot be written"):
        opened.save_png(tmp_path / "missing" / "whole.png")


def test_the_thumbnail_is_the_scene_in_one_tile(opened: picture.Picture) -> None:
    image = opened.thumbnail()
    assert image.size == (512, 512)
    drawn = pixels(opened.tile(0, 0, 0))
    np.testing.assert_array_equal(np.asarray(image.convert("RGBA")), drawn)


@pytest.mark.parametrize("key", [(2, 0, 0), (-1, 0, 0), (1, 2, 0), (0, 0, 1)])
def test_tiles_that_do_not_exist_are_refused(
    opened: picture.Picture, key: tuple[int, int, int]
) -> None:
    with pytest.raises(api.UsageError, match="zooms are 0 to 1"):
        opened.tile(*key)


def test_scenes_and_views_that_do_not_exist_are_refused(opened: picture.Picture) -> None:
    with pytest.raises(api.UsageError, match="there are: bytes"):
        opened.tile(0, 0, 0, scene="weights")
    with pytest.raises(api.UsageError, match="does not let you choose: colormap"):
        opened.tile(0, 0, 0, view=api.View(colormap="berlin"))


def test_a_tile_past_the_end_of_the_data_is_clear(opened: picture.Picture) -> None:
    assert not pixels(opened.tile(1, 1, 0))[..., 3].any()


def test_a_small_picture_shows_the_viewer_in_a_notebook(opened: picture.Picture) -> None:
    shown = opened._repr_mimebundle_()
    assert "1024 × 1024" in shown["text/plain"]
    page = html.unescape(re.search(r'srcdoc="([^"]*)"', shown["text/html"])[1])  # type: ignore[index]
    assert "data:image/png;base64," in page
    assert 'sandbox="allow-scripts"' in shown["text/html"]
    assert "<b>some" not in page


def test_a_larger_picture_shows_a_thumbnail_with_its_legend(
    opened: picture.Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "INLINE", 0)
    shown = opened._repr_mimebundle_()["text/html"]
    assert "ASCII text" in shown
    assert "&lt;b&gt;some &amp; file.bin" in shown
    import base64

    data = base64.b64decode(re.search(r"base64,([^\"]+)", shown)[1])  # type: ignore[index]
    assert Image.open(io.BytesIO(data)).size == (512, 512)


def test_a_huge_picture_shows_itself_in_words(
    opened: picture.Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "INLINE", 0)
    monkeypatch.setattr(picture, "THUMBNAIL", 0)
    assert set(opened._repr_mimebundle_()) == {"text/plain"}


@pytest.mark.parametrize("tile_format", ["png", "avif"])
def test_the_estimate_is_close(
    opened: picture.Picture, tmp_path: Path, tile_format: api.TileFormat
) -> None:
    told = estimate(opened.plan, opened.registry, tile_format=tile_format)
    report = opened.render(tmp_path / "out", tile_format=tile_format)
    assert (told.pixels, told.files) == (report.pixels, report.tiles)
    assert report.bytes <= told.bytes <= 2 * report.bytes
    assert told.seconds > 0


def test_avif_changes_overviews_and_no_leaf(opened: picture.Picture, tmp_path: Path) -> None:
    opened.render(tmp_path / "png")
    report = opened.render(tmp_path / "avif", tile_format="avif")
    levels = report.manifest["scenes"][0]["canvas"]["levels"]
    assert [(one["extension"], one["lossy"]) for one in levels] == [("avif", True), ("png", False)]
    leaf, overview = "tiles/bytes/1/0/0.png", "tiles/bytes/0/0/0"
    assert (tmp_path / "avif" / leaf).read_bytes() == (tmp_path / "png" / leaf).read_bytes()
    exact = np.asarray(Image.open(tmp_path / "png" / f"{overview}.png").convert("RGB"), int)
    lossy = np.asarray(Image.open(tmp_path / "avif" / f"{overview}.avif").convert("RGB"), int)
    assert 0 < np.abs(exact - lossy).mean() < 40

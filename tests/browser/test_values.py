"""What a live view tells of single values: on the card, in the pixels, in hex; against numpy."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import OpenPage, Viewer
from .live import placements, serving
from .panels import told, written
from .tensors import Arrays, number

pytestmark = pytest.mark.browser

EXAMPLE = Path(__file__).parents[2] / "examples/models/llama-code-gguf/llama-code-Q4_K_M.gguf"
GATE = "model.layers.1.mlp.gate_proj.weight"


@pytest.fixture
def viewer(open_page: OpenPage, live: str) -> Viewer:
    return open_page(live)


@pytest.fixture(scope="module")
def quantised() -> Iterator[str]:
    """A live view of a GGUF."""
    with serving(EXAMPLE) as url:
        yield url


@pytest.fixture(scope="module")
def file(files: dict[str, bytes]) -> tuple[Path, bytes]:
    """One of the three files."""
    path, data = next(iter(files.items()))
    return Path(path), data


def test_the_card_tells_the_value_and_where_it_is_stored(
    viewer: Viewer, live: str, arrays: Arrays, checkpoint: Path
) -> None:
    box = placements(live)[GATE]
    data = (checkpoint / "model.safetensors").read_bytes()
    viewer.show(box["x"] + 20, box["y"] + 20, 5)
    for row, column in ((20, 20), (17, 23), (25, 12)):
        viewer.hover(box["x"] + column, box["y"] + row)
        value = arrays[GATE][row, column]
        facts = told(viewer, "Value", written(value))
        assert facts["File"] == "model.safetensors"
        offset = int(facts["Byte offset"].split("0x")[0].replace(",", ""))
        assert np.frombuffer(data, "<f4", 1, offset)[0] == value
        assert bytes.fromhex(facts["Raw"]) == value.tobytes()


def test_what_is_not_a_number_is_named(viewer: Viewer, live: str) -> None:
    box = placements(live)["model.layers.2.mlp.down_proj.weight"]
    viewer.show(box["x"] + 2, box["y"] + 1, 5)
    viewer.hover(box["x"] + 2, box["y"] + 1)
    assert told(viewer, "Value", "nan")["Raw"] == "00 00 c0 7f"


def test_a_quantised_value_is_explained_by_its_block(open_page: OpenPage, quantised: str) -> None:
    """Scale, code and minimum give the value, by the formula of Q4_K."""
    viewer = open_page(quantised)
    box = placements(quantised)["blk.0.ffn_down.weight"]
    viewer.show(box["x"] + 30, box["y"] + 40, 7)
    viewer.hover(box["x"] + 33, box["y"] + 38)
    card = viewer.page.locator(".hover:not(.pinned) .told")
    card.get_by_text("Coded as").wait_for()
    terms, values = (card.locator(kind).all_inner_texts() for kind in ("dt", "dd"))
    facts = dict(zip(terms, values, strict=True))
    parts = [part.split(" ") for part in facts["Coded as"].split(", ")]
    code = {name: number(value) for name, value in parts}
    told_value = number(facts["Value"])
    assert code["scale"] * code["code"] + code["min"] == pytest.approx(told_value, abs=1e-4)
    assert facts["Block"] == f"{38 * 2:,}, element 33 of 256"
    assert facts["Raw"].endswith("… (144 bytes)")


def test_the_value_is_copied(viewer: Viewer, live: str, arrays: Arrays) -> None:
    viewer.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    box = placements(live)[GATE]
    viewer.show(box["x"] + 20, box["y"] + 20, 5)
    viewer.hover(box["x"] + 21, box["y"] + 19)
    value = written(arrays[GATE][19, 21])
    told(viewer, "Value", value)
    viewer.page.keyboard.press("c")
    viewer.page.get_by_text("Copied").wait_for()
    assert f"Value: {value}" in viewer.page.evaluate("() => navigator.clipboard.readText()")


def test_values_are_printed_in_the_pixels(viewer: Viewer, live: str, arrays: Arrays) -> None:
    """Every number that is drawn is that of its pixel, and none is drawn where there is no room."""
    page = viewer.page
    box = placements(live)[GATE]
    record = """() => {
      window.printed = [];
      const draw = CanvasRenderingContext2D.prototype.fillText;
      CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
        if (this.font.startsWith("500 10.5px")) window.printed.push([text, x, y]);
        return draw.call(this, text, x, y, ...rest);
      };
    }"""
    page.evaluate(record)
    viewer.show(box["x"] + 20.5, box["y"] + 20.5, 5)
    assert page.evaluate("() => window.printed") == []
    viewer.show(box["x"] + 20.5, box["y"] + 20.5, 6)
    page.wait_for_function("() => window.printed.length > 100")
    checked = 0
    for text, x, y in page.evaluate("() => window.printed"):
        column, row = (
            round(20.5 + (at - size / 2) / 64 - 0.5) for at, size in ((x, 1280), (y, 800))
        )
        if 0 <= row < 96 and 0 <= column < 64:
            value = float(arrays[GATE][row, column])
            assert float(text.replace("\u2212", "-")) == pytest.approx(value, rel=0.06)
            checked += 1
    assert checked > 100


def test_printed_values_fit_their_pixels(viewer: Viewer, live: str) -> None:
    page = viewer.page
    box = placements(live)[GATE]
    page.evaluate(
        """() => {
          window.widths = [];
          const draw = CanvasRenderingContext2D.prototype.fillText;
          CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
            if (this.font.startsWith("500 10.5px")) window.widths.push([text, this.measureText(text).width]);
            return draw.call(this, text, ...rest);
          };
        }"""
    )
    viewer.show(box["x"] + 20.5, box["y"] + 20.5, 5.5)
    page.wait_for_function("() => window.widths.length > 100")
    side = 2**5.5
    wide = [(text, width) for text, width in page.evaluate("() => window.widths") if width > side]
    assert wide == []


def test_a_saved_picture_shows_the_tiles_and_the_legend(viewer: Viewer, live: str) -> None:
    box = placements(live)[GATE]
    viewer.show(box["x"] + 20, box["y"] + 20, 4)
    viewer.page.keyboard.press("o")
    shown = Image.open(io.BytesIO(viewer.page.screenshot())).convert("RGB")
    with viewer.page.expect_download() as saving:
        viewer.page.keyboard.press("d")
    assert saving.value.suggested_filename == "tiny.png"
    saved = Image.open(saving.value.path()).convert("RGB")
    assert saved.width == 1280
    assert saved.height > 800
    inner = (500, 200, 800, 600)  # between the panels
    assert np.array_equal(np.asarray(saved.crop(inner)), np.asarray(shown.crop(inner)))
    foot = saved.crop((0, 800, 1280, saved.height)).getcolors(1 << 20)
    wanted = viewer.page.evaluate(
        "() => arbvis.viewer.app.stage.scene.legend[0].entries[2].colours[0]"
    )
    assert tuple(bytes.fromhex(wanted[1:])) in {colour for _, colour in foot}


def test_a_bundle_saves_no_pictures(open_page: OpenPage, model: Path) -> None:
    assert open_page(model).page.get_by_role("button", name="Save as a picture").count() == 0


def test_bytes_in_hex_and_as_text(
    open_page: OpenPage, live_bytes: str, file: tuple[Path, bytes]
) -> None:
    viewer = open_page(live_bytes)
    page, data = viewer.page, file[1]
    page.keyboard.press("x")
    page.keyboard.press("/")
    page.keyboard.type("0x1234")
    page.keyboard.press("Enter")
    dump = page.locator(".dump")
    dump.get_by_text(f"{0x1230:06x}").wait_for()
    found = bytearray()
    for line in dump.inner_text().splitlines():
        if not line.strip():
            continue
        assert int(line[:6], 16) == 0x1230 + len(found)
        codes = bytes.fromhex(line[8:31])
        letters = "".join(chr(code) if 0x20 <= code < 0x7F else "·" for code in codes)
        assert line[33:].ljust(8) == letters
        found += codes
    assert found == data[0x1230 : 0x1230 + len(found)]
    assert len(found) == 96
    assert page.locator(".dump mark").inner_text() == f"{data[0x1234]:02x}"
    assert told(viewer, "Byte", str(data[0x1234]), ".pinned")


def test_a_selection_has_its_entropy_and_histogram(
    open_page: OpenPage, live_bytes: str, file: tuple[Path, bytes]
) -> None:
    viewer = open_page(live_bytes)
    page = viewer.page
    page.keyboard.press("/")
    page.keyboard.type("5000")
    page.keyboard.press("Enter")
    viewer.settle()
    page.keyboard.press(",")
    page.keyboard.press("/")
    page.keyboard.type("25000")
    page.keyboard.press("Enter")
    viewer.settle()
    page.keyboard.press(".")
    chosen = file[1][5000:25001]
    counts = np.array(list(Counter(chosen).values())) / len(chosen)
    entropy = -(counts * np.log2(counts)).sum()
    page.get_by_text(f"Entropy {entropy:.3f} bits per byte").wait_for()
    assert "bytes=5000-25001" in page.evaluate("() => location.hash")
    chart = page.locator(".selection canvas")
    size = chart.bounding_box()
    chart.hover(position={"x": size["width"] * (0x41 + 0.5) / 256, "y": 20})
    page.locator(".selection").get_by_text(f"0x41 A: {chosen.count(0x41):,} (").wait_for()


def test_shift_and_click_select_from_the_pin(open_page: OpenPage, live_bytes: str) -> None:
    viewer = open_page(live_bytes)
    viewer.show(30, 30, 3)
    viewer.page.mouse.click(*viewer.point(20, 20))
    first = viewer.run("stage.overlay.pinned.position")
    at = viewer.point(40, 40)
    last = viewer.run("stage.scene.at(40, 40, 1).position")
    viewer.page.keyboard.down("Shift")
    viewer.page.mouse.click(*at)
    viewer.page.keyboard.up("Shift")
    low, high = sorted((first, last))
    viewer.page.wait_for_function(f"() => location.hash.includes('bytes={low}-{high + 1}')")
    again = open_page(live_bytes, fragment=viewer.page.evaluate("() => location.hash"))
    again.page.get_by_text("bits per byte").wait_for()

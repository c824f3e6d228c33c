"""A live view of the difference of two files: what it tells of single bytes, and of stretches of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from arbvis_core.kernels.hilbert import point

from . import live as lives
from .conftest import OpenPage, Viewer, sample_bytes
from .panels import told

pytestmark = pytest.mark.browser

#: Where the second file has other bytes, and where it ends.
CHANGED, END = (5_000, 9_000), 150_000


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, bytes, bytes]]:
    """The address of a difference, and both files: the second is shorter and has other bytes."""
    folder = tmp_path_factory.mktemp("pair")
    before = sample_bytes(200_003, 1)
    after = bytearray(before[:END])
    low, high = CHANGED
    after[low:high] = np.random.default_rng(7).integers(0, 256, high - low, np.uint8).tobytes()
    paths = folder / "before.bin", folder / "after.bin"
    for path, data in zip(paths, (before, after), strict=True):
        path.write_bytes(data)
    with lives.serving(*paths, diff=True, weights=False) as url:
        yield url, before, bytes(after)


@pytest.fixture
def viewer(open_page: OpenPage, pair: tuple[str, bytes, bytes]) -> Viewer:
    return open_page(pair[0])


def place(viewer: Viewer, position: int) -> tuple[int, int]:
    """The pixel of a byte, by the curve's own kernel."""
    height = viewer.run("stage.scene.height")
    x, y = point(position, height.bit_length() - 1)
    return int(x), int(y)


def go(viewer: Viewer, position: int) -> tuple[int, int]:
    """Look at a byte from near by."""
    x, y = place(viewer, position)
    viewer.show(x + 0.5, y + 0.5, viewer.run("stage.scene.maxZoom") + 5)
    return x, y


def of_signs(before: bytes, after: bytes) -> list[int]:
    """A byte that is less now, one that is more, and one that is the same."""
    change = np.frombuffer(after, "u1").astype(int) - np.frombuffer(before, "u1")[: len(after)]
    low, high = CHANGED
    inside = range(low + 1000, high)
    return [next(at for at in inside if np.sign(change[at]) == sign) for sign in (-1, 1, 0)]


def byte(value: int) -> str:
    """A byte as the card has it."""
    letter = f" {chr(value)}" if 0x20 < value < 0x7F else ""
    return f"{value}{letter}0x{value:02x}"


def test_the_card_tells_both_bytes_and_the_change(
    viewer: Viewer, pair: tuple[str, bytes, bytes]
) -> None:
    _, before, after = pair
    for at in of_signs(before, after):
        viewer.hover(*go(viewer, at))
        delta = str(after[at] - before[at]).replace("-", "\u2212")
        facts = told(viewer, "Delta", delta)
        assert "Byte" not in facts
        assert "".join(facts["Base"].split("\n")) == byte(before[at])
        assert "".join(facts["Modified"].split("\n")) == byte(after[at])


def test_what_one_side_lacks_is_not_a_number(
    viewer: Viewer, pair: tuple[str, bytes, bytes]
) -> None:
    at = END + 777
    viewer.hover(*go(viewer, at))
    facts = told(viewer, "Delta", "–")
    assert facts["Modified"] == "–"
    assert facts["Base"] == byte(pair[1][at])


def test_beside_it_a_file_tells_its_byte(viewer: Viewer, pair: tuple[str, bytes, bytes]) -> None:
    _, before, after = pair
    at = of_signs(before, after)[0]
    viewer.page.keyboard.press("s")
    viewer.settle()
    viewer.hover(*go(viewer, at))
    facts = told(viewer, "Delta", f"\u2212{before[at] - after[at]}")
    assert facts["before.bin"] == byte(before[at])
    assert "\u0394 to it" not in facts


def test_changes_are_printed_with_their_sign(
    viewer: Viewer, pair: tuple[str, bytes, bytes]
) -> None:
    _, before, after = pair
    at = of_signs(before, after)[0]
    viewer.page.evaluate(
        """() => {
          window.printed = [];
          const draw = CanvasRenderingContext2D.prototype.fillText;
          CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
            if (this.font.startsWith("500 10.5px")) window.printed.push([text, x, y]);
            return draw.call(this, text, x, y, ...rest);
          };
        }"""
    )
    x, y = place(viewer, at)
    viewer.show(x + 0.5, y + 0.5, viewer.run("stage.scene.maxZoom") + 6)
    viewer.page.wait_for_function("() => window.printed.length > 100")
    spot = viewer.point(x, y)
    texts = {
        text
        for text, u, v in viewer.page.evaluate("() => window.printed")
        if abs(u - spot[0]) < 1 and abs(v - spot[1]) < 1
    }
    assert texts == {f"\u2212{before[at] - after[at]}"}
    others = {text for text, _, _ in viewer.page.evaluate("() => window.printed")}
    assert others <= {"0", *(f"{sign}{size}" for sign in "+\u2212" for size in range(1, 256))}


def entropy(data: bytes) -> str:
    """Bits per byte, as the page has it."""
    shares = np.array(list(Counter(data).values())) / len(data)
    return f"Entropy {abs((shares * np.log2(shares)).sum()):.3f} bits per byte"


def test_a_selection_tells_of_both_sides(
    open_page: OpenPage, pair: tuple[str, bytes, bytes]
) -> None:
    url, before, after = pair
    fragment = "#difference/9,9,1z/bytes={}-{}"
    low, high = 4_000, 9_500
    page = open_page(url, fragment=fragment.format(low, high)).page
    chosen = page.locator(".selection")
    chosen.get_by_text("Modified").wait_for()
    assert chosen.locator("h3").all_inner_texts() == ["Base", "Modified"]
    told_of = chosen.locator(".entropy").all_inner_texts()
    assert told_of == [entropy(before[low:high]), entropy(after[low:high])]
    assert chosen.locator("canvas").count() == 2
    page = open_page(url, fragment=fragment.format(END, END + 30_000)).page
    chosen = page.locator(".selection")
    chosen.get_by_text("Nothing here").wait_for()
    assert chosen.locator(".entropy").all_inner_texts() == [entropy(before[END : END + 30_000])]

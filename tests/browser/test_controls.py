"""What the page does: search, links, keys, pins, themes, panels, and names that are traps."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from arbvis_core.viewer.bundle import inline_page, pages

from . import oracle
from .conftest import HOSTILE, OpenPage, Viewer

pytestmark = pytest.mark.browser


def manifest(bundle: Path) -> dict:
    return json.loads((bundle / "manifest.json").read_text("utf-8"))


def search(viewer: Viewer, text: str) -> None:
    viewer.page.keyboard.press("/")
    viewer.page.keyboard.type(text)
    viewer.page.keyboard.press("Enter")
    viewer.settle()


def shown(viewer: Viewer, selector: str) -> bool:
    return viewer.page.locator(selector).is_visible()


def test_search_flies_to_the_file(viewer: Viewer) -> None:
    placement = manifest(viewer.bundle)["scenes"][0]["placements"][2]
    search(viewer, "thrd.txt")
    view, visible = viewer.view, viewer.run("stage.map.visible")
    assert placement["x"] < view["x"] < placement["x"] + placement["width"]
    assert placement["y"] < view["y"] < placement["y"] + placement["height"]
    assert visible["x0"] <= placement["x"]
    assert visible["x1"] >= placement["x"] + placement["width"]
    assert view["zoom"] > 1.5


def test_search_flies_with_motion_too(open_page: OpenPage, bundle: Path) -> None:
    viewer = open_page(bundle, motion="no-preference")
    before = viewer.view
    search(viewer, "third")
    viewer.page.wait_for_function(
        "(zoom) => arbvis.viewer.app.stage.map.view.zoom > zoom + 0.2", arg=before["zoom"]
    )


def test_search_takes_an_offset(viewer: Viewer) -> None:
    side = manifest(viewer.bundle)["scenes"][0]["canvas"]["height"]
    search(viewer, "0x3333")
    x, y = oracle.point(0x3333, side)
    assert viewer.view["x"] == pytest.approx(x + 0.5, abs=1)
    assert viewer.view["y"] == pytest.approx(y + 0.5, abs=1)
    assert f"{0x3333:,}" in viewer.page.locator(".hover.pinned").inner_text()


def test_search_is_driven_by_the_keyboard(viewer: Viewer) -> None:
    page = viewer.page
    page.keyboard.press("/")
    assert page.get_by_role("option").count() == 3
    page.keyboard.type(".dat")
    assert page.get_by_role("option").all_inner_texts()[0].startswith("second.dat")
    page.keyboard.press("Control+a")
    page.keyboard.type("i")
    page.keyboard.press("ArrowDown")
    assert page.locator("[role=option][aria-selected=true]").count() == 1
    active = page.get_by_role("combobox").get_attribute("aria-activedescendant")
    assert page.locator(f"#{active}").get_attribute("aria-selected") == "true"
    page.keyboard.press("Control+a")
    page.keyboard.type("no such file")
    assert page.get_by_role("status").filter(has_text="Nothing matches").is_visible()
    page.keyboard.press("Escape")
    assert not shown(viewer, "dialog.search")


def test_a_link_restores_the_view(open_page: OpenPage, bundle: Path) -> None:
    viewer = open_page(bundle)
    viewer.show(321, 123, 3)
    viewer.page.mouse.click(*viewer.point(330, 130))
    fragment = viewer.page.evaluate("() => location.hash")
    card = viewer.page.locator(".hover.pinned").inner_text()
    again = open_page(bundle, fragment=fragment)
    assert again.view == pytest.approx({"x": 321, "y": 123, "zoom": 3}, abs=0.01)
    assert again.page.locator(".hover.pinned").inner_text() == card
    again.page.evaluate("() => { location.hash = '#bytes/50,60,4z'; }")
    again.settle()
    assert again.view == pytest.approx({"x": 50, "y": 60, "zoom": 4}, abs=0.01)
    assert not shown(again, ".hover.pinned")


@pytest.mark.parametrize("fragment", ["#", "#nope", "#bytes/1,2", "#bytes/a,b,cz/pin=9e99,1", "#%"])
def test_a_broken_link_shows_everything(open_page: OpenPage, bundle: Path, fragment: str) -> None:
    assert open_page(bundle, fragment=fragment).view == open_page(bundle).view


def test_keys(viewer: Viewer) -> None:
    page = viewer.page
    start = viewer.view
    page.keyboard.press("+")
    viewer.settle()
    zoomed = viewer.view
    assert zoomed["zoom"] > start["zoom"]
    assert zoomed["zoom"] == int(zoomed["zoom"])
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    viewer.settle()
    assert viewer.view["x"] > zoomed["x"]
    assert viewer.view["y"] > zoomed["y"]
    page.keyboard.press("-")
    viewer.settle()
    assert viewer.view["zoom"] == zoomed["zoom"] - 1
    page.keyboard.press("1")
    viewer.settle()
    assert page.get_by_label("Scale").inner_text() == "1 px = 1 byte"
    for key in ("0", "Space"):
        viewer.show(500, 500, 5)
        page.keyboard.press(key)
        viewer.settle()
        assert viewer.view == pytest.approx(start, abs=1)


def test_keys_show_and_hide(viewer: Viewer) -> None:
    page = viewer.page
    for key, selector in (("l", ".legend"), ("m", ".minimap")):
        assert shown(viewer, selector)
        page.keyboard.press(key)
        assert not shown(viewer, selector)
        page.keyboard.press(key)
        assert shown(viewer, selector)
    assert viewer.run("stage.overlay.drawn.files.length") == 3
    page.keyboard.press("o")
    assert viewer.run("stage.overlay.drawn.files.length") == 0
    page.keyboard.press("?")
    assert shown(viewer, "dialog.help")
    page.keyboard.press("Escape")
    assert not shown(viewer, "dialog.help")


def test_pin_copy_unpin(viewer: Viewer) -> None:
    viewer.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    viewer.show(100, 100, 4)
    viewer.page.mouse.click(*viewer.point(101, 99))
    assert shown(viewer, ".hover.pinned")
    viewer.page.keyboard.press("c")
    viewer.page.get_by_text("Copied").wait_for()
    copied = viewer.page.evaluate("() => navigator.clipboard.readText()")
    assert "first.bin\tOffset: " in copied
    viewer.page.keyboard.press("Escape")
    assert not shown(viewer, ".hover.pinned")
    viewer.page.keyboard.press("p")
    assert shown(viewer, ".hover.pinned")
    viewer.page.get_by_role("button", name="Unpin").click()
    assert not shown(viewer, ".hover.pinned")


def test_the_wheel_zooms_about_the_pointer(open_page: OpenPage, bundle: Path) -> None:
    viewer = open_page(bundle, motion="no-preference")
    viewer.show(300, 300, 3)
    point = viewer.point(350, 320)
    viewer.page.mouse.move(*point)
    for _ in range(4):
        viewer.page.mouse.wheel(0, -120)
        viewer.page.wait_for_timeout(60)
    viewer.page.wait_for_function(
        "() => { const { zoom } = arbvis.viewer.app.stage.map.view;"
        " return zoom >= 5 && Number.isInteger(zoom); }"
    )
    assert viewer.point(350, 320) == pytest.approx(point, abs=2**4)
    spot = viewer.run("stage.spotAt(argument)", dict(zip("xy", point, strict=True)))
    assert (spot["x"], spot["y"]) == (350, 320)


def test_theme(open_page: OpenPage, bundle: Path) -> None:
    def ground(viewer: Viewer) -> str:
        colour = "() => getComputedStyle(document.body).backgroundColor"
        return str(viewer.page.evaluate(colour))

    light, dark = open_page(bundle, theme="light"), open_page(bundle, theme="dark")
    assert ground(light) != ground(dark)
    dark.page.keyboard.press("t")
    assert ground(dark) == ground(light)
    dark.page.reload()
    dark.settle()
    assert ground(dark) == ground(light)
    light.page.emulate_media(color_scheme="dark")
    light.page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")


def test_the_minimap_moves_the_map(viewer: Viewer) -> None:
    viewer.show(200, 200, 4)
    frame = viewer.page.locator(".minimap-frame").bounding_box()
    canvas = manifest(viewer.bundle)["scenes"][0]["canvas"]
    scale = frame["width"] / canvas["width"]
    mouse = viewer.page.mouse
    mouse.move(frame["x"] + 200 * scale, frame["y"] + 200 * scale)
    mouse.down()
    mouse.move(frame["x"] + 700 * scale, frame["y"] + 450 * scale, steps=4)
    mouse.up()
    viewer.settle()
    assert viewer.view["x"] == pytest.approx(700, abs=2 / scale)
    assert viewer.view["y"] == pytest.approx(450, abs=2 / scale)
    assert viewer.view["zoom"] == 4
    mouse.click(frame["x"] + 900 * scale, frame["y"] + 100 * scale)
    viewer.settle()
    assert viewer.view["x"] == pytest.approx(900, abs=2 / scale)


def test_hostile_names_are_text(open_page: OpenPage, hostile_bundle: Path) -> None:
    """Nothing runs and nothing is hidden, in the title, the lists, the card and the search."""
    viewer = open_page(hostile_bundle)
    page = viewer.page
    assert page.title() == "</title><script>alert(3)</script>"
    assert page.get_by_role("heading", level=1).inner_text() == page.title()
    scene = manifest(hostile_bundle)["scenes"][0]
    page.keyboard.press("/")
    listed = page.get_by_role("option").all_inner_texts()
    assert len(listed) == len(HOSTILE)
    page.keyboard.press("Escape")
    for placement in scene["placements"]:
        x, y = oracle.point(placement["start"], scene["canvas"]["height"])
        viewer.show(x, y, 4)
        card = viewer.hover(x, y).splitlines()[0]
        name = placement["name"]
        written = name.replace("\n", "\u240a").replace("\u2028", r"\u2028")
        assert card == written.replace("\u202e", r"\u202e")
        assert any(option.startswith(card) for option in listed)
    assert page.locator("img:not(.leaflet-tile)").count() == 0
    assert page.evaluate("() => document.scripts.length") == 2


def test_statistics_are_loaded_when_asked_for(viewer: Viewer) -> None:
    assert not any("stats.js" in url for url in viewer.requests)
    viewer.page.get_by_text("Histogram").click()
    viewer.page.get_by_role("img", name="How often each byte occurs").wait_for()
    assert any(url.endswith("data/bytes/stats.js") for url in viewer.requests)


def test_the_legend_follows_the_zoom(viewer: Viewer) -> None:
    legends = manifest(viewer.bundle)["scenes"][0]["legend"]
    notes = {legend["zooms"]: legend["note"] for legend in legends}
    assert notes["overview"]
    viewer.show(100, 100, 0)
    assert notes["overview"] in viewer.page.locator(".legend").inner_text()
    viewer.show(100, 100, 4)
    assert notes["overview"] not in viewer.page.locator(".legend").inner_text()
    assert "0x20 – 0x7E" in viewer.page.locator(".legend").inner_text()


def test_every_control_has_a_name_and_is_reached_by_tab(viewer: Viewer) -> None:
    buttons = viewer.page.locator(".corner button:visible")
    names = [buttons.nth(i).get_attribute("aria-label") for i in range(buttons.count())]
    assert all(names)
    reached = []
    for _ in range(30):
        viewer.page.keyboard.press("Tab")
        reached.append(viewer.page.evaluate("() => document.activeElement.ariaLabel"))
    assert set(names) <= set(reached)
    assert any(name and name.startswith("Picture") for name in reached)


def keys_of_help(viewer: Viewer) -> list[str]:
    """The keys that the help page lists."""
    viewer.page.keyboard.press("?")
    found: list[str] = viewer.page.locator(".help kbd").all_inner_texts()
    viewer.page.keyboard.press("Escape")
    return found


def test_help_lists_what_works_in_the_picture(
    open_page: OpenPage, bundle: Path, model: Path, live: str, live_bytes: str, tmp_path: Path
) -> None:
    always = [*"/0", "Space", *"+−1←→↑↓", *"ypc", "Esc", *"olmt?"]
    tensors, halves = [*"[]beagih"], [*"sS{}"]
    wanted = {
        bundle: [],
        model: [*tensors, *halves],
        live: [*tensors, *halves, *"vfd"],
        live_bytes: [*"x,.d"],
    }
    for place, further in wanted.items():
        assert sorted(keys_of_help(open_page(place))) == sorted([*always, *further])
    viewer = open_page(two_scenes(bundle, tmp_path / "two"))
    assert not {*tensors} & {*keys_of_help(viewer)}
    viewer.page.keyboard.press(">")
    viewer.settle()
    assert {*"[]beagi<>"} <= {*keys_of_help(viewer)}


def test_a_small_window(open_page: OpenPage, bundle: Path) -> None:
    viewer = open_page(bundle, size=(360, 560))
    assert not shown(viewer, ".legend")
    boxes = [card.bounding_box() for card in viewer.page.locator(".corner .card:visible").all()]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 360 for box in boxes)
    visible = viewer.run("stage.map.visible")
    content = viewer.run("stage.scene.content")
    assert visible["x0"] <= content["x0"]
    assert visible["x1"] >= content["x1"]


def two_scenes(bundle: Path, out: Path) -> Path:
    """The bundle again, with a second scene that has rectangles and no curve."""
    shutil.copytree(bundle, out)
    shutil.copytree(out / "tiles" / "bytes", out / "tiles" / "tensors")
    facts = manifest(bundle)
    second = json.loads(json.dumps(facts["scenes"][0]))
    place = {"start": 0, "stop": 0, "label": None, "hue": 200, "fold": None}
    boxes = [("left.weight", 0, 0, 300, 400, "F32"), ("right.weight", 310, 50, 100, 200, "BF16")]
    second |= {
        "key": "tensors",
        "label": "Tensors <i>",
        "renderer": "other",
        "canvas": second["canvas"] | {"curve": None},
        "placements": [
            place | dict(zip(("name", "x", "y", "width", "height", "dtype"), box, strict=True))
            for box in boxes
        ],
        "labels": [],
    }
    facts["scenes"].append(second)
    facts["warnings"] = ["something was left out"]
    for blob in pages(facts, {}):
        (out / blob.path).write_bytes(blob.data)
    return out


def test_scenes_are_tabs(open_page: OpenPage, bundle: Path, tmp_path: Path) -> None:
    viewer = open_page(two_scenes(bundle, tmp_path / "two"))
    page = viewer.page
    tabs = page.get_by_role("tab")
    assert tabs.all_inner_texts() == ["Bytes", "Tensors <i>"]
    tabs.nth(1).click()
    viewer.settle()
    assert tabs.nth(1).get_attribute("aria-selected") == "true"
    viewer.show(320, 60, 3)
    card = viewer.hover(320, 60)
    assert "right.weight" in card
    assert "[10, 10]" in card
    assert "BF16" in card
    assert "tensors" in page.evaluate("() => location.hash")
    page.keyboard.press("ArrowLeft")
    viewer.settle()
    assert tabs.nth(0).get_attribute("aria-selected") == "true"
    page.get_by_text("1 note").click()
    assert page.get_by_text("something was left out").is_visible()


def test_a_page_in_one_file(open_page: OpenPage, bundle: Path, tmp_path: Path) -> None:
    tiles = {
        path.relative_to(bundle).as_posix(): path.read_bytes() for path in bundle.rglob("*.png")
    }
    statistics = {"bytes": json.loads((bundle / "data/bytes/stats.json").read_text("utf-8"))}
    page = tmp_path / "alone.html"
    page.write_text(inline_page(manifest(bundle), statistics, tiles), "utf-8")
    viewer = open_page(page)
    assert viewer.page.locator("img.leaflet-tile-loaded").count() > 0
    viewer.page.get_by_text("Histogram").click()
    viewer.page.get_by_role("img", name="How often each byte occurs").wait_for()
    assert [url for url in viewer.requests if not url.startswith("data:")] == [page.as_uri()]


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("", "manifest.js is missing"),
        ("globalThis.arbvis={statistics:{},manifest:{schema:99}};", "schema 99"),
    ],
)
def test_a_page_without_its_manifest_says_so(
    browser: object, bundle: Path, tmp_path: Path, script: str, told: str
) -> None:
    out = tmp_path / "broken"
    shutil.copytree(bundle, out)
    (out / "manifest.js").write_text(script, "utf-8")
    page = browser.new_page()
    page.goto((out / "index.html").as_uri())
    assert told in page.get_by_role("alert").inner_text()
    page.close()

"""A page whose server ends: it says so, and goes on where it was once there is one again."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from .conftest import OpenPage, Viewer
from .live import serving

pytestmark = pytest.mark.browser


def forgive(viewer: Viewer) -> None:
    """Forget the requests that nobody answered, and nothing else."""
    kinds = ("failed: ", "console: Failed to load resource")
    viewer.faults[:] = [one for one in viewer.faults if not one.startswith(kinds)]


def test_the_page_goes_on_with_the_next_server(open_page: OpenPage, checkpoint: Path) -> None:
    with serving(checkpoint) as url:
        viewer = open_page(url)
        viewer.show(40, 30, 3)
        viewer.page.keyboard.press("s")
        viewer.settle()
    page, port = viewer.page, urlsplit(url).port
    notice = page.get_by_role("alert").get_by_text("The server has ended")
    notice.wait_for()
    box, window = notice.bounding_box(), page.viewport_size
    assert box["x"] > 0
    assert box["x"] + box["width"] < window["width"]
    viewer.run("stage.map.show({x: 300, y: 200, zoom: 4})")
    page.wait_for_timeout(300)
    before, fragment = viewer.view, page.evaluate("() => location.hash")
    page.evaluate("() => { window.old = true; }")
    assert port
    with serving(checkpoint, port=port):
        page.wait_for_function("() => !window.old && globalThis.arbvis?.viewer")
        viewer.settle()
        assert page.get_by_role("alert").filter(visible=True).count() == 0
        assert viewer.view == pytest.approx(before, abs=0.01)
        assert page.evaluate("() => location.hash") == fragment
        loaded = "() => [...document.querySelectorAll('.tiles img')].map((one) => one.naturalWidth)"
        widths = page.evaluate(loaded)
        assert widths
        assert all(width == 512 for width in widths)
        forgive(viewer)
        assert viewer.faults == []
        page.goto("about:blank")


def test_one_answer_that_is_missed_is_no_end(open_page: OpenPage, live: str) -> None:
    viewer = open_page(live)
    page = viewer.page
    missed: list[Any] = []

    def miss(route: Any) -> None:
        missed.append(route)
        if len(missed) == 1:
            route.abort()
        else:
            route.continue_()

    page.evaluate("() => { window.old = true; }")
    page.route("**/api/progress*", miss)
    page.wait_for_timeout(3500)
    assert len(missed) > 2
    assert page.evaluate("() => window.old")
    assert page.get_by_role("alert").filter(visible=True).count() == 0
    forgive(viewer)


def test_a_server_with_another_token_is_named(open_page: OpenPage, live: str) -> None:
    viewer = open_page(live)
    viewer.page.route("**/api/progress*", lambda route: route.fulfill(status=403, body="{}"))
    viewer.page.get_by_role("alert").get_by_text("open the address").wait_for()
    forgive(viewer)

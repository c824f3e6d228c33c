"""What a page of a live view asks for first is what the server draws while it reads the manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from arbvis_core import api
from arbvis_core.registry import load
from arbvis_core.server.ahead import Room, first_tiles
from arbvis_core.server.live import picture_of
from arbvis_core.server.scenes import LiveScene

from .conftest import OpenPage
from .live import serving

pytestmark = pytest.mark.browser

EXAMPLE = Path(__file__).parents[2] / "examples" / "models" / "llama-code"


@pytest.fixture(scope="module")
def live() -> Iterator[str]:
    with serving(EXAMPLE) as url:
        yield url


@pytest.fixture(scope="module")
def scene() -> LiveScene:
    from modelweightvis.profile import MODELWEIGHTVIS

    plan = api.plan(api.Request((str(EXAMPLE),), profile=MODELWEIGHTVIS, live=True))
    return next(iter(picture_of(plan, load()).scenes.values()))


@pytest.mark.parametrize("density", [1, 2])
@pytest.mark.parametrize("size", [(900, 600), (1024, 700), (700, 900), (1300, 400)])
def test_the_tiles_of_the_first_screen_are_those_drawn_ahead(
    open_page: OpenPage, live: str, scene: LiveScene, size: tuple[int, int], density: float
) -> None:
    viewer = open_page(live, size=size, density=density)
    (address,) = [one for one in viewer.requests if "manifest.json" in one]
    told = {name: int(values[0]) for name, values in parse_qs(urlsplit(address).query).items()}
    assert told["height"] == size[1] * density
    asked = re.findall(r"/tiles/[^/]+/(\d+)/(\d+)/(\d+)\.png", "\n".join(viewer.requests))
    expected = {tuple(map(str, key)) for key in first_tiles(scene, Room(**told))}
    finest = max(int(zoom) for zoom, _, _ in asked)
    if finest >= scene.plan.canvas.max_zoom - 1 and not expected:
        return  # elements are shown, or nearly so
    assert finest == max(int(zoom) for zoom, _, _ in expected)
    assert {*asked} <= expected

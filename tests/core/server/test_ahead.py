"""What is drawn before it is asked for: what a page shows first, and no longer than until it asks for more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from threading import Event
from typing import Any

import pytest

from arbvis_core.registry import load
from arbvis_core.server.ahead import Ahead, Room, first_tiles
from arbvis_core.server.jobs import Cancel, Jobs
from arbvis_core.server.live import picture_of
from arbvis_core.server.scenes import SCREEN, SCREEN_MOST, SCREEN_TILES, LiveScene, share_of
from arbvis_core.values import TILE, Budget, Plan, TileKey, View


@pytest.fixture(scope="module")
def scene(plan: Plan) -> LiveScene:
    return next(iter(picture_of(plan, load()).scenes.values()))


def whole(scene: LiveScene, zoom: int) -> set[TileKey]:
    return {
        TileKey(zoom, int(x), int(y)) for y, x in zip(*scene.levels[zoom].nonzero(), strict=True)
    }


def test_of_a_page_that_says_nothing_of_itself_all_tiles_of_a_zoom_are_drawn(
    scene: LiveScene,
) -> None:
    zooms = [at for at, one in enumerate(scene.levels) if one.size <= SCREEN_TILES]
    assert {*first_tiles(scene, None)} == whole(scene, zooms[-1])


@pytest.mark.parametrize("size", [(64, 64), (500, 400), (400, 900), (900, 1000)])
def test_a_screen_is_never_finer_than_what_is_drawn_for_it(
    scene: LiveScene, size: tuple[int, int]
) -> None:
    canvas, found = scene.plan.canvas, first_tiles(scene, Room(*size))
    assert len(found) == len({*found})
    zoom = found[0].zoom
    assert {*found} == whole(scene, zoom) | {TileKey(0, 0, 0)}  # and the map of the whole
    shown = 0.94 * min(size[0] / canvas.width, size[1] / canvas.height)  # pixels of an element
    assert shown <= 2.0 ** (zoom - canvas.max_zoom) * 1.04
    assert zoom == 0 or shown > 2.0 ** (zoom - 1 - canvas.max_zoom)
    middle = [((one.x + 0.5) * TILE, (one.y + 0.5) * TILE) for one in found if one.zoom == zoom]
    rows, columns = scene.levels[zoom].shape
    away = [abs(x - columns * TILE / 2) + abs(y - rows * TILE / 2) for x, y in middle]
    assert away[0] == min(away)


def test_where_a_screen_shows_every_element_nothing_is_drawn_ahead(scene: LiveScene) -> None:
    canvas = scene.plan.canvas
    assert first_tiles(scene, Room(2 * canvas.width, 2 * canvas.height)) == []
    assert first_tiles(scene, Room(1 << 16, 1 << 16)) == []


def test_more_than_any_screen_has_is_not_drawn(
    scene: LiveScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room(900, 1000)
    found = first_tiles(scene, room)
    monkeypatch.setattr(
        "arbvis_core.server.ahead.SCREEN_MOST", scene.levels[found[0].zoom].size - 1
    )
    assert first_tiles(scene, room) == []


@pytest.mark.parametrize("left", [SCREEN, Budget(SCREEN.bytes - (32 << 20), SCREEN.reads - 512)])
def test_a_first_screen_keeps_to_its_budget_however_many_tiles_it_has(left: Budget) -> None:
    for tiles in range(1, SCREEN_MOST + 1):
        share = share_of(left, tiles)
        for most, one in zip(left, share, strict=True):
            assert (tiles + 1) * one <= most
            assert one == most // max(tiles + 1, SCREEN_TILES)


@pytest.mark.parametrize("query", ["", "?width=900&height=700"])
def test_the_first_screen_is_drawn_once_the_manifest_was_told(
    serve: Any, plan: Plan, query: str
) -> None:
    with serve(lambda: plan) as running:
        scene = next(iter(running.server.live.picture.scenes.values()))
        keys = first_tiles(scene, Room(900, 700) if query else None)
        assert not any(scene.known(key, View()) for key in keys)
        assert running.get(f"/manifest.json{query}").status == 200
        until = time.monotonic() + 30
        while not all(scene.known(key, View()) for key in keys):
            assert time.monotonic() < until
            time.sleep(0.01)
        for key in keys:
            drawn = scene.known(key, View())
            address = f"/tiles/{scene.plan.key}/{key.zoom}/{key.x}/{key.y}.png"
            assert drawn is not None
            assert running.get(address).body == drawn.data


@pytest.mark.parametrize(
    "query", ["width=0&height=9", "width=9.5&height=9", "width=9&height=65537"]
)
def test_no_screen_is_of_such_a_size(running: Any, query: str) -> None:
    assert running.get(f"/manifest.json?{query}").status == 400


class Work:
    """Pieces of work that wait until they are let go."""

    def __init__(self) -> None:
        self.let_go, self.begun, self.done = Event(), list[str](), list[str]()

    def of(self, names: Iterable[str]) -> dict[str, Any]:
        return {name: lambda cancel, name=name: self.one(name, cancel) for name in names}

    def one(self, name: str, cancel: Cancel) -> str:
        self.begun.append(name)
        assert self.let_go.wait(30)
        cancel.check()
        self.done.append(name)
        return name


def test_whoever_asks_for_what_is_being_done_waits_for_it() -> None:
    async def ask() -> str:
        jobs, work = Jobs(1), Work()
        ahead = Ahead(jobs)
        ahead.begin(work.of("abc"))
        await asyncio.sleep(0.05)
        ahead.asked("b")
        work.let_go.set()
        found: str = await jobs.run("b", lambda _: "done again")
        await asyncio.sleep(0.05)
        assert work.done == [*"abc"]
        jobs.close()
        return found

    assert asyncio.run(ask()) == "b"


def test_what_was_not_thought_of_need_not_wait_for_the_rest() -> None:
    async def ask() -> None:
        jobs, work = Jobs(1), Work()
        ahead = Ahead(jobs)
        ahead.begin(work.of("abc"))
        waiting = asyncio.ensure_future(jobs.run("b", lambda _: "done again"))
        await asyncio.sleep(0.05)
        ahead.asked("z")
        await asyncio.sleep(0)
        work.let_go.set()
        assert await jobs.run("z", lambda _: "z") == "z"
        assert await waiting == "b"  # somebody asked for it
        assert (work.begun, work.done) == (["a", "b"], ["b"])
        jobs.close()

    asyncio.run(ask())

"""The tiles that a page asks for first, drawn while it reads the manifest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from math import ceil, hypot, log2
from typing import TYPE_CHECKING, NamedTuple

from arbvis_core.server.scenes import SCREEN_MOST, SCREEN_TILES
from arbvis_core.values import TileKey

if TYPE_CHECKING:
    from arbvis_core.server.jobs import Cancel, Jobs
    from arbvis_core.server.scenes import LiveScene

#: What a page leaves free around a picture that is shown whole, and how much coarser than the screen
#: tiles may be: as `map.ts` and `tiles.ts` have it.
FILLED, COARSER = 0.94, 0.05


class Room(NamedTuple):
    """Pixels of a screen that a picture may take."""

    width: int
    height: int


def first_tiles(scene: LiveScene, room: Room | None) -> list[TileKey]:
    """Return the tiles that show a whole scene, from the middle outwards.

    None, if a screen shows every element: so little is drawn when it is asked for.

    Args:
        scene: what is shown.
        room: how large it is shown; None takes the finest zoom of which all tiles fit a screen.
    """
    zoom = _fine_enough(scene, room) if room else _fitting(scene)
    if room and zoom >= scene.plan.canvas.max_zoom:
        return []
    there = scene.levels[zoom]
    rows, columns = there.shape
    if rows * columns > SCREEN_MOST:
        return []
    found = [TileKey(zoom, int(x), int(y)) for y, x in zip(*there.nonzero(), strict=True)]
    found.sort(key=lambda key: hypot(key.x + 0.5 - columns / 2, key.y + 0.5 - rows / 2))
    whole = TileKey(0, 0, 0)  # which the page has a map of
    return found if room is None or whole in found else [*found, whole]


def _fitting(scene: LiveScene) -> int:
    return max(
        zoom for zoom, one in enumerate(scene.levels) if zoom == 0 or one.size <= SCREEN_TILES
    )


def _fine_enough(scene: LiveScene, room: Room) -> int:
    canvas = scene.plan.canvas
    scale = FILLED * min(room.width / canvas.width, room.height / canvas.height)
    return max(ceil(log2(scale) + canvas.max_zoom - COARSER), 0)


class Ahead:
    """Work that somebody will ask for, given up as soon as something else is asked for."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._tasks: dict[Hashable, asyncio.Task[object]] = {}

    def begin(self, work: Mapping[Hashable, Callable[[Cancel], object]]) -> None:
        """Do what is known by these names, which whoever asks for it then waits for."""
        for name, one in work.items():
            task = asyncio.ensure_future(self._jobs.run(name, one))
            task.add_done_callback(_heard)
            self._tasks[name] = task

    def asked(self, name: Hashable) -> None:
        """Make room if something is asked for that was not thought of."""
        if self._tasks and name not in self._tasks:
            for task in self._tasks.values():
                task.cancel()
            self._tasks = {}


def _heard(task: asyncio.Task[object]) -> None:
    """Take note of how a piece of work ended: whoever asks for it will be told."""
    if not task.cancelled():
        task.exception()

"""The pass in the background that makes estimated tiles exact, while somebody looks.

It takes one core, steps aside for tiles that are asked for, pauses when no page has asked how far it
is for a while, and ends when there is nothing left to do. What covers least comes first, so that the
tiles on screen become exact long before the whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

from arbvis_core.errors import ArbvisError
from arbvis_core.server.jobs import GivenUpError
from arbvis_core.values import TileKey, View

if TYPE_CHECKING:
    from arbvis_core.server.scenes import LiveScene

#: Seconds after which nobody is taken to look any more.
PATIENCE = 4.0
#: Seconds to wait while tiles are drawn for somebody, at most, before each tile of the background.
ASIDE = 0.25
#: Tiles that are remembered as wanted.
MOST = 4096


class Wanted(NamedTuple):
    """A tile that is to become exact, and which planes of it."""

    scene: str
    key: TileKey
    planes: tuple[str, ...]


class Task(NamedTuple):
    """How a tile becomes exact: with a view that needs these planes, from so many bytes."""

    view: View
    cost: float


#: What stands for all statistics of a scene, where tiles are wanted; these come last.
FIGURES = ("statistics",)


class Refiner:
    """Measures tiles in a thread of its own."""

    def __init__(
        self,
        scenes: Mapping[str, LiveScene],
        busy: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with nothing to do.

        Args:
            scenes: by key.
            busy: tells whether tiles are being drawn for somebody.
            clock: seconds.
        """
        self._scenes = scenes
        self._busy = busy
        self._clock = clock
        self._changed = Condition()
        self._wanted: dict[Wanted, Task] = {}
        self._changes: list[Wanted] = []
        self._current: Wanted | None = None
        self._done: Callable[[], int] = lambda: 0
        self._of = 0
        self._failed: str | None = None
        self._seen = float("-inf")
        self._stopped = False
        self._thread: Thread | None = None

    def want(self, scene: str, key: TileKey, view: View) -> None:
        """Let a tile become exact."""
        found = self._scenes[scene]
        self._add(Wanted(scene, key, found.planes(view)), Task(view, found.cost(key)))

    def want_figures(self, scene: str) -> None:
        """Let all of a scene be measured, after every tile that is wanted."""
        found = self._scenes[scene]
        with self._changed:
            self._seen = self._clock()  # whoever asks for them looks
        if not found.figures.complete:
            self._add(Wanted(scene, TileKey(0, 0, 0), FIGURES), Task(View(), float("inf")))

    def _add(self, one: Wanted, task: Task) -> None:
        with self._changed:
            if one not in self._wanted and len(self._wanted) < MOST:
                self._wanted[one] = task
            if self._thread is None and not self._stopped:
                self._thread = Thread(target=self._run, name="arbvis-refine", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def progress(self, since: int, *, looking: bool) -> dict[str, Any]:
        """Say how far it is.

        Args:
            since: the edition that the page has.
            looking: somebody sees the page.
        """
        with self._changed:
            if looking:
                self._seen = self._clock()
                self._changed.notify_all()
            fresh = self._changes[max(0, since) :]
            return {
                "edition": len(self._changes),
                "state": self._state(),
                "waiting": len(self._wanted),
                "done": min(self._done(), self._of),
                "of": self._of,
                "tiles": [[one.scene, *one.key] for one in fresh],
                "failure": self._failed,
            }

    def _state(self) -> str:
        if not self._wanted:
            return "exact"
        return "running" if self._looked_at() else "paused"

    def _looked_at(self) -> bool:
        return self._clock() - self._seen < PATIENCE

    def stop(self) -> None:
        """End at the next check."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def join(self, seconds: float) -> None:
        """Wait until it has ended."""
        if self._thread is not None:
            self._thread.join(seconds)

    def check(self) -> None:
        """Wait while nobody looks, or somebody waits for a tile.

        Raises:
            GivenUpError: it is to end, or something smaller is wanted.
        """
        with self._changed:
            while not self._stopped and not self._looked_at():
                self._changed.wait(1)
            if self._stopped or self._next() != self._current:
                raise GivenUpError
        until = time.monotonic() + ASIDE
        while self._busy() and time.monotonic() < until:
            time.sleep(0.004)

    def _next(self) -> Wanted | None:
        """Return what covers least; of several, the one that was begun, or what was wanted last."""
        if not self._wanted:
            return None
        least = min(task.cost for task in self._wanted.values())
        found = [one for one, task in self._wanted.items() if task.cost == least]
        return self._current if self._current in found else found[-1]

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopped and not (self._wanted and self._looked_at()):
                    self._changed.wait(1)
                if self._stopped:
                    return
                self._current = current = self._next()
            if current is not None:
                self._refine(current)

    def _refine(self, wanted: Wanted) -> None:
        scene = self._scenes[wanted.scene]
        failed = None
        try:
            self._measure(scene, wanted)
        except GivenUpError:
            return
        except ArbvisError as error:
            failed = str(error)
        except Exception as error:  # noqa: BLE001  the page is told; tiles that are asked for go on
            failed = f"this is a defect of ours: {type(error).__name__}"
        with self._changed:
            del self._wanted[wanted]
            self._failed = failed or self._failed
            if failed is None and wanted.planes != FIGURES:
                scene.renew(wanted.key)
                self._changes.append(wanted)

    def _measure(self, scene: LiveScene, wanted: Wanted) -> None:
        view = self._wanted[wanted].view
        scene.open_store()
        if wanted.planes == FIGURES:
            self._measure_all(scene)
            return
        tree = scene.tree(wanted.key, view, self, once=True)
        self._done, self._of = lambda: tree.painted, scene.leaves(wanted.key)
        planes = tree.planes(wanted.key)
        if planes is not None:
            tree.keep(wanted.key, planes)

    def _measure_all(self, scene: LiveScene) -> None:
        """Measure what no tile that was wanted has measured."""
        figures = scene.figures
        self._done, self._of = lambda: figures.done, figures.of
        if figures.complete:  # a run before this one has measured it
            return
        for keys in figures.blocks():
            tree = scene.measuring(figures.plan.only(scene.places.around(keys)), View(), self)
            for key in keys:
                tree.leaf(key)
        if scene.store is not None:
            figures.save(scene.store)

"""What a live view shows: nothing but its page at first, then a plan, drawn as it is asked for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from threading import Event, RLock
from typing import TYPE_CHECKING

from arbvis_core.server.faults import NotFoundError, PreparingError
from arbvis_core.slotted import dataclass

if TYPE_CHECKING:
    from arbvis_core.registry import Registry
    from arbvis_core.server.refining import Refiner
    from arbvis_core.server.scenes import LiveScene
    from arbvis_core.values import Plan


@dataclass(frozen=True, slots=True)
class Picture:
    """A plan, ready to be drawn.

    Attributes:
        plan: what every pixel will show.
        registry: what the names in the plan stand for.
        scenes: by key.
        manifest: what `manifest.json` holds, encoded.
        refiner: makes estimated tiles exact.
    """

    plan: Plan
    registry: Registry
    scenes: Mapping[str, LiveScene]
    manifest: bytes
    refiner: Refiner

    def scene(self, key: str) -> LiveScene:
        """Return a scene.

        Raises:
            NotFoundError: there is none of this key.
        """
        if key not in self.scenes:
            known = ", ".join(self.scenes)
            raise NotFoundError(f"no scene is called {key[:80]!r}; there are: {known}")
        return self.scenes[key]


class Live:
    """What the server was started with: not yet planned, ready, or not to be planned at all."""

    def __init__(self, title: str, registry: Registry, plan: Callable[[], Plan]) -> None:
        self.title = title
        self.error: BaseException | None = None
        #: Tells whether tiles are being drawn for somebody.
        self.busy: Callable[[], bool] = lambda: False
        #: Set once it is known whether there is a picture, and once the page was told that not.
        self.decided, self.told = Event(), Event()
        self._registry = registry
        self._plan = plan
        self._picture: Picture | None = None
        self._lock = RLock()  # Ctrl-C wakes those who wait in the thread that makes them wait
        self._waiting: list[Callable[[], object]] = []

    def prepare(self) -> None:
        """Plan the picture; what goes wrong is kept for whoever asks."""
        try:
            self._picture = picture_of(self._plan(), self._registry, self.busy)
        except BaseException as error:  # noqa: BLE001  whoever asks gets it
            self.error = error
        finally:
            self.decided.set()
            self._wake()

    async def wait(self, seconds: float) -> None:
        """Wait until it is known whether there is a picture, or nobody works on one any more."""
        loop, awake = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            if self.decided.is_set():
                return
            self._waiting.append(partial(loop.call_soon_threadsafe, awake.set))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(awake.wait(), seconds)

    def _wake(self) -> None:
        """Tell those who wait."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for wake in waiting:
            with contextlib.suppress(RuntimeError):  # their loop has ended
                wake()

    def stop(self) -> None:
        """End what goes on in the background."""
        self._wake()
        if self._picture is not None:
            self._picture.refiner.stop()

    @property
    def picture(self) -> Picture:
        """What is shown.

        Raises:
            PreparingError: it is not planned yet.
            BaseException: why it cannot be planned.
        """
        if self._picture is not None:
            return self._picture
        if self.error is not None:
            self.told.set()
            raise self.error
        raise PreparingError("the picture is being planned; ask again in a moment")


def picture_of(plan: Plan, registry: Registry, busy: Callable[[], bool] = lambda: False) -> Picture:
    """Get a plan ready: what is placed where, and the manifest.

    Args:
        plan: what is shown.
        registry: what its names stand for.
        busy: tells whether tiles are being drawn for somebody.
    """
    from arbvis_core.server.describing import describe
    from arbvis_core.server.refining import Refiner
    from arbvis_core.server.scenes import LiveScene, budget_of
    from arbvis_core.server.store import shelf
    from arbvis_core.server.trees import Memory

    memory, budget, place = Memory(), budget_of(plan), shelf()
    scenes = {one.key: LiveScene(one, registry, memory, budget, place) for one in plan.scenes}
    manifest = describe(plan, registry, scenes)
    return Picture(plan, registry, scenes, manifest, Refiner(scenes, busy))

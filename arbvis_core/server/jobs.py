"""Work in threads, for requests: bounded, each piece once whoever asks, and given up if nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from arbvis_core.server.faults import BusyError
from arbvis_core.slotted import dataclass

if TYPE_CHECKING:
    from starlette.requests import Request

T = TypeVar("T")

#: Pieces of work that wait or are done at one time.
MOST = 512


class GivenUpError(BaseException):
    """Nobody waits for this any more; not an `Exception`, so that no plugin is blamed for it."""


class Cancel:
    """Tells work in a thread that nobody waits for it."""

    def __init__(self) -> None:
        self._event = Event()

    def set(self) -> None:
        """Nobody waits any more."""
        self._event.set()

    def check(self) -> None:
        """Stop here if nobody waits.

        Raises:
            GivenUpError: so it is.
        """
        if self._event.is_set():
            raise GivenUpError


@dataclass(slots=True)
class _Job:
    future: asyncio.Future[Any]
    cancel: Cancel
    waiting: int = 0


class Jobs:
    """Threads that draw. Only to be used from one event loop."""

    def __init__(self, workers: int, most: int = MOST) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="arbvis-view")
        self._most = most
        self._closed = False
        self._jobs: dict[Hashable, _Job] = {}

    @property
    def busy(self) -> bool:
        """Whether anything waits or is done."""
        return bool(self._jobs)

    async def run(self, key: Hashable, work: Callable[[Cancel], T]) -> T:
        """Do a piece of work in a thread, or wait for whoever asked for the same before.

        Args:
            key: what the work is known by.
            work: called in a thread; is to check now and then whether it is given up.

        Raises:
            BusyError: too much is being done already.
        """
        job = self._jobs.get(key) or self._begin(key, work)
        job.waiting += 1
        try:
            found: T = await asyncio.shield(job.future)
            return found
        finally:
            job.waiting -= 1
            if not job.waiting and not job.future.done():
                self._give_up(key, job)

    def _begin(self, key: Hashable, work: Callable[[Cancel], T]) -> _Job:
        if self._closed or len(self._jobs) >= self._most:
            raise BusyError("the server is drawing all it can; ask again in a moment")
        cancel = Cancel()

        def run() -> T:
            cancel.check()
            return work(cancel)

        future = asyncio.get_running_loop().run_in_executor(self._pool, run)
        job = self._jobs[key] = _Job(future, cancel)
        future.add_done_callback(lambda done: self._ended(key, job, done))
        return job

    def _ended(self, key: Hashable, job: _Job, done: asyncio.Future[Any]) -> None:
        if self._jobs.get(key) is job:
            del self._jobs[key]
        if not done.cancelled():
            done.exception()  # whoever waited has it; nobody else is to be told

    def _give_up(self, key: Hashable, job: _Job) -> None:
        job.cancel.set()
        job.future.cancel()
        if self._jobs.get(key) is job:
            del self._jobs[key]

    def close(self) -> None:
        """Give everything up; threads end at their next check."""
        self._closed = True
        for key, job in [*self._jobs.items()]:
            self._give_up(key, job)
        self._pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class Pools:
    """Threads for what is asked for, so that nothing quick waits for what takes long.

    Attributes:
        tiles: draw.
        values: look single values up.
        measures: go over whole tensors, one at a time.
    """

    tiles: Jobs
    values: Jobs
    measures: Jobs

    @classmethod
    def of(cls, workers: int) -> Pools:
        """Return pools, that of tiles with so many threads."""
        return cls(Jobs(workers), Jobs(2), Jobs(1, 64))

    def close(self) -> None:
        """Give everything up."""
        for one in (self.tiles, self.values, self.measures):
            one.close()


async def while_connected(request: Request, work: Awaitable[T]) -> T | None:
    """Return what work comes to; None, and an end to the work, if the client goes away."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for one in (task, gone):
            one.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass

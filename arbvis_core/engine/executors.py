"""Where blocks run. Anything with the interface of `concurrent.futures.Executor` will do."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Literal, ParamSpec, TypeVar

from arbvis_core.errors import UsageError
from arbvis_core.interrupts import undisturbed

P = ParamSpec("P")
T = TypeVar("T")

Kind = Literal["serial", "threads", "processes"]
KINDS: tuple[Kind, ...] = ("serial", "threads", "processes")


class SerialExecutor(Executor):
    """Runs every task when it is submitted, in the caller's thread."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run the task and return its outcome."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  the future carries it to whoever asks
            future.set_exception(error)
        return future


def default_jobs() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def make_executor(kind: Kind, jobs: int) -> Executor:
    """Return an executor of `jobs` workers.

    Processes are spawned, never forked: threads and numba's state do not survive a fork, and
    Windows and macOS spawn anyway.

    Raises:
        UsageError: the kind is unknown or there is no worker.
    """
    if jobs < 1:
        raise UsageError(f"--jobs {jobs}: at least one job is needed")
    if kind == "serial":
        return SerialExecutor()
    if kind == "threads":
        return ThreadPoolExecutor(jobs, thread_name_prefix="arbvis")
    if kind == "processes":
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_ignore_interrupts)
        with undisturbed():
            pool.submit(int)  # starts the workers, which inherit that Ctrl-C is none of theirs
        return pool
    raise UsageError(f"--executor {kind}: choose one of {', '.join(KINDS)}")


def _ignore_interrupts() -> None:
    """Leave Ctrl-C to the parent, which cleans up and ends the workers."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)

from __future__ import annotations

import asyncio
import threading

import pytest

from arbvis_core.server.faults import BusyError
from arbvis_core.server.jobs import Cancel, GivenUpError, Jobs


def test_the_same_is_done_once_whoever_asks() -> None:
    done: list[int] = []
    go = threading.Event()

    def work(_: Cancel) -> int:
        go.wait(10)
        done.append(1)
        return 7

    async def ask() -> list[int]:
        jobs = Jobs(2)
        tasks = [asyncio.ensure_future(jobs.run("a", work)) for _ in range(5)]
        await asyncio.sleep(0)
        go.set()
        found = await asyncio.gather(*tasks)
        assert not jobs.busy
        jobs.close()
        return found

    assert asyncio.run(ask()) == [7] * 5
    assert done == [1]


def test_what_nobody_waits_for_is_given_up() -> None:
    begun, ended = threading.Event(), threading.Event()
    stopped: list[bool] = []

    def work(cancel: Cancel) -> None:
        begun.set()
        try:
            while True:
                cancel.check()
        except GivenUpError:
            stopped.append(True)
            raise
        finally:
            ended.set()

    async def ask() -> None:
        jobs = Jobs(1)
        first, second = (asyncio.ensure_future(jobs.run("a", work)) for _ in range(2))
        assert await asyncio.to_thread(begun.wait, 10)
        first.cancel()
        await asyncio.sleep(0.01)
        assert not ended.is_set()
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        assert not jobs.busy
        jobs.close()

    asyncio.run(ask())
    assert ended.wait(10)
    assert stopped == [True]


def test_no_more_is_taken_on_than_can_be_done() -> None:
    go = threading.Event()

    async def ask() -> None:
        jobs = Jobs(1, most=2)
        tasks = [asyncio.ensure_future(jobs.run(n, lambda _: go.wait(10))) for n in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await jobs.run("more", lambda _: None)
        go.set()
        await asyncio.gather(*tasks)
        assert await jobs.run("more", lambda _: 1) == 1
        jobs.close()
        with pytest.raises(BusyError):
            await jobs.run("late", lambda _: None)

    asyncio.run(ask())

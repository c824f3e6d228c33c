"""When the page is announced: not if it is clear within a moment that there is no picture."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from threading import current_thread
from typing import Any

import pytest

from arbvis_core.errors import FormatError
from arbvis_core.registry import load
from arbvis_core.server import running
from arbvis_core.server.jobs import Pools
from arbvis_core.server.live import Live
from arbvis_core.server.running import Address, Server, is_loopback, listen, serve
from arbvis_core.values import Plan


def refuse() -> Any:
    raise FormatError("model.gguf: byte 8: too many tensors")


def test_what_is_wrong_at_once_is_all_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MOMENT", 60)
    announced: list[Server] = []
    live = Live("a view", load(), refuse)
    with pytest.raises(FormatError, match="too many tensors"):
        serve(live, Address(port=0), announce=announced.append, browse=False)
    assert not announced


def test_what_takes_longer_is_announced_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MOMENT", 0)
    announced: list[Server] = []
    live = Live("a view", load(), lambda: (_wait(announced), refuse())[1])
    with pytest.raises(FormatError, match="too many tensors"):
        serve(live, Address(port=0), announce=announced.append, browse=False)
    assert len(announced) == 1


def _wait(announced: list[Server]) -> None:
    import time

    for _ in range(3000):
        if announced:
            return
        time.sleep(0.01)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.3.2.1", "::1", "[::1]"])
def test_hosts_of_this_machine_need_no_token(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", "localhost.org"])  # noqa: S104
def test_hosts_that_others_reach_do(host: str) -> None:
    assert not is_loopback(host)


def test_answers_are_sent_at_once() -> None:
    """TCP holds the second part of an answer back for 40 ms unless it is told not to."""

    async def accepted() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            mine = writer.get_extra_info("socket")
            found.set_result(mine.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        bound = listen(Address(port=0))
        async with await asyncio.start_server(connected, sock=bound):
            _, writer = await asyncio.open_connection(*bound.getsockname())
            told = await found
            writer.close()
        return told

    assert asyncio.run(accepted())


def test_ctrl_c_lets_go_of_what_is_drawn_but_not_in_whatever_it_interrupts(
    serve: Any, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it interrupts may hold the very locks, as a pool of threads does that begins one."""
    closed: list[str] = []
    monkeypatch.setattr(Pools, "close", lambda _: closed.append(current_thread().name))
    with serve(lambda: plan) as shown:
        shown.server.handle_exit(signal.SIGINT, None)
        until = time.monotonic() + 30
        while not closed:
            assert time.monotonic() < until
            time.sleep(0.01)
    assert current_thread().name not in closed

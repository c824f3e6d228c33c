"""Clients that let the server wait do not keep others out."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from typing import Any

import pytest

from arbvis_core.server import connections


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connect(running: Any, clients: ExitStack) -> socket.socket:
    return clients.enter_context(socket.create_connection(("127.0.0.1", running.port), 30))


def request(running: Any, path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n\r\n".encode()


def is_closed(client: socket.socket) -> bool:
    """Wait for the server to let go."""
    try:
        while client.recv(65536):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        return False
    return True


def test_as_many_idle_connections_as_there_may_be_shut_nobody_out(
    running: Any, clients: ExitStack
) -> None:
    idle = [connect(running, clients) for _ in range(connections.MOST + 20)]
    for _ in range(5):
        assert running.get("/manifest.json").status == 200
    assert is_closed(idle[0])
    last = idle[-1]
    last.sendall(request(running, "/docs.css"))
    assert last.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: 127.0.0.1"])
def test_who_says_nothing_for_long_is_let_go(
    plan: Any, serve: Any, clients: ExitStack, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 0.2)
    with serve(lambda: plan) as running:
        client = connect(running, clients)
        client.sendall(said)
        assert is_closed(client)


def test_who_says_it_byte_by_byte_is_let_go(
    plan: Any, serve: Any, clients: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 0.2)
    with serve(lambda: plan) as running:
        client = connect(running, clients)
        client.settimeout(0.05)
        client.sendall(b"GET / HTTP/1.1\r\n")
        for _ in range(600):  # seconds, of which it takes none
            try:
                client.sendall(b"A")
                if client.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except (ConnectionResetError, BrokenPipeError):
                break
        else:
            pytest.fail("it is still listened to")


def test_who_takes_no_answer_is_let_go(
    plan: Any, serve: Any, clients: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answers fill all buffers there are; uvicorn would wait for it for good."""
    monkeypatch.setattr(connections, "PATIENCE", 0.5)
    with serve(lambda: plan) as running:
        greedy = socket.socket()
        clients.enter_context(greedy)
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        greedy.settimeout(30)
        greedy.connect(("127.0.0.1", running.port))
        asked = 0
        with suppress(BrokenPipeError, ConnectionResetError):
            for asked in range(100_000):  # noqa: B007  the server answers until it is not taken
                greedy.sendall(request(running, "/viewer/viewer.js"))
        assert 0 < asked < 99_999
        assert running.get("/docs.css").status == 200


def test_who_asks_again_and_again_is_not(
    plan: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For longer than one may let the server wait, over one connection."""
    monkeypatch.setattr(connections, "PATIENCE", 1.0)
    with ExitStack() as stack:
        running = stack.enter_context(serve(lambda: plan))
        client = HTTPConnection("127.0.0.1", running.port, timeout=30)
        stack.enter_context(closing(client)).connect()
        first = client.sock
        for _ in range(8):
            client.request("GET", "/docs.css")
            assert client.getresponse().read()
            assert client.sock is first
            time.sleep(0.25)


def test_where_all_are_at_work_it_is_said(
    plan: Any, serve: Any, clients: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST", 3)
    monkeypatch.setattr(connections.Connection, "waits", property(lambda _: False))
    with serve(lambda: plan) as running:
        for _ in range(3):
            connect(running, clients)
        answer = running.get("/docs.css")
        assert (answer.status, answer.kind) == (503, "busy")
        assert answer.headers["connection"] == "close"
        assert int(answer.headers["retry-after"]) >= 1

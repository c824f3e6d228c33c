"""Runs a live view: finds a port, says where it is, opens the browser, ends at once on Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import sys
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import TYPE_CHECKING

import uvicorn

from arbvis_core.engine.executors import default_jobs
from arbvis_core.errors import UsageError
from arbvis_core.garbage import kept_for_good
from arbvis_core.server.allocating import from_one_pool
from arbvis_core.server.app import Service
from arbvis_core.server.connections import MOST, Connection
from arbvis_core.server.guard import LOOPBACK, Access
from arbvis_core.server.jobs import Pools
from arbvis_core.slotted import dataclass

if TYPE_CHECKING:
    from types import FrameType

    from starlette.types import ASGIApp

    from arbvis_core.server.live import Live

#: The port that is taken if it is free, so that links to places in a picture last.
PORT = 8017
#: Seconds in which most of what is wrong with what was typed is found.
MOMENT = 0.3
#: Seconds until the page has asked why there is no picture.
PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens.

    Attributes:
        host: a name or number of this machine.
        port: None takes `PORT` or, if that is taken, any that is free; 0 takes any.
    """

    host: str = "127.0.0.1"
    port: int | None = None


def is_loopback(host: str) -> bool:
    """Tell whether nobody but this machine can ask a host."""
    import ipaddress

    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def listen(address: Address) -> socket.socket:
    """Return a socket that listens.

    Raises:
        UsageError: the host is not this machine's, or the port is taken.
    """
    ports = (PORT, 0) if address.port is None else (address.port,)
    problem: OSError | None = None
    for port in ports:
        try:
            return _bound(address.host.strip("[]"), port)
        except OSError as error:
            problem = error
    raise UsageError(
        f"--host {address.host} --port {ports[0]}: cannot listen there: {problem}; "
        f"leave --port out to take one that is free"
    ) from problem


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, place = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
    )[0]
    # Unless the protocol is named, asyncio lets answers wait for the other side to acknowledge
    # their heads: 40 ms each.
    found = socket.socket(family, kind, protocol)
    try:
        if os.name != "nt":  # there it would let two servers share a port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(place)
        found.listen(MOST)
    except OSError:
        found.close()
        raise
    return found


def access_of(host: str, port: int) -> Access:
    """Return what requests have to show: from elsewhere than this machine, a token."""
    if is_loopback(host):
        named = host if ":" not in host.strip("[]") else f"[{host.strip('[]')}]"
        return Access(port, tuple(dict.fromkeys((*LOOPBACK, named.lower()))))
    return Access(port, None, secrets.token_urlsafe(16))


def url_of(host: str, access: Access) -> str:
    """Return the address of the page, with the token if there has to be one."""
    shown = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(host, host)  # noqa: S104
    shown = f"[{shown}]" if ":" in shown and not shown.startswith("[") else shown
    query = "" if access.token is None else f"?token={access.token}"
    return f"http://{shown}:{access.port}/{query}"


class Server(uvicorn.Server):
    """A live view behind a socket that listens already."""

    def __init__(self, live: Live, bound: socket.socket, host: str) -> None:
        self.live = live
        self.access = access_of(host, bound.getsockname()[1])
        self.url = url_of(host, self.access)
        self.pools = Pools.of(max(2, default_jobs()))
        live.busy = lambda: self.pools.tiles.busy
        self._bound = bound
        self._announce: Callable[[Server], None] = lambda _: None
        self._loop: asyncio.AbstractEventLoop | None = None
        super().__init__(_config(Service(live, self.pools, self.access).app()))

    def serve_until_ended(self, announce: Callable[[Server], None]) -> None:
        """Serve until Ctrl-C, or until `should_exit` is set.

        Args:
            announce: told once the page can be opened.
        """
        self._announce = announce
        try:
            self.run([self._bound])
        finally:
            self._let_go()
            self._bound.close()

    def _let_go(self) -> None:
        self.pools.close()
        self.live.stop()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._announce(self)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Let go of what is being drawn, so that nothing has to be waited for.

        Not here: what was interrupted may hold the locks that this needs, in this very thread.
        """
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._let_go)
        super().handle_exit(sig, frame)


def _config(app: ASGIApp) -> uvicorn.Config:
    # What a client does wrong is answered, and is no business of whoever reads the terminal.
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())
    return uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=16 << 10,
    )


def serve(
    live: Live, address: Address, *, announce: Callable[[Server], None], browse: bool
) -> None:
    """Serve a live view until Ctrl-C.

    Args:
        live: what is shown; it is planned while the page is already there.
        address: where to listen.
        announce: told once the page can be opened, unless it is clear by then that there is no
            picture.
        browse: open it in a browser.

    Raises:
        ArbvisError: the picture cannot be planned, or the address not be listened at.
    """
    from_one_pool()
    server = Server(live, listen(address), address.host)
    shown, tasks, problems = Event(), set[asyncio.Task[None]](), list[BaseException]()

    async def show() -> None:
        await asyncio.to_thread(live.decided.wait, MOMENT)
        if live.error is not None:
            return
        shown.set()
        try:
            announce(server)
        except Exception as error:  # noqa: BLE001  it is raised once the server has ended
            problems.append(error)
            server.should_exit = True
        if browse:
            Thread(target=open_browser, args=(server.url,), daemon=True).start()

    def begin(begun: Server) -> None:
        Thread(target=_prepare, args=(begun, shown, browse), daemon=True).start()
        tasks.add(asyncio.get_running_loop().create_task(show()))

    with _quick_turns(), contextlib.suppress(KeyboardInterrupt):  # the way to end it
        server.serve_until_ended(begin)
    for problem in (*problems, live.error):
        if problem is not None:
            raise problem


def _prepare(server: Server, shown: Event, browse: bool) -> None:  # noqa: FBT001
    """Plan the picture; if there is none, end the server once the page that is shown knows."""
    with kept_for_good():
        server.live.prepare()
    if server.live.error is not None:
        server.live.told.wait(PATIENCE if browse and shown.is_set() else 0)
        server.should_exit = True


@contextlib.contextmanager
def _quick_turns() -> Iterator[None]:
    """Let the thread that answers have its turn sooner than the threads that draw would let it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.001)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def open_browser(url: str) -> None:
    """Open a page in a browser with windows, if there is one."""
    if sys.platform.startswith("linux") and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")
    ):
        return
    import webbrowser

    with contextlib.suppress(webbrowser.Error, OSError):
        webbrowser.open(url)

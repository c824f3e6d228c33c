"""Connections, and which of them are let go: those whose clients let the server wait.

A client that connects and says nothing, says it byte by byte, or does not take what it asked for
costs a connection as one that asks does, and there are only so many. Each may let the server wait
for so long; and where there is no room for another, the one that has waited longest makes room.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from arbvis_core.server.faults import BusyError, answer_of

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

#: Connections at one time.
MOST = 256
#: Seconds that a client may let the server wait: for a request, or for taking more of an answer.
PATIENCE = 10.0


class Connection(H11Protocol):
    """One connection of a client."""

    _since = 0.0
    _left = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; if there is no room, let go of the connection that has waited longest."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._since = self.loop.time()
        self._watch()
        if len(self.connections) > MOST:
            others = (one for one in self.connections if isinstance(one, Connection))
            waiting = [one for one in others if one is not self and one.waits]
            if waiting:
                min(waiting, key=lambda one: one._since).drop()  # noqa: SLF001  one of us
            else:
                self.app = _busy

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait for the client from here on."""
        self._since = self.loop.time()
        super().on_response_complete()

    @property
    def waits(self) -> bool:
        """Whether it is the client's turn: to ask, or to take what it asked for."""
        return self.cycle is None or self.cycle.response_complete or self.flow.write_paused

    def drop(self) -> None:
        """Let go of it, and of what the client has not taken."""
        self.connections.discard(self)
        self.transport.abort()

    def _watch(self) -> None:
        """Drop it once the client has let the server wait for too long."""
        now, left = self.loop.time(), self.transport.get_write_buffer_size()
        if not self.waits or left < self._left:  # it is our turn, or some of the answer was taken
            self._since = now
        if now - self._since >= PATIENCE:
            self.drop()
            return
        self._left = left
        self._timer = self.loop.call_later(PATIENCE / 4, self._watch)


async def _busy(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer that there is no room."""
    response: Any = answer_of(BusyError("too many others ask at this moment; ask again"))
    response.headers["Connection"] = "close"
    await response(scope, receive, send)

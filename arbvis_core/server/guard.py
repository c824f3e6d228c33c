"""Who may ask: the page that this server handed out, and whoever has the token.

A page from elsewhere can make a browser send requests to this machine, and a name that is made to
point here (DNS rebinding) can make them look like its own. So the host that was asked for has to be
one of ours, and what browsers say of a request's origin has to agree.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from arbvis_core.server.faults import ForbiddenError, NotFoundError, TooLargeError, answer_of
from arbvis_core.slotted import dataclass

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Bytes of a path with its query.
LONGEST = 4096
#: What every answer carries.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Access:
    """What a request has to show.

    Attributes:
        port: the one the server listens on.
        hosts: names it may be asked by, without the port; None lets any pass, and needs a token.
        token: what has to come along, in the address, a cookie or a header; None for nothing.
    """

    port: int
    hosts: tuple[str, ...] | None = LOOPBACK
    token: str | None = None

    @property
    def cookie(self) -> str:
        """The cookie that the token is kept in; browsers do not tell ports apart."""
        return f"arbvis-{self.port}"

    def check(self, scope: Scope, headers: Headers) -> None:
        """Let a request pass.

        Raises:
            ForbiddenError: it comes from elsewhere.
        """
        host = headers.get("host", "")
        if self.hosts is not None and host.lower() not in self._names():
            raise ForbiddenError(f"this server does not answer to the host {host[:80]!r}")
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in {f"http://{host}", f"https://{host}"}:
            raise ForbiddenError("only the server's own page may ask")
        site = headers.get("sec-fetch-site", "none")
        walked = headers.get("sec-fetch-mode") == "navigate" and scope["path"] == "/"
        if site not in {"none", "same-origin"} and not walked:
            raise ForbiddenError("only the server's own page may ask")
        if self.token is not None and not self._knows(scope, headers):
            raise ForbiddenError("the token is missing: open the address that was printed")

    def _names(self) -> Iterable[str]:
        for name in self.hosts or ():
            yield f"{name}:{self.port}"
            if self.port == 80:
                yield name

    def _knows(self, scope: Scope, headers: Headers) -> bool:
        shown = [*parse_qs(scope["query_string"].decode("latin-1")).get("token", ())]
        shown.append(headers.get("authorization", "").removeprefix("Bearer "))
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            cookies = SimpleCookie()
        if self.cookie in cookies:
            shown.append(cookies[self.cookie].value)
        expected = (self.token or "").encode()
        return any(secrets.compare_digest(one.encode(), expected) for one in shown)


class Guarded:
    """The application behind the checks; every answer, refusals included, carries `HEADERS`."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        from starlette.datastructures import Headers, MutableHeaders

        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    found.setdefault(name, value)
                found.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            _bound(scope, headers)
            self._access.check(scope, headers)
        except (ForbiddenError, TooLargeError, NotFoundError) as error:
            await answer_of(error)(scope, receive, marked)
            return
        await self._app(scope, receive, marked)


def _bound(scope: Scope, headers: Headers) -> None:
    if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST:
        raise TooLargeError(f"the address is longer than {LONGEST} bytes")
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        raise TooLargeError("requests have no body here")

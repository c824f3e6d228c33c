"""The addresses of a live view."""

from __future__ import annotations

import asyncio
import functools
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from arbvis_core.server.ahead import Ahead, Room, first_tiles
from arbvis_core.server.asking import Questions
from arbvis_core.server.faults import PreparingError, answer_of, described, fault_of
from arbvis_core.server.guard import Access, Guarded
from arbvis_core.server.inspecting import Inspections
from arbvis_core.server.jobs import GivenUpError, Pools, while_connected
from arbvis_core.server.operations import OPERATIONS, WIDEST, Operation
from arbvis_core.server.scenes import describe_sample
from arbvis_core.server.surveying import Surveys
from arbvis_core.server.views import bounded, view_of
from arbvis_core.values import TileKey, View
from arbvis_core.viewer.bundle import live_pages, statistics_script

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from arbvis_core.server.live import Live

Endpoint = Callable[[Request], Awaitable[Response]]

#: The answer to whom nobody listens any more.
_GONE = 499
#: Seconds that the manifest is waited for: a page that asked again and again would hinder the planning.
HELD = 5.0


class Service:
    """Answers requests about what is shown."""

    def __init__(self, live: Live, pools: Pools, access: Access) -> None:
        self._live = live
        self._pools = pools
        self._access = access
        self._ahead = Ahead(pools.tiles)
        self._pages = {blob.path: blob for blob in live_pages(live.title)}

    def app(self) -> ASGIApp:
        """Return the application, behind its guard."""
        live, pools = self._live, self._pools
        answers = (
            self,
            Questions(live),
            Inspections(live, pools.values),
            Surveys(live, pools),
        )
        routes = [Route(one.path, answered(one, _endpoint(one, answers))) for one in OPERATIONS]
        handlers = {HTTPException: _refuse}
        return Guarded(Starlette(routes=routes, exception_handlers=handlers), self._access)

    async def page(self, request: Request) -> Response:
        """Return the page; a token in its address becomes a cookie."""
        if self._access.token is None or "token" not in request.query_params:
            return self._blob("index.html")
        response = RedirectResponse(".", 303)
        response.set_cookie(
            self._access.cookie, self._access.token, httponly=True, samesite="strict"
        )
        return response

    async def file(self, request: Request) -> Response:
        """Return a file of the page."""
        path = request.url.path.lstrip("/")
        if path not in self._pages:
            raise HTTPException(404)
        return self._blob(path)

    def _blob(self, path: str) -> Response:
        blob = self._pages[path]
        return Response(blob.data, media_type=blob.media_type)

    async def manifest(self, request: Request) -> Response:
        """Return `manifest.json`, as soon as there is one."""
        await self._live.wait(HELD)
        found = self._live.picture.manifest
        begin = BackgroundTask(self._draw_ahead, _room(request))
        return Response(found, media_type="application/json", background=begin)

    async def _draw_ahead(self, room: Room | None) -> None:
        """Draw what a page shows first, while it reads the manifest."""
        scene = next(iter(self._live.picture.scenes.values()))
        keys = (key for key in first_tiles(scene, room) if scene.known(key, View()) is None)
        self._ahead.begin(dict(scene.work(key, View()) for key in keys))

    async def statistics(self, request: Request) -> Response:
        """Return what was measured of a scene, as the page loads it: nothing yet."""
        scene = self._live.picture.scene(request.path_params["scene"])
        return Response(statistics_script(scene.plan.key, "null"), media_type="text/javascript")

    async def progress(self, request: Request) -> Response:
        """Return how far the background is, and which tiles became exact since an edition."""
        query = request.query_params
        since = bounded(query, "since", 0, 1 << 31, default=0)
        looking = query.get("looking", "1") == "1"
        return JSONResponse(self._live.picture.refiner.progress(since, looking=looking))

    async def tile(self, request: Request) -> Response:
        """Return a tile."""
        asked = request.path_params
        scene = self._live.picture.scene(asked["scene"])
        key, view = TileKey(asked["zoom"], asked["x"], asked["y"]), view_of(request.query_params)
        scene.check(key)
        drawn = scene.known(key, view)
        name, work = scene.work(key, view)
        self._ahead.asked(name)
        if drawn is None:
            drawn = await while_connected(request, self._pools.tiles.run(name, work))
        if drawn is None:
            return Response(status_code=_GONE)
        response = Response(drawn.data, media_type="image/png")
        if drawn.sample is not None:
            self._live.picture.refiner.want(scene.plan.key, key, view)
            response.headers["Arbvis-Sample"] = describe_sample(drawn.sample)
        return response


def _room(request: Request) -> Room | None:
    """Return how large a page is, if it says so."""
    query = request.query_params
    sides = [bounded(query, name, 1, WIDEST) for name in ("width", "height") if name in query]
    return Room(*sides) if len(sides) == 2 else None


def _endpoint(operation: Operation, answers: Sequence[object]) -> Endpoint:
    """Return what answers an operation: the method of its name."""
    found: Endpoint = next(
        getattr(one, operation.name) for one in answers if hasattr(one, operation.name)
    )
    return found


def answered(operation: Operation, endpoint: Endpoint) -> Endpoint:
    """Refuse what an operation does not know, and let errors become answers."""

    @functools.wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            operation.check(request.query_params.multi_items())
            return await endpoint(request)
        except HTTPException:
            raise
        except (GivenUpError, asyncio.CancelledError):
            return Response(status_code=_GONE)
        except Exception as error:  # noqa: BLE001  the table answers it
            _trace(error)
            return answer_of(error)

    return answer


def _trace(error: Exception) -> None:
    debugging = os.environ.get("ARBVIS_DEBUG", "") not in {"", "0"}
    if debugging and fault_of(error).status >= 500 and not isinstance(error, PreparingError):
        sys.excepthook(type(error), error, error.__traceback__)


async def _refuse(_: Request, error: Exception) -> Response:
    """Answer what the router refuses: an address that is none, a method that does nothing."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    kind, message = {
        404: ("not-found", "there is nothing at this address; see /docs"),
        405: ("bad-method", "this address is only to be read: GET"),
    }.get(status, ("refused", "this is not answered"))
    return JSONResponse(described(kind, message), status)

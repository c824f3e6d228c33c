"""Answers about many values: lists of tensors, figures, profiles, findings."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from arbvis_core.errors import UsageError
from arbvis_core.server import measuring
from arbvis_core.server.elements import Elements
from arbvis_core.server.figures import SELDOM
from arbvis_core.server.inspecting import rectangle
from arbvis_core.server.jobs import while_connected
from arbvis_core.server.listing import COLUMNS, MOST, PAGE, Listing, search
from arbvis_core.server.numbers import plain
from arbvis_core.server.views import bounded

if TYPE_CHECKING:
    from starlette.requests import Request

    from arbvis_core.server.jobs import Cancel, Jobs, Pools
    from arbvis_core.server.live import Live
    from arbvis_core.server.scenes import LiveScene

Work = Callable[["Cancel"], Any]


class Surveys:
    """Answers what takes many values to be known."""

    def __init__(self, live: Live, pools: Pools) -> None:
        self._live = live
        self._pools = pools
        self._listings: dict[str, Listing] = {}
        self._findings: dict[str, tuple[int, float, dict[str, Any]]] = {}

    async def tensors(self, request: Request) -> Response:
        """Return a page of what is placed, in an order."""
        scene, query = self._scene(request), request.query_params
        key, order = query.get("sort"), query.get("order", "asc")
        offset = bounded(query, "offset", 0, 1 << 31, 0)
        limit = bounded(query, "limit", 0, MOST, PAGE)
        if key is not None and key not in COLUMNS:
            self._live.picture.refiner.want_figures(scene.plan.key)
        listing = self._listings.setdefault(scene.plan.key, Listing(scene))
        return await self._answer(
            request,
            self._pools.values,
            lambda _: listing.page(
                query.get("filter", ""),
                key,
                descending=order == "desc",
                offset=offset,
                limit=limit,
            ),
        )

    async def search(self, request: Request) -> Response:
        """Return what letters fit best, in all scenes."""
        scenes = self._live.picture.scenes.values()
        text = request.query_params["q"]
        return await self._answer(
            request, self._pools.values, lambda _: {"results": search(scenes, text)}
        )

    async def stats(self, request: Request) -> Response:
        """Return figures and a histogram of a tensor or a rectangle."""
        scene, query = self._scene(request), request.query_params
        work: Work
        if "tensor" in query:
            placement = Elements(scene).placement(query["tensor"])
            if scene.plan.renderer == "bytes":
                return await self._measure(request, partial(measuring.of_file, scene, placement))
            work = partial(measuring.of_tensor, scene, placement)
        else:
            box = rectangle(request, scene, measuring.PIXELS)
            work = partial(measuring.of_rectangle, scene, box)
        return await self._measure(request, work)

    async def profile(self, request: Request) -> Response:
        """Return how large the rows or columns of a tensor are."""
        scene, query = self._scene(request), request.query_params
        if scene.plan.canvas.curve is not None:
            raise UsageError("a file has no rows and columns")
        axis = query["axis"]
        placement = Elements(scene).placement(query["tensor"])
        side = query.get("side")
        return await self._measure(
            request, partial(measuring.profile, scene, placement, axis, side)
        )

    async def findings(self, request: Request) -> Response:
        """Return what stands out of what was measured so far; the rest is measured from now on."""
        scene = self._scene(request)
        self._live.picture.refiner.want_figures(scene.plan.key)
        return await self._measure(request, lambda _: self._found(scene))

    def _found(self, scene: LiveScene) -> dict[str, Any]:
        """Return findings, of a part anew only now and then."""
        done, due, found = self._findings.get(scene.plan.key, (-1, 0.0, {}))
        figures, begun = scene.figures, time.monotonic()
        if found and (figures.done == done or (begun < due and not figures.complete)):
            return found
        found = measuring.findings(scene)
        due = time.monotonic() + SELDOM * (time.monotonic() - begun)
        self._findings[scene.plan.key] = found["done"], due, found
        return found

    def _scene(self, request: Request) -> LiveScene:
        return self._live.picture.scene(request.path_params["scene"])

    async def _measure(self, request: Request, work: Work) -> Response:
        return await self._answer(request, self._pools.measures, work)

    async def _answer(self, request: Request, jobs: Jobs, work: Work) -> Response:
        name = (request.url.path, request.url.query)
        found = await while_connected(request, jobs.run(name, work))
        return Response(status_code=499) if found is None else JSONResponse(plain(found))

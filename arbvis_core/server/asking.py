"""Answers to questions about a scene: how it can be looked at, and what its colours mean."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, JSONResponse, Response

from arbvis_core.engine import blocks
from arbvis_core.registry import guard
from arbvis_core.server import openapi
from arbvis_core.server.describing import legend
from arbvis_core.server.views import NUMBERS, view_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from arbvis_core.server.live import Live
    from arbvis_core.server.scenes import LiveScene


#: What numbers are if nobody chose them; a clip differs from end to end.
PLAIN = {"gain": 1.0, "clip": None}


class Questions:
    """Answers what needs no thread: it is known from the plan."""

    def __init__(self, live: Live) -> None:
        self._live = live

    async def choices(self, request: Request) -> Response:
        """Return what can be chosen of a view."""
        return JSONResponse(choices_of(self._scene(request)))

    async def legend(self, request: Request) -> Response:
        """Return what the colours of a view mean."""
        scene = self._scene(request)
        owner = scene.registry.renderer_entry(scene.plan.renderer)
        view = blocks.view_of(scene.plan, owner.item, view_of(request.query_params))
        found = legend(scene.plan, view, scene.registry)
        return JSONResponse([asdict(one) for one in found])

    async def openapi(self, request: Request) -> Response:
        """Return what may be asked, for programs."""
        return JSONResponse(openapi.document())

    async def docs(self, request: Request) -> Response:
        """Return what may be asked, for people."""
        return HTMLResponse(openapi.page())

    async def style(self, request: Request) -> Response:
        """Return how that page looks."""
        return Response(openapi.STYLE, media_type="text/css")

    def _scene(self, request: Request) -> LiveScene:
        return self._live.picture.scene(request.path_params["scene"])


def choices_of(scene: LiveScene) -> dict[str, Any]:
    """Return what a scene's renderer offers, and what of it the plan has chosen."""
    owner = scene.registry.renderer_entry(scene.plan.renderer)
    with guard(owner, "render", f"the choices of scene {scene.plan.key!r}"):
        offered = {name: list(some) for name, some in owner.item.choices(scene.plan).items()}
    planned = asdict(scene.plan.view)
    chosen: dict[str, Any] = {}
    for name, some in offered.items():
        named = planned[name]
        if named is None:
            named = PLAIN[name] if name in NUMBERS else some[0]
        elif name not in NUMBERS and named not in some:
            some.append(named)
        chosen[name] = named
    return {**offered, "chosen": chosen}

"""Answers about single values: what a pixel shows, rectangles of numbers, bytes in hex."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.responses import JSONResponse, Response

from arbvis_core.errors import UsageError
from arbvis_core.reading import read_crops
from arbvis_core.server.curves import Curve
from arbvis_core.server.elements import Elements, Grid
from arbvis_core.server.faults import TooLargeError
from arbvis_core.server.jobs import while_connected
from arbvis_core.server.numbers import nested, npy, plain
from arbvis_core.server.views import bounded
from arbvis_core.values import Box, Crop

if TYPE_CHECKING:
    from starlette.requests import Request

    from arbvis_core.server.jobs import Cancel, Jobs
    from arbvis_core.server.live import Live
    from arbvis_core.server.scenes import LiveScene

T = TypeVar("T")

#: Values of a window.
MOST = 1 << 16
#: Bytes that are shown in hex: by default, at most, and what they begin at a multiple of.
BYTES, MOST_BYTES, ALIGNED = 256, 4096, 16
#: Positions along a curve.
FARTHEST = 1 << 62


class Inspections:
    """Answers what has to be read to be known."""

    def __init__(self, live: Live, jobs: Jobs) -> None:
        self._live = live
        self._jobs = jobs

    async def value(self, request: Request) -> Response:
        """Return what is known of the element at a pixel."""
        scene = self._scene(request)
        x, y = pixel(request, scene)

        def look(_: Cancel) -> dict[str, Any]:
            return inspector(scene).value(x, y)

        return _json(await self._do(request, look))

    async def window(self, request: Request) -> Response:
        """Return a rectangle of values."""
        scene, query = self._scene(request), request.query_params
        side = query.get("side")
        kind = query.get("format", "json")
        place, look = (_of_tensor if "tensor" in query else _of_canvas)(request, scene, side)
        grid = await self._do(request, lambda _: look())
        if grid is None:
            return Response(status_code=499)
        if kind == "npy":
            return Response(npy(*grid), media_type="application/octet-stream")
        height, width = grid.values.shape
        return JSONResponse({**place, "width": width, "height": height, "values": nested(*grid)})

    async def bytes(self, request: Request) -> Response:
        """Return bytes of the file that holds what a pixel shows, from a little before it on."""
        scene = self._scene(request)
        x, y = pixel(request, scene)
        length = bounded(request.query_params, "length", 1, MOST_BYTES, BYTES)

        def look(_: Cancel) -> dict[str, Any]:
            return hex_of(scene, inspector(scene).value(x, y), length)

        return _json(await self._do(request, look))

    async def selection(self, request: Request) -> Response:
        """Count the bytes of a stretch of the curve."""
        scene, query = self._scene(request), request.query_params
        if scene.plan.canvas.curve is None:
            raise UsageError("only pixels that are bytes follow a curve")
        end = max(one.stop for one in scene.plan.placements)
        start = bounded(query, "start", 0, FARTHEST)
        stop = min(bounded(query, "stop", start, FARTHEST), end)
        side = query.get("side")

        def count(check: Cancel) -> dict[str, Any]:
            return Curve(scene).selection(min(start, stop), stop, check, side)

        return _json(await self._do(request, count))

    def _scene(self, request: Request) -> LiveScene:
        return self._live.picture.scene(request.path_params["scene"])

    async def _do(self, request: Request, work: Callable[[Cancel], T]) -> T | None:
        """Do work in a thread; None if nobody waits for it any more."""
        name = (request.url.path, request.url.query)
        return await while_connected(request, self._jobs.run(name, work))


def inspector(scene: LiveScene) -> Elements | Curve:
    """Return what looks single values of a scene up."""
    return Elements(scene) if scene.plan.canvas.curve is None else Curve(scene)


def pixel(request: Request, scene: LiveScene) -> tuple[int, int]:
    """Return the pixel that is asked about.

    Raises:
        UsageError: none is, or it is not on the canvas.
    """
    canvas = scene.plan.canvas
    x = bounded(request.query_params, "x", 0, canvas.width - 1)
    return x, bounded(request.query_params, "y", 0, canvas.height - 1)


def rectangle(request: Request, scene: LiveScene, most: int) -> Box:
    """Return the rectangle that is asked about.

    Raises:
        UsageError: it is not one of the canvas.
        TooLargeError: it has more pixels than are looked at.
    """
    if not {"x", "y", "width", "height"} & {*request.query_params}:
        raise UsageError("say of what: tensor=…, or a rectangle, x=…, y=…, width=… and height=…")
    x, y = pixel(request, scene)
    width = bounded(request.query_params, "width", 1, FARTHEST)
    height = bounded(request.query_params, "height", 1, FARTHEST)
    width = min(width, scene.plan.canvas.width - x)
    height = min(height, scene.plan.canvas.height - y)
    if width * height > most:
        raise TooLargeError(f"{width} × {height} values are more than the {most:,} of an answer")
    return Box(x, y, width, height)


def span(query: Any, name: str, length: int) -> range:
    """Return rows or columns of a query, `a:b`, either of which may be left out.

    Raises:
        UsageError: they are none of those there are.
    """
    text = query.get(name, ":")
    found = re.fullmatch(r"([0-9]{0,18}):([0-9]{0,18})", text)
    if found:
        start, stop = int(found[1] or 0), int(found[2] or length)
        if start < stop <= length:
            return range(start, stop)
    raise UsageError(f"{name} is a:b within 0:{length}, not {text[:64]!r}")


def _of_canvas(
    request: Request, scene: LiveScene, side: str | None
) -> tuple[dict[str, Any], Callable[[], Grid]]:
    box = rectangle(request, scene, MOST)
    return {"x": box.x, "y": box.y}, lambda: inspector(scene).rectangle(box, side)


def _of_tensor(
    request: Request, scene: LiveScene, side: str | None
) -> tuple[dict[str, Any], Callable[[], Grid]]:
    query, looking = request.query_params, inspector(scene)
    if not isinstance(looking, Elements):
        raise UsageError("a file has no rows: say x, y, width and height")
    placement = looking.placement(query["tensor"])
    tall, wide = matrix_of(placement.region.shape)
    rows, columns = span(query, "rows", tall), span(query, "columns", wide)
    if len(rows) * len(columns) > MOST:
        size = f"{len(rows)} × {len(columns)}"
        raise TooLargeError(f"{size} values are more than the {MOST:,} of an answer")
    place = {"tensor": placement.name, "row": rows.start, "column": columns.start}
    return place, lambda: looking.matrix(placement, rows, columns, side)


def matrix_of(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the rows and columns of an array whose leading axes are counted through as rows."""
    from math import prod

    return prod(shape[:-1]), (1, *shape)[-1]


def hex_of(scene: LiveScene, told: dict[str, Any], length: int) -> dict[str, Any]:
    """Return the bytes around what is told of a pixel."""
    sides = (told, *told.get("sides", {}).values())
    known = next((one for one in sides if "source" in one), None)
    if known is None:
        return {"file": None, "offset": None, "hex": ""}
    source = [*scene.plan.sources.values()][known["source"]]
    start = known["offset"] // ALIGNED * ALIGNED
    size = min(length, source.size - start)
    (data,) = read_crops(scene.plan.sources, [Crop(source.key, start, size)])
    return {"file": source.name, "offset": start, "hex": data.tobytes().hex()}


def _json(found: dict[str, Any] | None) -> Response:
    return Response(status_code=499) if found is None else JSONResponse(plain(found))

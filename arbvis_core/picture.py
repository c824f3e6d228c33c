"""A picture in the hand: what a notebook or a script holds after `arbvis_core.api.open`."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from arbvis_core.engine.driver import OnProgress, silent
from arbvis_core.export import export_png
from arbvis_core.imaging import scene_of, thumbnail, tile
from arbvis_core.pipeline.rendering import Report, render
from arbvis_core.sinks.local import LocalSink
from arbvis_core.sinks.memory import MemorySink
from arbvis_core.values import Legend, Plan, Tile, TileFormat, TileKey, View
from arbvis_core.viewer.bundle import inline_page

if TYPE_CHECKING:
    from os import PathLike

    from PIL.Image import Image

    from arbvis_core.engine.executors import Kind
    from arbvis_core.registry import Registry

#: Pictures up to this many pixels show the whole viewer in a notebook.
INLINE = 1 << 22
#: Pictures up to this many pixels show an exact thumbnail without being asked.
THUMBNAIL = 1 << 28


@dataclass(frozen=True)
class Picture:
    """A plan with the registry that can draw it. It shows itself in a notebook.

    Attributes:
        plan: what every pixel will show.
        registry: what the names in the plan stand for.
    """

    plan: Plan
    registry: Registry

    def render(
        self,
        out: str | PathLike[str],
        *,
        force: bool = False,
        jobs: int | None = None,
        executor: Kind = "threads",
        tile_format: TileFormat = "png",
        on_progress: OnProgress = silent,
        keep: int = 0,
    ) -> Report:
        """Write the bundle to a folder; open its `index.html` in a browser.

        Raises:
            SinkError: the folder cannot be written, or is not one of ours.
        """
        return render(
            self.plan,
            LocalSink(out, force=force, inputs=self._inputs()),
            registry=self.registry,
            jobs=jobs,
            executor=executor,
            tile_format=tile_format,
            on_progress=on_progress,
            keep=keep,
        )

    def _inputs(self) -> list[str]:
        return [key for scene in self.plan.scenes for key in scene.sources]

    def tile(
        self, zoom: int, x: int, y: int, *, scene: str | None = None, view: View | None = None
    ) -> Tile:
        """Draw one tile, the same pixels as in a bundle."""
        key = scene_of(self.plan, scene).key
        return tile(self.plan, key, TileKey(zoom, x, y), view, registry=self.registry)

    def thumbnail(self, *, scene: str | None = None) -> Image:
        """Return the whole scene, at most 512 pixels wide and high, as a Pillow image."""
        return thumbnail(scene_of(self.plan, scene), self.registry)

    def save_png(self, path: str | PathLike[str], *, scene: str | None = None) -> None:
        """Write the whole canvas as one PNG, one pixel per element.

        Raises:
            UsageError: the canvas is too large for one image.
        """
        export_png(scene_of(self.plan, scene), path, registry=self.registry)

    def legend(self, *, scene: str | None = None) -> tuple[Legend, ...]:
        """Say what the colours mean."""
        planned = scene_of(self.plan, scene)
        renderer = self.registry.renderer(planned.renderer)
        return tuple(renderer.legend(planned, planned.view, None))

    def __repr__(self) -> str:
        scenes = ", ".join(
            f"{one.label} {one.canvas.width} × {one.canvas.height}" for one in self.plan.scenes
        )
        return f"<Picture {self.plan.title!r}: {scenes}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """Show the viewer if the picture is small, else a thumbnail with its legend."""
        pixels = sum(one.canvas.width * one.canvas.height for one in self.plan.scenes)
        bundle = {"text/plain": repr(self)}
        if pixels <= INLINE:
            bundle["text/html"] = _frame(self._page())
        elif pixels <= THUMBNAIL:
            bundle["text/html"] = _card(self)
        return bundle

    def _page(self) -> str:
        sink = MemorySink()
        report = render(self.plan, sink, registry=self.registry)
        tiles = {path: data for path, data in sink.blobs.items() if path.startswith("tiles/")}
        return inline_page(report.manifest, _statistics(sink.blobs), tiles)


def _statistics(blobs: Mapping[str, bytes]) -> dict[str, Any]:
    import json

    return {
        path.split("/")[1]: json.loads(data)
        for path, data in blobs.items()
        if path.startswith("data/") and path.endswith("stats.json")
    }


def _frame(page: str) -> str:
    """Put a page into a frame of its own, so that neither styles the other."""
    return (
        f'<iframe srcdoc="{html.escape(page)}" sandbox="allow-scripts" title="arbvis" '
        f'style="width:100%;height:560px;border:0"></iframe>'
    )


def _card(picture: Picture) -> str:
    import base64
    import io

    buffer = io.BytesIO()
    picture.thumbnail().save(buffer, "PNG")
    image = base64.b64encode(buffer.getvalue()).decode("ascii")
    legend = "".join(
        f'<li><span style="color:{html.escape(entry.colours[-1])}">■</span> '
        f"{html.escape(entry.label)}</li>"
        for one in picture.legend()
        for entry in one.entries
    )
    title = html.escape(picture.plan.title)
    return (
        f'<figure><img alt="{title}" src="data:image/png;base64,{image}">'
        f"<figcaption>{title}<ul>{legend}</ul></figcaption></figure>"
    )

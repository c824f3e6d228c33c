"""From plans to a finished bundle."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import BrokenExecutor, Executor
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arbvis_core.engine.driver import Drawn, OnProgress, Run, draw_scene, silent
from arbvis_core.engine.executors import Kind, default_jobs, make_executor
from arbvis_core.errors import ArbvisError
from arbvis_core.manifest import manifest
from arbvis_core.registry import guard
from arbvis_core.slotted import dataclass
from arbvis_core.values import Plan, ScenePlan, TileFormat, View
from arbvis_core.viewer.bundle import pages

if TYPE_CHECKING:
    from arbvis_core.protocols import Sink
    from arbvis_core.registry import Registry


#: Encoded tiles by their paths in a bundle.
Kept = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did.

    Attributes:
        location: where the bundle is.
        pixels: drawn at the maximum zoom, one per element.
        tiles: files of the pyramid.
        bytes: of the tiles.
        seconds: from the first block to the finished bundle.
        manifest: the bundle's manifest.
        plan: what was drawn.
        summaries: what was measured, by scene; `data/<scene>/stats.json` of the bundle.
        kept: encoded tiles of the first zooms by their paths, if they were to be kept.
    """

    location: str
    pixels: int
    tiles: int
    bytes: int
    seconds: float
    manifest: dict[str, Any]
    plan: Plan
    summaries: Mapping[str, Mapping[str, Any]]
    kept: Kept


def render(
    plan: Plan,
    sink: Sink | None,
    *,
    registry: Registry,
    jobs: int | None = None,
    executor: Kind | Executor = "threads",
    tile_format: TileFormat = "png",
    view: View | None = None,
    on_progress: OnProgress = silent,
    keep: int = 0,
) -> Report:
    """Draw every scene into the sink, then write the viewer beside the tiles, then commit.

    Whatever goes wrong, nothing is left behind: workers are waited for before the sink is told.

    Args:
        plan: what to draw.
        sink: where it goes; None only measures.
        registry: what the names in the plan stand for.
        jobs: workers; all cores by default.
        executor: a kind, or any executor, which stays open.
        tile_format: of the levels above the leaves; leaves are always lossless PNG.
        view: how the plan is looked at, where that differs from what it says.
        on_progress: told of finished pixels.
        keep: tiles of each scene, at most, that the report holds: those of the first zooms.
    """
    start = time.perf_counter()
    if view:
        scenes = tuple(replace(one, view=view.over(one.view)) for one in plan.scenes)
        plan = replace(plan, scenes=scenes)
    workers = jobs or default_jobs()
    own = isinstance(executor, str)
    try:
        pool = make_executor(executor, workers) if isinstance(executor, str) else executor
        with pool if own else nullcontext():
            run = Run(registry, sink, pool, workers, tile_format, on_progress, keep)
            plan, drawn = _draw(plan, run)
        for scene in plan.scenes:
            for source in scene.sources.values():
                source.verify()
        described, summaries = _write_pages(plan, run, drawn)
        location = sink.commit() if sink else ""
    except BrokenExecutor as error:
        _abort(sink)
        raise ArbvisError(
            "a worker process was ended from outside, perhaps for want of memory; "
            "try fewer --jobs, or --executor threads"
        ) from error
    except BaseException:
        _abort(sink)
        raise
    return Report(
        location=location,
        pixels=sum(scene.elements for scene in plan.scenes),
        tiles=sum(len(one.tiles) for one in drawn.values()),
        bytes=sum(one.size for one in drawn.values()),
        seconds=time.perf_counter() - start,
        manifest=described,
        plan=plan,
        summaries=summaries,
        kept={path: data for one in drawn.values() for path, data in one.kept.items()},
    )


def _abort(sink: Sink | None) -> None:
    if sink:
        sink.abort()


def _draw(plan: Plan, run: Run) -> tuple[Plan, dict[str, Drawn]]:
    """Draw the scenes, those that await others last; return the plan that was drawn."""
    drawn = {scene.key: draw_scene(scene, run) for scene in plan.scenes if not scene.awaits}
    summaries = {
        scene.key: _summary(scene, run, drawn[scene.key])
        for scene in plan.scenes
        if scene.key in drawn and any(one.awaits for one in plan.scenes)
    }
    scenes = []
    for scene in plan.scenes:
        concluded = scene
        if scene.awaits:
            owner = run.registry.renderer_entry(scene.renderer)
            with guard(owner, "render", f"scene {scene.key!r}"):
                concluded = owner.item.conclude(scene, summaries)
            drawn[scene.key] = draw_scene(concluded, run)
        scenes.append(concluded)
    return replace(plan, scenes=tuple(scenes)), drawn


def _summary(scene: ScenePlan, run: Run, drawn: Drawn) -> Mapping[str, Any]:
    owner = run.registry.renderer_entry(scene.renderer)
    with guard(owner, "render", f"the statistics of scene {scene.key!r}"):
        return owner.item.summary(scene, drawn.statistics)


def _write_pages(
    plan: Plan, run: Run, drawn: dict[str, Drawn]
) -> tuple[dict[str, Any], dict[str, Mapping[str, Any]]]:
    legends, statistics = {}, {}
    for scene in plan.scenes:
        found = drawn[scene.key].statistics
        owner = run.registry.renderer_entry(scene.renderer)
        with guard(owner, "render", f"the legend of scene {scene.key!r}"):
            legends[scene.key] = tuple(owner.item.legend(scene, scene.view, found))
        statistics[scene.key] = _summary(scene, run, drawn[scene.key])
    described = manifest(
        plan,
        tile_format=run.tile_format,
        present={key: one.tiles for key, one in drawn.items()},
        legends=legends,
        summaries=statistics,
    )
    if run.sink:
        for blob in pages(described, statistics):
            run.sink.put(blob)
    return described, statistics

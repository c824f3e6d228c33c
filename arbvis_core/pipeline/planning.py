"""From scenes to plans: what all tiles share is fixed here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from arbvis_core.errors import LayoutError
from arbvis_core.reading import SMALL, Reader, held
from arbvis_core.registry import guard
from arbvis_core.values import Canvas, Scene, ScenePlan, parts_of

if TYPE_CHECKING:
    from arbvis_core.registry import Registry

#: A sample reads at most this share of the bytes that are drawn, and no more than a small input
#: has, in at most this many pieces.
SAMPLE_SHARE = 0.02
SAMPLE_READS = 512


def plan_scenes(scenes: Sequence[Scene], registry: Registry) -> Iterator[ScenePlan]:
    """Plan scenes; those of one group share what the first of them decides."""
    groups: dict[str, ScenePlan] = {}
    for scene in scenes:
        planned = plan_scene(scene, registry, groups.get(scene.scale_group))
        if scene.scale_group:
            groups.setdefault(scene.scale_group, planned)
        yield planned


def plan_scene(scene: Scene, registry: Registry, like: ScenePlan | None = None) -> ScenePlan:
    """Fix what all tiles of a scene share: from one bounded sample, or as another scene has it."""
    if not isinstance(scene.extent, Canvas):
        raise LayoutError(f"scene {scene.label!r} is a volume, and only canvases can be drawn yet")
    everything = {source.key: source for one in scene.documents for source in one.sources}
    used = dict.fromkeys([part.source for one in scene.placements for part in parts_of(one.region)])
    unknown = [key for key in used if key not in everything]
    if unknown:
        raise LayoutError(
            f"scene {scene.label!r} reads {unknown[0]}, which belongs to none of the documents "
            f"that its layout says it shows"
        )
    planned = ScenePlan(
        key=scene.key,
        label=scene.label,
        canvas=scene.extent,
        placements=scene.placements,
        renderer=scene.renderer,
        sources={key: everything[key] for key in used},
        labels=scene.labels,
        attributes=scene.attributes,
        view=scene.view,
        awaits=scene.awaits,
    )
    if like is not None:
        return replace(planned, decisions=like.decisions, sample={"scene": like.label})
    owner = registry.renderer_entry(scene.renderer)
    with guard(owner, "plan", f"scene {scene.label!r}"):
        return _decide(planned, registry)


def _decide(planned: ScenePlan, registry: Registry) -> ScenePlan:
    renderer = registry.renderer(planned.renderer)
    crops = tuple(renderer.survey(planned, registry.decoders))
    if not crops:
        return planned
    parts_placed = [part for one in planned.placements for part in parts_of(one.region)]
    total = sum([part.stop - part.start for part in parts_placed])
    sampled = sum(crop.size for crop in crops)
    most = min(SAMPLE_SHARE * total, SMALL)
    if total > SMALL and (len(crops) > SAMPLE_READS or sampled > most):
        raise ValueError(
            f"the survey asks for {sampled} of {total} bytes in {len(crops)} reads; "
            f"allowed are {most:.0f} bytes in {SAMPLE_READS} reads"
        )
    parts = [held(one) for one in Reader(planned.sources).fetch(crops)]
    decisions = renderer.decide(planned, parts, registry.decoders)
    sample = {"bytes": sampled, "of": total, "reads": len(crops)}
    return replace(planned, decisions=decisions, sample=sample)

"""The manifest of a live view: that of a bundle in which nothing has been measured yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from arbvis_core.manifest import manifest
from arbvis_core.registry import guard
from arbvis_core.server.presence import bitmap
from arbvis_core.server.writing import with_placements

if TYPE_CHECKING:
    from arbvis_core.registry import Registry
    from arbvis_core.server.scenes import LiveScene
    from arbvis_core.values import Legend, Plan, ScenePlan, View


def describe(plan: Plan, registry: Registry, scenes: Mapping[str, LiveScene]) -> bytes:
    """Describe a plan as `manifest.json` does, with every tile that something is placed on."""
    bare = replace(plan, scenes=tuple(replace(one, placements=()) for one in plan.scenes))
    found = manifest(
        bare,
        tile_format="png",
        present=dict.fromkeys(scenes, ()),
        legends={one.key: legend(one, one.view, registry) for one in plan.scenes},
        summaries={key: {} for key in scenes},
    )
    for facts in found["scenes"]:
        levels = scenes[facts["key"]].levels
        for level, present in zip(facts["canvas"]["levels"], levels, strict=True):
            level["present"] = bitmap(present)
    pieces = with_placements(
        found,
        {one.key: one.placements for one in plan.scenes},
        {one.key: one.decisions.get("placements", {}) for one in plan.scenes},
    )
    return "".join(chain(pieces, "\n")).encode("ascii")


def legend(planned: ScenePlan, view: View, registry: Registry) -> tuple[Legend, ...]:
    """Say what the colours of a view mean."""
    owner = registry.renderer_entry(planned.renderer)
    with guard(owner, "render", f"the legend of scene {planned.key!r}"):
        return tuple(owner.item.legend(planned, view, None))

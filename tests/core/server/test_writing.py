"""The manifest that is written piece by piece is what `json_text` makes of it in one go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from arbvis_core.manifest import placement_facts
from arbvis_core.server.writing import with_placements
from arbvis_core.values import Box, Placement, Region
from arbvis_core.viewer.bundle import json_text

REGION = Region("r", (3, 4), "u8")
SHAPE = [3, 4]

PLACEMENTS = (
    Placement("plain", Box(0, 0, 4, 3), REGION),
    Placement('quo"te \u2028 \ud800 </script>', Box(5, 7, 3, 3), REGION, hue=359),
    Placement("on a curve", Box(1, 2, 3, 4), REGION, start=9, stop=12, label=(0.25, 7.96)),
    Placement("folded", Box(1, 2, 3, 4), REGION, fold={"kind": "rows", "rows": 2, "gap": 0}),
    Placement("vast", Box(1 << 54, 3, 5, 1 << 60), REGION),
    Placement(
        "known",
        Box(8, 8, 1, 1),
        REGION,
        attributes={
            "role": "mlp.up",
            "layer": 3,
            "expert": None,
            "tied": True,
            "shape": SHAPE,
            "bits": 4.5,
            "é%s": {"axis": 0},
        },
    ),
    Placement("alike", Box(8, 9, 1, 1), REGION, attributes={"shape": SHAPE, "bits": 1e-7}),
    Placement("its own words", Box(2, 2, 2, 2), REGION, attributes={"x": 9, "a": 1, "scale": 2}),
)
SCALES = {"plain": {"log2_median": -6.25, "mean": 0.0}, "its own words": {"mean": 1.0}}


@pytest.mark.parametrize("count", [0, 1, len(PLACEMENTS)])
def test_it_is_the_same_letter_by_letter(count: int) -> None:
    def facts(*placements: Any) -> dict[str, Any]:
        scene = {"key": "a", "placements": [*placements], "labels": [{"name": "a"}]}
        return {"schema": 1, "title": "\u00fc", "scenes": [scene], "warnings": ["w"]}

    placed = PLACEMENTS[:count]
    whole = (placement_facts(one, {}, SCALES.get(one.name, {})) for one in placed)
    text = "".join(with_placements(facts(), {"a": placed}, {"a": SCALES}))
    assert text == json_text(facts(*whole))
    assert len(json.loads(text)["scenes"][0]["placements"]) == count

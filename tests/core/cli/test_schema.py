"""Manifests are held to their schema as `jsonschema` would hold them to it."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.cli.schema import PATH, first_fault

LABEL = {"name": "l", "x": 0, "y": 0, "width": 1, "height": 1, "start": 0, "stop": 1}
PLACEMENT = {**LABEL, "label": [0.5, 1], "hue": 359, "fold": None, "dtype": "BF16"}
LEVEL = {"columns": 1, "rows": 1, "present": "all", "extension": "png", "lossy": False}
MANIFEST: dict[str, Any] = {
    "schema": 1,
    "generator": {"name": "arbvis", "version": "0.1"},
    "brand": "arbvis",
    "title": "a",
    "inputs": [{"name": "a", "files": 1, "size": 0, "sha256": "0" * 64}],
    "scenes": [
        {
            "key": "bytes-2",
            "label": "Bytes",
            "renderer": "bytes",
            "canvas": {
                "width": 1,
                "height": 1,
                "tile_size": 512,
                "max_zoom": 0,
                "tile_format": "png",
                "curve": "hilbert",
                "levels": [{"zoom": 0, **LEVEL}, {"zoom": 1, **LEVEL, "present": "gAA="}],
            },
            "placements": [PLACEMENT, {**PLACEMENT, "fold": {"kind": "rows"}, "stats": {}}],
            "labels": [{**LABEL, "kind": "region", "text": ""}],
            "legend": [
                {
                    "zooms": "all",
                    "title": "",
                    "note": "",
                    "entries": [
                        {"colours": ["#00ff7f"], "label": "", "low": "", "high": "", "share": 0.5}
                    ],
                }
            ],
            "scale": {"anything": [1]},
            "sample": {"bytes": 1, "of": 2, "reads": 3},
        }
    ],
    "warnings": ["w"],
}
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 600),
    st.sampled_from([1.0, 0.5, -0.5, 512.0]),
    st.sampled_from(["", "a", "png", "all", "gAA=", "a-b", "A", "-", "#00ff00", "f" * 64]),
    st.just([]),
    st.just({}),
    st.just([1, 2]),
    st.just(["#000000", 1]),
)


@cache
def oracle() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(PATH.read_text("utf-8")))


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """Replace, remove or add a value, once or twice, anywhere in a manifest."""
    manifest = copy.deepcopy(MANIFEST)
    for _ in range(draw(st.integers(1, 2))):
        place: Any = manifest
        while True:
            keys = [*place] if isinstance(place, dict) else [*range(len(place))]
            key = draw(st.sampled_from(keys)) if keys else "new"
            inner = place[key] if keys else None
            if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
                break
            place = inner
        how = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if how == "remove" and keys:
            del place[key]
        elif how == "add" and isinstance(place, dict):
            place["surprise"] = draw(VALUES)
        elif keys:
            place[key] = draw(VALUES)
    return manifest


@given(damaged())
def test_the_verdict_is_that_of_a_library(manifest: Any) -> None:
    assert (first_fault(manifest) is None) == oracle().is_valid(manifest)


@pytest.mark.parametrize("manifest", [None, 7, [], {}])
def test_what_is_no_manifest_at_all(manifest: object) -> None:
    assert first_fault(manifest)


def test_a_place_is_named_in_one_line() -> None:
    manifest = copy.deepcopy(MANIFEST)
    assert first_fault(manifest) is None
    manifest["scenes"][0]["placements"][1]["hue"] = 360
    assert first_fault(manifest) == "scenes[0].placements[1].hue: 360 is out of range"
    manifest["scenes"][0]["key"] = "bytes\n"
    assert first_fault(manifest) == "scenes[0].key: it is no text that can stand there"


def test_the_schema_says_nothing_that_is_not_looked_at() -> None:
    known = {"$ref", "additionalProperties", "const", "enum", "items", "maxItems", "maximum"}
    known |= {"minItems", "minLength", "minimum", "pattern", "prefixItems", "properties"}
    known |= {"required", "type", "description"}

    def keywords(rule: dict[str, Any]) -> set[str]:
        inner = [*rule.get("properties", {}).values(), *rule.get("prefixItems", ())]
        inner += [rule["items"]] if "items" in rule else []
        return {*rule}.union(*map(keywords, inner))

    schema = json.loads(PATH.read_text("utf-8"))
    top = {"$schema", "$defs", "title"}
    assert keywords({key: rule for key, rule in schema.items() if key not in top}) <= known
    assert set().union(*map(keywords, schema["$defs"].values())) <= known

"""Small models on a canvas, placed by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.api import (
    Box,
    Canvas,
    Document,
    Group,
    Placement,
    Plan,
    Scene,
    ScenePlan,
    View,
)
from arbvis_core.pipeline.planning import plan_scene
from arbvis_core.registry import Registry, load
from arbvis_core.testing import MemorySource
from modelweightvis.folds import size_of
from modelweightvis.formats import FORMATS
from modelweightvis.formats.tensors import is_tensor

Tensors = Mapping[str, tuple[str, NDArray[Any]]]


@cache
def registry() -> Registry:
    return load()


def bfloat16(values: NDArray[np.floating[Any]]) -> NDArray[np.uint16]:
    """Round towards zero."""
    upper: NDArray[np.uint16] = (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return upper


def safetensors(tensors: Tensors) -> Document:
    """Return a document of a safetensors file in memory."""
    header: dict[str, Any] = {}
    data = b""
    for name, (dtype, array) in tensors.items():
        stored = array.tobytes()
        ends = [len(data), len(data) + len(stored)]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": ends}
        data += stored
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return parsed("model.safetensors", len(text).to_bytes(8, "little") + text + data)


def parsed(name: str, content: bytes) -> Document:
    """Return the document of a file in memory."""
    form = next(one for one in FORMATS if name.endswith(one.name))
    (document,) = form.parse(Group("memory", (MemorySource(name, content),), ()))
    return document


def place(
    document: Document, width: int, folds: Mapping[str, Any] | None = None, gap: int = 3
) -> Scene:
    """Put tensors side by side, in rows of at most `width` pixels."""
    placements = []
    x = y = bottom = right = 0
    for region in filter(is_tensor, document.regions):
        fold = (folds or {}).get(region.name)
        across, down = size_of(region.shape, fold)
        if x and x + across > width:
            x, y = 0, bottom + gap
        attributes = {"role": region.name.split(".")[-1], "layer": 0}
        box = Box(x, y, across, down)
        placements.append(Placement(region.name, box, region, fold=fold, attributes=attributes))
        x += across + gap
        bottom, right = max(bottom, y + down), max(right, box.x + across)
    return Scene(
        key="model",
        label="model",
        extent=Canvas(right, bottom),
        placements=tuple(placements),
        renderer="elements",
        documents=(document,),
    )


def planned(scene: Scene, **view: Any) -> ScenePlan:
    return plan_scene(replace(scene, view=View(**view)), registry())


def plan_of(scenes: Sequence[ScenePlan]) -> Plan:
    return Plan("model", "modelweightvis", (), tuple(scenes))

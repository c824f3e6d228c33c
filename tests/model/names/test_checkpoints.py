"""Whole checkpoints of many architectures: what the manifest says of every tensor.

The oracle is the table that was derived from transformers' module tree. Twice: with checkpoints
that hold the names and shapes of the table, wherever the tests run; and all architectures with the
checkpoints that transformers itself writes, where it is installed (`nox -s models`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import derive
import numpy as np
import pytest
import safetensors
from architectures import ARCHITECTURES, HELD_OUT
from safetensors.numpy import save_file

from arbvis_core import api
from arbvis_core.sinks.memory import MemorySink
from modelweightvis.profile import MODELWEIGHTVIS

#: Those that have to be among them.
NAMED = {
    "llama", "qwen3", "gemma", "gpt2", "gpt_neox", "bert", "t5", "whisper", "clip", "mamba",
    "mixtral", "qwen2_moe", "deepseek_v3", "gpt_oss", "llama4_text",
}  # fmt: skip


def table(architecture: str) -> dict[str, derive.Expected]:
    """Return what every tensor of an architecture is, by its name."""
    lines = json.loads((derive.DATA / f"{architecture}.json").read_text(encoding="utf-8"))
    return {one.name: one for one in derive.unpack(lines)}


def manifest_of(folder: Path) -> dict[str, Any]:
    """Render a checkpoint and return what its bundle says."""
    sink = MemorySink()
    api.render(
        api.plan(api.Request((str(folder),), MODELWEIGHTVIS)), sink, jobs=1, executor="serial"
    )
    manifest: dict[str, Any] = json.loads(sink.blobs["manifest.json"])
    return manifest


def check(manifest: Mapping[str, Any], wanted: Mapping[str, derive.Expected]) -> None:
    """Check what a manifest says of every tensor."""
    (scene,) = manifest["scenes"]
    placements = {one["name"]: one for one in scene["placements"]}
    told = {
        name: (one["stack"], one["layer"], one["role"], one["expert"], tuple(one["shape"]))
        for name, one in placements.items()
    }
    assert told == {
        name: (one.stack, one.layer, one.role, one.expert, one.shape)
        for name, one in wanted.items()
    }
    assert len(placements) == len(scene["placements"])
    assert not [name for name, one in placements.items() if one["role"].startswith("other")]
    for name, one in placements.items():
        assert one["stats"]["count"] == prod(one["shape"]), name
    assert manifest["warnings"] == []


def test_the_architectures_that_have_to_be_there_are_there() -> None:
    assert set(ARCHITECTURES) >= NAMED
    assert len(HELD_OUT) >= 3
    for name in ARCHITECTURES:
        assert any(len(one.shape) == 2 and one.layer is not None for one in table(name).values())


@pytest.mark.parametrize("architecture", sorted(NAMED | set(HELD_OUT)))
def test_every_tensor_of_a_picture_is_what_the_module_tree_says(
    tmp_path: Path, architecture: str
) -> None:
    wanted = table(architecture)
    random = np.random.default_rng(0)
    arrays = {
        name: np.asarray(random.standard_normal(one.shape, np.float32))
        for name, one in wanted.items()
    }
    save_file(arrays, tmp_path / "model.safetensors")
    config = {"model_type": architecture, **ARCHITECTURES[architecture][1]}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    check(manifest_of(tmp_path), wanted)


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_every_tensor_that_transformers_wrote_is_what_the_module_tree_says(
    tmp_path: Path, architecture: str
) -> None:
    reason = "transformers writes checkpoints where it is: nox -s models"
    pytest.importorskip("torch", reason=reason)
    pytest.importorskip("transformers", reason=reason)
    from architectures import build

    build(architecture).save_pretrained(tmp_path)
    with safetensors.safe_open(tmp_path / "model.safetensors", "numpy") as file:
        written = set(file.keys())
    wanted = table(architecture)
    assert written <= set(wanted)
    left_out = set(wanted) - written  # tied weights are stored once
    assert not [name for name in left_out if re.search(r"\.\d+\.", name)], left_out
    check(manifest_of(tmp_path), {name: wanted[name] for name in written})

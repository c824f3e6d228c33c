"""Little checkpoints in memory, and what the formats make of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.api import Document, Group, Region
from arbvis_core.registry.probe import SourceProbe
from arbvis_core.testing import MemorySource, check_documents, region_values
from arbvis_core.testing.documents import decoders_with
from modelweightvis.formats import FORMATS

DECODERS = decoders_with(FORMATS[0])
LAYER = "model.layers.0.mlp.up_proj"
RANDOM = np.random.default_rng(5)
#: A tensor: its type as safetensors spells it, and its elements as they are stored.
Stored = tuple[str, NDArray[Any]]


def stored(tensors: Mapping[str, Stored]) -> bytes:
    """Return a safetensors file."""
    header, data = {}, b""
    for name, (dtype, array) in tensors.items():
        stop = len(data) + array.nbytes
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [len(data), stop]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def opened(files: Mapping[str, Any]) -> Document:
    """Return the one document of a folder; what is a table is a JSON file of it."""
    sources = [
        MemorySource(name, json.dumps(one).encode() if isinstance(one, dict) else one)
        for name, one in files.items()
    ]
    for one in FORMATS:
        claimed = tuple(source for source in sources if one.matches(SourceProbe(source)))
        if claimed:
            rest = tuple(source for source in sources if source not in claimed)
            (document,) = one.parse(Group("memory", claimed, rest))
            check_documents([document], one.name, DECODERS)
            return document
    raise AssertionError(f"nobody claims any of {list(files)}")


def tensors_of(document: Document) -> dict[str, Region]:
    """Return the tensors of a document by name."""
    return {one.name: one for one in document.regions if one.encoding != "bytes"}


def values(document: Document, name: str) -> NDArray[np.float32]:
    """Return all of a tensor."""
    return region_values(tensors_of(document)[name], document.sources, DECODERS)


def grouped(rows: int = 32, columns: int = 64, group: int = 32, zero: int = 7) -> dict[str, Stored]:
    """Return a GPTQ matrix (out = rows, in = columns), symmetric as version 1 stores it."""
    groups = columns // group
    words = RANDOM.integers(0, 1 << 32, (columns // 8, rows), np.uint32)
    scales = RANDOM.random((groups, rows)).astype(np.float16)
    zeros = np.full((groups, rows // 8), zero * 0x11111111, np.uint32)
    index = (np.arange(columns) // group).astype(np.int32)
    return {
        f"{LAYER}.qweight": ("I32", words),
        f"{LAYER}.qzeros": ("I32", zeros),
        f"{LAYER}.scales": ("F16", scales),
        f"{LAYER}.g_idx": ("I32", index),
    }


def mlx(words: int, groups: int) -> dict[str, Stored]:
    """Return an array as MLX stores it, of so many words and groups a row."""
    return {
        f"{LAYER}.weight": ("U32", RANDOM.integers(0, 1 << 32, (4, words), np.uint32)),
        f"{LAYER}.scales": ("F32", RANDOM.random((4, groups), np.float32)),
        f"{LAYER}.biases": ("F32", RANDOM.random((4, groups), np.float32)),
    }


def fp8(
    shape: tuple[int, ...], scale: tuple[int, ...], end: str = "weight_scale_inv"
) -> dict[str, Stored]:
    """Return codes of 8 bits and their scales."""
    return {
        f"{LAYER}.weight": ("F8_E4M3", RANDOM.integers(0, 120, shape, np.uint8)),
        f"{LAYER}.{end}": ("F32", RANDOM.random(scale, np.float32)),
    }

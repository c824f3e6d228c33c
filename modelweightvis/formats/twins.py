"""The same weights in two files: recognised by how people name such files, and by their shapes.

Names alone would not do, and shapes alone would not either: two finetunes of one model have the same
shapes and are two models.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import prod

from arbvis_core.api import Document
from modelweightvis.formats.tensors import is_tensor

#: Of two files with the same weights the one of the earlier format is shown.
PREFERRED = ("safetensors", "pytorch", "npz")
#: The share of elements that have to agree in shape; buffers are kept in one of two files at times.
ALIKE = 0.95

_EXTENSION = re.compile(r"\.(safetensors|bin|pth|pt|ckpt|npz|msgpack)$", re.IGNORECASE)
_PRECISION = re.compile(r"\.(fp16|fp32|bf16|f16|f32|float16|float32|bfloat16)$", re.IGNORECASE)
#: Libraries' names for one and the same thing.
_ALIASES = {"pytorch_model": "model", "consolidated": "model"}
_ORIGINAL = "original/"


def show_once(documents: Sequence[Document]) -> list[Document]:
    """Leave out models whose weights another document of the same input has, and say so there.

    Documents keep their order. Those without tensors are left alone.
    """
    kept: dict[int, Document] = {}
    notes: dict[int, list[str]] = {}
    families: dict[tuple[object, ...], list[Document]] = {}
    for document in sorted(documents, key=_rank):
        family = families.setdefault((document.input, *_called(document)), [])
        same = next((one for one in family if _twins(one, document)), None)
        if same is None:
            kept[id(document)] = document
            family.append(document)
        else:
            note = f"{document.name} holds the same tensors as {same.name}, so they are shown once"
            notes.setdefault(id(same), []).append(note)
    return [
        replace(one, warnings=(*one.warnings, *notes[id(one)])) if id(one) in notes else one
        for one in documents
        if id(one) in kept
    ]


def _rank(document: Document) -> tuple[bool, int, bool, bool]:
    """Return what is smaller for the file that is rather shown."""
    order = {name: number for number, name in enumerate(PREFERRED)}
    return (
        "/consolidated" in _path(document),
        order.get(document.format, len(order)),
        bool(document.metadata.get("missing")),
        _PRECISION.search(_EXTENSION.sub("", document.name)) is not None,
    )


def _twins(one: Document, other: Document) -> bool:
    formats = {one.format, other.format}
    return formats <= set(PREFERRED) and _alike(_shapes(one), _shapes(other))


def _path(document: Document) -> str:
    return f"/{document.name}"


def _called(document: Document) -> tuple[str, str]:
    """Return folder and name without what tells containers, precisions and libraries apart."""
    folder, _, name = _path(document).rpartition("/")
    folder = f"{folder}/".removesuffix(_ORIGINAL)
    name = _PRECISION.sub("", _EXTENSION.sub("", name))
    name = re.sub(r"^(consolidated)\.00$", r"\1", name)
    return folder, _ALIASES.get(name, name)


def _shapes(document: Document) -> Counter[tuple[int, ...]]:
    """Count elements by shape; axes of one element, and the order of axes, do not matter."""
    counted: Counter[tuple[int, ...]] = Counter()
    for region in document.regions:
        if is_tensor(region):
            key = tuple(sorted(length for length in region.shape if length != 1))
            counted[key] += prod(region.shape)
    return counted


def _alike(one: Counter[tuple[int, ...]], other: Counter[tuple[int, ...]]) -> bool:
    total = max(one.total(), other.total())
    return total > 0 and (one & other).total() >= ALIKE * total

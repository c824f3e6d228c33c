"""A model's files, read one by one, become one document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from arbvis_core.api import Document, Region, Source
from arbvis_core.slotted import dataclass
from modelweightvis.formats.reading import basename, listed
from modelweightvis.formats.shards import Model
from modelweightvis.formats.tensors import is_tensor, unknown_warnings


@dataclass(frozen=True, slots=True)
class Content:
    """What one file holds.

    Attributes:
        source: the file.
        regions: headers and tensors, in the order they are stored.
        pairs: what the file says of the model (plain data).
        warnings: sentences for the user.
    """

    source: Source
    regions: tuple[Region, ...]
    pairs: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def model_document(made_by: str, model: Model, contents: Sequence[Content]) -> Document:
    """Return the document of a model.

    Its metadata are `pairs`, what the files say of the model, and, if files are not here, `missing`:
    their `files` and, where an index names them, their `tensors`.

    Args:
        made_by: the name of the format.
        model: the files.
        contents: one per source of the model.
    """
    homes, double = _homes(model, contents)
    regions = tuple(
        region
        for content in contents
        for region in content.regions
        if not is_tensor(region) or homes[region.name] == content.source.key
    )
    return Document(
        name=model.name,
        format=made_by,
        sources=model.sources,
        regions=regions,
        metadata={
            "pairs": {key: one for content in contents[::-1] for key, one in content.pairs.items()},
            **model.facts(),
        },
        warnings=(
            *model.warnings,
            *(warning for content in contents for warning in content.warnings),
            *([f"{model.name}: more than one file has {listed(double)}"] if double else []),
            *model.disagreements(homes),
            *unknown_warnings(model.name, regions),
        ),
    )


def _homes(model: Model, contents: Iterable[Content]) -> tuple[dict[str, str], list[str]]:
    """Say which source shows which tensor, and which tensors more than one file has."""
    homes: dict[str, str] = {}
    double: dict[str, None] = {}
    for content in contents:
        for name in (region.name for region in content.regions if is_tensor(region)):
            if homes.setdefault(name, content.source.key) != content.source.key:
                double[name] = None
                if model.index.get(name) == basename(content.source):
                    homes[name] = content.source.key
    return homes, list(double)

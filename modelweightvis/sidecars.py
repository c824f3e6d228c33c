"""What stands beside a checkpoint: `config.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arbvis_core.api import Document, Enricher, Priority, Range, Source

if TYPE_CHECKING:
    from modelweightvis.config import ModelConfig

CONFIG = "config.json"
#: Bytes of a `config.json`; the largest that are known have some hundred thousand.
LARGEST = 1 << 24


class SourceMetaSidecarHook(Enricher):
    """Adds `config.json` to the documents of its folder, as `metadata["config"]`."""

    name = "config"
    priority: int = Priority.NORMAL

    def matches(self, document: Document, siblings: Sequence[Source]) -> bool:
        """Tell whether a `config.json` lies in the document's folder."""
        return _config(document, siblings) is not None

    def enrich(self, document: Document, siblings: Sequence[Source]) -> Document:
        """Return the document with what the configuration says, or with a warning."""
        source = _config(document, siblings)
        if source is None:
            return document
        try:
            value = read_object(source)
        except ValueError as error:
            warning = f"{source.name} is left out: {error}"
            return replace(document, warnings=(*document.warnings, warning))
        return replace(document, metadata={**document.metadata, "config": value})


def facts_of(document: Document) -> Mapping[str, Any]:
    """Return what a model says of itself: its `config.json`, or the key-value pairs of its file."""
    facts = document.metadata.get("config") or document.metadata.get("pairs") or {}
    return facts if isinstance(facts, Mapping) else {}


def config_of(document: Document) -> ModelConfig:
    """Return the model's shape as it tells it: heads, layers, experts."""
    from modelweightvis.config import read_config

    where = CONFIG if "config" in document.metadata else document.name
    return read_config(facts_of(document), where)


def _config(document: Document, siblings: Sequence[Source]) -> Source | None:
    folders = {source.folder for source in document.sources}
    for source in siblings:
        if source.folder in folders and source.name.replace("\\", "/").split("/")[-1] == CONFIG:
            return source
    return None


def read_object(source: Source) -> Mapping[str, Any]:
    """Parse a configuration.

    Raises:
        ValueError: it is no JSON object, or too large.
    """
    if source.size > LARGEST:
        raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
    (data,) = source.read([Range(0, source.size)])
    try:
        value = json.loads(bytes(data), parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError:
        raise ValueError("it is not valid JSON") from None
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004  bad input, no defect
    return value


def _no_constant(name: str) -> float:
    """Read NaN and Infinity, which some configurations hold though JSON has none."""
    return float(name.replace("Infinity", "inf"))

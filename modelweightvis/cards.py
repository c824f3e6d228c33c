"""Where a model says it comes from: the front matter of its card, the configuration of an adapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from arbvis_core.api import Document, Enricher, Priority, Range, Source
from modelweightvis.sidecars import read_object

CARD, ADAPTER = "README.md", "adapter_config.json"
#: Bytes of a card in which its front matter has to end.
LONGEST = 1 << 18


class OriginHook(Enricher):
    """Adds what stands beside a model of its origin, as `metadata["card"]` and `["adapter"]`."""

    name = "origin"
    priority: int = Priority.NORMAL

    def matches(self, document: Document, siblings: Sequence[Source]) -> bool:
        """Tell whether a card or an adapter's configuration lies in the document's folder."""
        return any(beside(document, siblings, name) for name in (CARD, ADAPTER))

    def enrich(self, document: Document, siblings: Sequence[Source]) -> Document:
        """Return the document with what they say, or with a warning."""
        told: dict[str, Any] = {}
        warnings = [*document.warnings]
        for key, name, read in (("card", CARD, read_card), ("adapter", ADAPTER, read_object)):
            source = beside(document, siblings, name)
            if source is None:
                continue
            try:
                told[key] = read(source)
            except ValueError as error:
                warnings.append(f"{source.name} is left out: {error}")
        metadata = {**document.metadata, **told}
        return replace(document, metadata=metadata, warnings=tuple(warnings))


def beside(document: Document, siblings: Sequence[Source], name: str) -> Source | None:
    """Return the file of this name in the document's folder, if there is one."""
    folders = {source.folder for source in document.sources}
    for source in siblings:
        if source.folder in folders and source.name.replace("\\", "/").split("/")[-1] == name:
            return source
    return None


def read_card(source: Source) -> Mapping[str, Any]:
    """Return what a model card says of its base: `base_model`, a list, and `base_model_relation`.

    Raises:
        ValueError: its front matter is not YAML.
    """
    import yaml

    (data,) = source.read([Range(0, min(source.size, LONGEST))])
    text = bytes(data).decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")
    if not text.startswith("---\n"):
        return {}
    front, end, _ = text[4:].partition("\n---")
    if not end:
        return {}
    try:
        found = yaml.load(front, Loader=yaml.BaseLoader)  # noqa: S506  it makes texts, lists, mappings
    except (yaml.YAMLError, RecursionError, ValueError):
        raise ValueError("its front matter is not valid YAML") from None
    if not isinstance(found, dict):
        return {}
    bases = found.get("base_model")
    bases = bases if isinstance(bases, list) else [bases]
    relation = found.get("base_model_relation")
    return {
        "base_model": [one for one in bases if isinstance(one, str) and one],
        "base_model_relation": relation if isinstance(relation, str) else None,
    }

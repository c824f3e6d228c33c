"""Models in safetensors files: one file, or many with an index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from arbvis_core.api import Document, Format, Group, Priority, Probe, Region, Source
from modelweightvis.formats.reading import (
    basename,
    has_suffix,
    listed,
    of_source,
    read,
    refuse_pointer,
)
from modelweightvis.formats.safetensors_header import (
    LONGEST,
    PRELUDE,
    Header,
    header_stop,
    parse_header,
)
from modelweightvis.formats.shards import Model, group_models
from modelweightvis.formats.tensors import (
    TENSOR_DECODERS,
    header_region,
    tensor_region,
    unknown_warnings,
)

SUFFIX = ".safetensors"


class SafetensorsFormatPlugin(Format):
    """Recognises safetensors by the length and the brace they begin with, or by their name."""

    name = "safetensors"
    priority = Priority.NORMAL
    decoders = TENSOR_DECODERS

    def matches(self, probe: Probe) -> bool:
        """Claim what begins with the length of a header and a brace, or is called so."""
        head = probe.head(PRELUDE + 2)
        if len(head) == PRELUDE + 2 and head[PRELUDE:] in {b'{"', b"{}", b"{ ", b"{\n"}:
            length = int.from_bytes(head[:PRELUDE], "little")
            if 2 <= length <= min(LONGEST, probe.size - PRELUDE):
                return True
        return has_suffix(probe, (SUFFIX,))

    def parse(self, group: Group) -> Sequence[Document]:
        """Return one document per model; only headers are read.

        Raises:
            FormatError: a file is damaged or cut short.
        """
        models = group_models(group.claimed, group.siblings, f"{SUFFIX}.index.json")
        return [_document(model) for model in models]


def _document(model: Model) -> Document:
    headers = [_header(source) for source in model.sources]
    homes, doubts = _homes(model, headers)
    regions = tuple(
        region
        for source, header in zip(model.sources, headers, strict=True)
        for region in _regions(source, header, homes)
    )
    pairs = {key: text for header in headers[::-1] for key, text in header.metadata.items()}
    return Document(
        name=model.name,
        format=SafetensorsFormatPlugin.name,
        sources=model.sources,
        regions=regions,
        metadata={"pairs": pairs, **model.facts()},
        warnings=(*model.warnings, *doubts, *unknown_warnings(model.name, regions)),
    )


def _header(source: Source) -> Header:
    with of_source(source):
        refuse_pointer(source)
        stop = header_stop(source.name, read(source, 0, PRELUDE), source.size)
        return parse_header(source.name, read(source, PRELUDE, stop), source.size)


def _homes(model: Model, headers: Sequence[Header]) -> tuple[dict[str, str], list[str]]:
    """Say which source shows which tensor, and what file and index disagree about."""
    homes: dict[str, str] = {}
    double: list[str] = []
    for source, header in zip(model.sources, headers, strict=True):
        for entry in header.entries:
            if entry.name in homes:
                double.append(entry.name)
            if homes.setdefault(entry.name, source.key) != source.key:
                wanted = model.index.get(entry.name) == basename(source)
                homes[entry.name] = source.key if wanted else homes[entry.name]
    warnings = [f"{model.name}: more than one file has {listed(double)}"] if double else []
    return homes, warnings + model.disagreements(homes)


def _regions(source: Source, header: Header, homes: Mapping[str, str]) -> Iterator[Region]:
    yield header_region(source.key, 0, header.stop)
    for entry in header.entries:
        if homes[entry.name] == source.key:
            extent = (source.key, entry.start, entry.stop)
            facts = {"dtype": entry.dtype}
            yield tensor_region(entry.name, entry.shape, entry.stored, extent, facts)

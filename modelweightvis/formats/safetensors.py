"""Models in safetensors files: one file, or many with an index."""

from __future__ import annotations

from arbvis_core.api import Document, Group, Probe, Source
from modelweightvis.formats.documents import Content, model_document
from modelweightvis.formats.fusion.fuse import fuse
from modelweightvis.formats.reading import of_source, read, refuse_pointer
from modelweightvis.formats.safetensors_header import LONGEST, PRELUDE, header_stop, parse_header
from modelweightvis.formats.shards import group_models
from modelweightvis.formats.tensors import header_regions

SUFFIX = ".safetensors"


def begins(probe: Probe) -> bool:
    """Tell whether a source begins with the length of a header and a brace."""
    head = probe.head(PRELUDE + 2)
    if len(head) < PRELUDE + 2 or head[PRELUDE:] not in {b'{"', b"{}", b"{ ", b"{\n"}:
        return False
    length = int.from_bytes(head[:PRELUDE], "little")
    return 2 <= length <= min(LONGEST, probe.size - PRELUDE)


def documents(group: Group) -> list[Document]:
    """Return one document per model; only headers are read.

    Raises:
        FormatError: a file is damaged or cut short.
    """
    return [
        fuse(
            model_document("safetensors", model, [_content(source) for source in model.sources]),
            group.siblings,
        )
        for model in group_models(group.claimed, group.siblings, SUFFIX)
    ]


def _content(source: Source) -> Content:
    with of_source(source):
        refuse_pointer(source)
        stop = header_stop(source.name, read(source, 0, PRELUDE), source.size)
        header = parse_header(source.name, read(source, PRELUDE, stop), source.size)
    regions = header_regions(source.key, header.stop, header.entries)
    return Content(source, regions, header.metadata)

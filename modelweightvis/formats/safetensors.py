"""Models in safetensors files: one file, or many with an index."""

from __future__ import annotations

from collections.abc import Sequence

from arbvis_core.api import Document, Format, Group, Priority, Probe, Source
from modelweightvis.formats.documents import Content, model_document
from modelweightvis.formats.reading import has_suffix, of_source, read, refuse_pointer
from modelweightvis.formats.safetensors_header import LONGEST, PRELUDE, header_stop, parse_header
from modelweightvis.formats.shards import group_models
from modelweightvis.formats.tensors import TENSOR_DECODERS, header_region, tensor_region

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
        return [
            model_document(self.name, model, [_content(source) for source in model.sources])
            for model in models
        ]


def _content(source: Source) -> Content:
    with of_source(source):
        refuse_pointer(source)
        stop = header_stop(source.name, read(source, 0, PRELUDE), source.size)
        header = parse_header(source.name, read(source, PRELUDE, stop), source.size)
    tensors = (
        tensor_region(
            entry.name,
            entry.shape,
            entry.stored,
            (source.key, entry.start, entry.stop),
            {"dtype": entry.dtype},
        )
        for entry in header.entries
    )
    return Content(source, (header_region(source.key, 0, header.stop), *tensors), header.metadata)

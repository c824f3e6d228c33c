"""Models in GGUF files: one file, or several that llama.cpp has split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from arbvis_core.api import Document, Group, Source
from modelweightvis.formats.documents import Content, model_document
from modelweightvis.formats.gguf_header import read_header
from modelweightvis.formats.reading import of_source
from modelweightvis.formats.shards import Model, group_models
from modelweightvis.formats.tensors import header_regions


def documents(group: Group) -> list[Document]:
    """Return one document per model; only headers are read.

    Raises:
        FormatError: a file is damaged, cut short, or of a version that cannot be read.
    """
    models = group_models(group.claimed, group.siblings, first_names_all=True)
    return [_document(model) for model in models]


def _document(model: Model) -> Document:
    contents = [_content(source) for source in model.sources]
    document = model_document("gguf", model, contents)
    warnings = (*_split_warnings(model, contents), *document.warnings)
    return replace(document, warnings=warnings)


def _content(source: Source) -> Content:
    with of_source(source):
        header = read_header(source)
    regions = header_regions(source.key, header.stop, header.entries)
    return Content(source, regions, header.pairs)


def _split_warnings(model: Model, contents: Sequence[Content]) -> Iterator[str]:
    """Say where the files' own numbers do not agree with their names."""
    expected = len(model.sources) + len(model.missing)
    for content in contents:
        number, count = (content.pairs.get(key) for key in ("split.no", "split.count"))
        if isinstance(number, int) and isinstance(count, int) and count not in {0, expected}:
            yield (
                f"{content.source.name} says that it is part {number + 1} of {count}, and "
                f"{expected} go by its name; what is in other files is missing from the picture"
            )

"""Models that PyTorch has saved: archives of a pickle and its storages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from arbvis_core.api import Document, Group, Source
from modelweightvis.formats.documents import Content, model_document
from modelweightvis.formats.fusion.fuse import fuse
from modelweightvis.formats.reading import basename, of_source, shown
from modelweightvis.formats.shards import group_models
from modelweightvis.formats.tensors import header_region
from modelweightvis.formats.torch_files import open_saved
from modelweightvis.formats.torch_marks import INDEXED, PICKLE
from modelweightvis.formats.torch_tensors import Found, named_tensors, tensor_regions

#: Files of a training that hold no weights, or tensors that are none.
_ASIDE = re.compile(
    r"(training_args|optimizer|scheduler|scaler|rng_state|global_step).*", re.IGNORECASE
)
#: What Meta calls the files of a model, each with a slice of every tensor.
_SLICE = re.compile(r"consolidated\.[0-9]{2,}\.pth")


def documents(group: Group) -> list[Document]:
    """Return one document per model; nothing is executed, and only pickles are read.

    Raises:
        FormatError: a file is damaged, cut short, or compressed.
    """
    slices = [one for one in (*group.claimed, *group.siblings) if _SLICE.fullmatch(basename(one))]
    return [
        fuse(
            model_document(
                "pytorch", model, [_content(source, len(slices)) for source in model.sources]
            ),
            group.siblings,
        )
        for model in group_models(group.claimed, group.siblings, INDEXED)
    ]


def _content(source: Source, slices: int) -> Content:
    """Return the tensors of a file, or why there are none; `slices` is how many there may be."""
    if aside := _ASIDE.fullmatch(basename(source)):
        return Content(source, (), warnings=(_skipped(source, f"it is a {aside[1].lower()} file"),))
    with of_source(source):
        saved = open_saved(source)
        if saved is None:
            why = "it is a plain pickle, not written by torch.save"
            return Content(source, (), warnings=(_skipped(source, why),))
        held = named_tensors(source.name, saved.value)
        found = saved.find({tensor.storage for tensor in held.tensors.values()})
        regions = tuple(tensor_regions(source.name, held.tensors, found))
    notes = [*_notes(source, held)]
    if slices > 1 and _SLICE.fullmatch(basename(source)):
        notes.append(
            f"{source.name} is one of {slices} slices of a model that was cut for as many "
            f"processors; slices are shown one by one, as they are stored"
        )
    header = header_region(source.key, saved.start, saved.stop, PICKLE)
    return Content(source, (header, *regions), warnings=tuple(notes))


def _notes(source: Source, held: Found) -> Iterator[str]:
    if not held.tensors:
        yield _skipped(source, "it holds no weights" + " that can be read" * bool(held.unread))
    elif held.training:
        yield f"{source.name}: {held.training} tensors of its training's state are left out"
    if held.unread:
        named = ", ".join(f"{shown(name)} ({kind})" for name, kind in [*held.unread.items()][:3])
        more = f" and {len(held.unread) - 3:,} more" if len(held.unread) > 3 else ""
        yield f"{source.name}: nothing is shown of tensors of kinds that are not read: {named}{more}"


def _skipped(source: Source, why: str) -> str:
    return f"{source.name} is passed over: {why}"

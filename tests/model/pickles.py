"""Files of PyTorch, read, and written by hand."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from arbvis_core.api import Document, Group
from arbvis_core.testing import MemorySource, region_values
from arbvis_core.testing.documents import decoders_with
from modelweightvis.formats import PickleFormatPlugin
from modelweightvis.formats.tensors import is_tensor

FORMAT = PickleFormatPlugin()
DECODERS = decoders_with(FORMAT)


def parse(files: Mapping[str, bytes]) -> Sequence[Document]:
    sources = [MemorySource(name, content) for name, content in files.items()]
    claimed = tuple(one for one in sources if not one.name.endswith(".json"))
    return FORMAT.parse(Group("memory", claimed, tuple(set(sources) - set(claimed))))


def parsed(content: bytes, name: str = "a.pth") -> Document:
    (document,) = parse({name: content})
    return document


def values(document: Document) -> dict[str, NDArray[np.float32]]:
    return {
        one.name: region_values(one, document.sources, DECODERS)
        for one in document.regions
        if is_tensor(one)
    }


def archive(program: bytes, **extra: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("archive/data.pkl", program)
        for name, content in extra.items():
            made.writestr(f"archive/{name}", content)
    return file.getvalue()


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()

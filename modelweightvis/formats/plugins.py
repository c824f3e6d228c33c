"""How the files that models come in are recognised.

What reads a format is imported when there is something to read: none of it is needed to say what
this program can do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from arbvis_core.api import Format, Priority
from modelweightvis.formats.reading import has_suffix
from modelweightvis.formats.tensors import TENSOR_DECODERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from arbvis_core.api import Document, Group, Probe


class SafetensorsFormatPlugin(Format):
    """Recognises safetensors by the length and the brace they begin with, or by their name.

    The index of a model's shards stands for all of them.
    """

    name = "safetensors"
    priority = Priority.NORMAL
    decoders = TENSOR_DECODERS

    def matches(self, probe: Probe) -> bool:
        """Claim what begins with the length of a header and a brace, what is called so, indexes."""
        from modelweightvis.formats.safetensors import SUFFIX, begins
        from modelweightvis.formats.shards import is_index

        return begins(probe) or has_suffix(probe, (SUFFIX,)) or is_index(probe.name, SUFFIX)

    def parse(self, group: Group) -> Sequence[Document]:
        """Return one document per model; only headers are read.

        Raises:
            FormatError: a file is damaged or cut short.
        """
        from modelweightvis.formats.safetensors import documents

        return documents(group)


class GgufFormatPlugin(Format):
    """Recognises GGUF by its magic, or by its name."""

    name = "gguf"
    priority = Priority.NORMAL
    decoders = TENSOR_DECODERS

    def matches(self, probe: Probe) -> bool:
        """Claim what begins with the magic, or is called so."""
        from modelweightvis.formats.gguf_header import MAGIC

        return probe.head(len(MAGIC)) == MAGIC or has_suffix(probe, (".gguf",))

    def parse(self, group: Group) -> Sequence[Document]:
        """Return one document per model; only headers are read.

        Raises:
            FormatError: a file is damaged, cut short, or of a version that cannot be read.
        """
        from modelweightvis.formats.gguf import documents

        return documents(group)


class PickleFormatPlugin(Format):
    """Recognises what `torch.save` writes, by its content, and pickles by their names as well."""

    name = "pytorch"
    priority = Priority.NORMAL
    decoders = TENSOR_DECODERS

    def matches(self, probe: Probe) -> bool:
        """Claim archives with a `data.pkl`, what is older, and pickles and indexes by name."""
        from modelweightvis.formats.shards import is_index
        from modelweightvis.formats.torch_marks import INDEXED, begins

        return begins(probe) or is_index(probe.name, INDEXED)

    def parse(self, group: Group) -> Sequence[Document]:
        """Return one document per model; nothing is executed, and only pickles are read.

        Raises:
            FormatError: a file is damaged, cut short, or compressed.
        """
        from modelweightvis.formats.pytorch import documents

        return documents(group)


class NpzFormatPlugin(Format):
    """Recognises archives of arrays by their first member, or by their name."""

    name = "npz"
    priority = Priority.NORMAL
    decoders = TENSOR_DECODERS

    def matches(self, probe: Probe) -> bool:
        """Claim archives whose first member is an array, and archives that are called so."""
        from modelweightvis.formats.zips import MAGIC, first_name

        head = probe.head(512)
        return first_name(head).endswith(".npy") or (
            head.startswith(MAGIC) and has_suffix(probe, (".npz",))
        )

    def parse(self, group: Group) -> Sequence[Document]:
        """Return one document per file; only headers are read.

        Raises:
            FormatError: a file is damaged, cut short, or all of it is compressed.
        """
        from modelweightvis.formats.npz import documents

        return documents(group)

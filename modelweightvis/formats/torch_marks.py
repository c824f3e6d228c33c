"""What `torch.save` writes, told by names and first bytes: every file of a folder is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelweightvis.formats.reading import has_suffix
from modelweightvis.formats.zips import MAGIC, first_name

if TYPE_CHECKING:
    from arbvis_core.api import Probe

#: How the names of shards end that an index may list.
INDEXED = ".bin"
SUFFIXES = (".bin", ".pth", ".pt", ".ckpt")
#: The pickle in an archive.
PICKLE = "data.pkl"
#: The number that files before PyTorch 1.6 begin with, as it is pickled, and where it stands.
LEGACY, WITHIN = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19", 32
#: How a bare pickle begins.
PICKLED = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))


def begins(probe: Probe) -> bool:
    """Tell archives with a `data.pkl`, files from before PyTorch 1.6, and pickles by their name."""
    head = probe.head(512)
    if is_legacy(head) or first_name(head).endswith(f"/{PICKLE}"):
        return True
    if not has_suffix(probe, SUFFIXES):
        return False
    if head.startswith(MAGIC):
        return PICKLE.encode() in probe.tail(64 << 10)
    return head.startswith(PICKLED)


def is_legacy(head: bytes) -> bool:
    """Tell whether a file is from before PyTorch 1.6.

    Args:
        head: its beginning.
    """
    return head.startswith(PICKLED) and LEGACY in head[:WITHIN]

"""Everything that modelweightvis adds to arbvis, on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arbvis_core import hookimpl
from modelweightvis.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from arbvis_core.protocols import Format


@hookimpl
def arbvis_formats() -> Sequence[Format]:
    """Checkpoints: safetensors, GGUF, PyTorch, npz."""
    return FORMATS

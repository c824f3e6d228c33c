"""Everything that modelweightvis adds to arbvis, on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arbvis_core import hookimpl

if TYPE_CHECKING:
    from arbvis_core.protocols import Format


@hookimpl
def arbvis_formats() -> list[Format]:
    """Checkpoints: none yet."""
    return []

"""Teaches arbvis the arrays of `.npy` files."""

from __future__ import annotations

from arbvis_core.api import hookimpl
from arbvis_npy.format import NpyFormat


@hookimpl
def arbvis_formats() -> list[NpyFormat]:
    """Arrays that numpy has saved."""
    return [NpyFormat()]

"""Tensor names, understood: stack, layer, role, expert and one canonical name for all schemes."""

from __future__ import annotations

from modelweightvis.names.parse import parse_names
from modelweightvis.names.values import Name

__all__ = ["Name", "parse_names"]

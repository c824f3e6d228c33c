"""How tensors are coloured: by sign and magnitude at 1:1, by what lies under a pixel above."""

from __future__ import annotations

from modelweightvis.render.cells import CellRenderer
from modelweightvis.render.differences import DifferenceRenderer
from modelweightvis.render.elements import ElementRenderer

#: What is handed to the registry.
RENDERERS = (ElementRenderer(), DifferenceRenderer(), CellRenderer())

__all__ = ["RENDERERS", "CellRenderer", "DifferenceRenderer", "ElementRenderer"]

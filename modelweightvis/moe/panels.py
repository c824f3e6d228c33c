"""Which tensor, or which part of one, is which expert of which layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from arbvis_core.slotted import dataclass

if TYPE_CHECKING:
    from modelweightvis.tensors import Tensor

#: Panels in their order; what else a model has comes after them.
ORDER = ("gate", "up", "gate_up", "down", "router")


class Cell(NamedTuple):
    """Where an expert's figures come from: a tensor, or a numbered cut of one."""

    tensor: str
    cut: int | None


@dataclass(frozen=True, slots=True)
class Panel:
    """One heat map.

    Attributes:
        name: the projection, or `router`.
        layers: of its rows.
        experts: how many columns it has.
        cells: by (row, column); what is missing is missing.
    """

    name: str
    layers: tuple[int, ...]
    experts: int
    cells: Mapping[tuple[int, int], Cell]

    def matching(self, match: str | None) -> Panel:
        """Return the panel, as large, with the cells of tensors whose name matches a glob."""
        from modelweightvis.tensors import matches

        kept = {place: one for place, one in self.cells.items() if matches(match, one.tensor)}
        return replace(self, cells=kept)


def panels_of(tensors: Sequence[Tensor]) -> list[Panel]:
    """Return a panel per projection, and one for the router; none for a dense model."""
    found: dict[str, dict[tuple[int, int], Cell]] = {}
    for tensor in tensors:
        name = tensor.name
        group, _, word = name.role.partition(".")
        if name.layer is None or name.kind != "weight" or name.part:
            continue
        if group == "experts" and name.expert is not None:
            cell = Cell(tensor.region.name, None)
            found.setdefault(word, {})[name.layer, name.expert] = cell
        elif cuts := cuts_of(tensor):
            words = ("gate", "up") if "parts" in cuts else (word or "router",)
            for number in range(cuts["count"]):
                expert, part = divmod(number, len(words))
                panel = found.setdefault(words[part], {})
                panel[name.layer, expert] = Cell(tensor.region.name, number)
    experts = max((expert for name, cells in found.items() for _, expert in cells), default=-1) + 1
    if not any(name != "router" for name in found):
        return []
    return [_panel(name, found[name], experts) for name in sorted(found, key=_rank)]


def cuts_of(tensor: Tensor) -> dict[str, Any] | None:
    """Return how a bank of experts, or a router, is cut into experts; None for any other tensor.

    A bank of gate and up projections is cut in two within each expert: gate comes first.
    """
    group, _, word = tensor.name.role.partition(".")
    shape = tensor.region.shape
    if group == "experts" and tensor.name.expert is None and len(shape) == 3:
        if word == "gate_up" and shape[1] % 2 == 0:
            half = shape[1] // 2
            return {"axis": 0, "size": 1, "count": 2 * shape[0], "parts": 2, "part_size": half}
        return {"axis": 0, "size": 1, "count": shape[0]}
    if tensor.name.role == "router" and len(shape) == 2:
        return {"axis": 0, "size": 1, "count": shape[0]}
    return None


def _panel(name: str, cells: Mapping[tuple[int, int], Cell], experts: int) -> Panel:
    layers = tuple(sorted({layer for layer, _ in cells}))
    rows = {layer: row for row, layer in enumerate(layers)}
    placed = {(rows[layer], expert): cell for (layer, expert), cell in cells.items()}
    return Panel(name, layers, experts, placed)


def _rank(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)

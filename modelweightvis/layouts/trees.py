"""Models without repeated blocks: packed by the tree that their names make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from modelweightvis.layouts.forms import gap_of
from modelweightvis.layouts.panels import ASPECT, Panel, gathered, outlined
from modelweightvis.layouts.stacks import banner

if TYPE_CHECKING:
    from modelweightvis.tensors import Tensor

#: So many tensors are packed as one; with more, their names divide them.
_TOGETHER: Final = 40
#: So many things are packed at once.
_MOST: Final = 48


def tree_panel(tensors: Sequence[Tensor], aspect: float = ASPECT) -> Panel:
    """Return tensors packed by the words of their names, at about an aspect."""
    paths = [tuple(one.name.source.split(".")[:-1]) for one in tensors]
    return _branch(tensors, paths, 0, aspect)


def _branch(
    tensors: Sequence[Tensor], paths: Sequence[tuple[str, ...]], depth: int, aspect: float
) -> Panel:
    if len(tensors) <= _TOGETHER:
        return banner(tensors, 0, aspect)
    depth = _common(paths, depth)
    branches: dict[tuple[str, ...], list[int]] = {}
    for number, path in enumerate(paths):
        branches.setdefault(path[: depth + 1], []).append(number)
    if len(branches) == 1:
        return _flat(tensors, aspect)
    panels = []
    for path, numbers in branches.items():
        panel = _branch([tensors[n] for n in numbers], [paths[n] for n in numbers], depth + 1, 1.0)
        panels.append(outlined(panel, ".".join(path) or "tensors", "module"))
    return _together(panels, aspect)


def _common(paths: Sequence[tuple[str, ...]], depth: int) -> int:
    """Return how many words all names begin with."""
    first, last = min(paths), max(paths)
    while depth < min(len(first), len(last)) and first[depth] == last[depth]:
        depth += 1
    return depth


def _flat(tensors: Sequence[Tensor], aspect: float) -> Panel:
    runs = [tensors[at : at + _MOST] for at in range(0, len(tensors), _MOST)]
    if len(runs) == 1:
        return banner(tensors, 0, aspect)
    return _together([banner(run, 0, 1.0) for run in runs], aspect)


def _together(panels: Sequence[Panel], aspect: float) -> Panel:
    """Return panels packed, in runs where they are many."""
    while len(panels) > _MOST:
        runs = [panels[at : at + _MOST] for at in range(0, len(panels), _MOST)]
        panels = [_packed(run, 1.0) for run in runs]
    return _packed(panels, aspect)


def _packed(panels: Sequence[Panel], aspect: float) -> Panel:
    return gathered(panels, gap_of(max(max(one.width, one.height) for one in panels)), aspect)

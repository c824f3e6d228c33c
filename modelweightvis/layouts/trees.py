"""Models without repeated blocks: packed by the tree that their names make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from modelweightvis.layouts.forms import gap_of
from modelweightvis.layouts.sketches import ASPECT, Sketch, gathered, outlined
from modelweightvis.layouts.stacks import banner

if TYPE_CHECKING:
    from modelweightvis.tensors import Tensor

#: So many tensors are packed as one; with more, their names divide them.
_TOGETHER: Final = 40
#: So many things are packed at once.
_MOST: Final = 48
#: The aspects that a branch of the tree may take.
_ASPECTS: Final = (1.0, 2.0, 0.5)


def tree_forms(tensors: Sequence[Tensor], aspect: float = ASPECT) -> list[Sketch]:
    """Return what tensors may look like that are packed by the words of their names."""
    paths = [tuple(one.name.source.split(".")[:-1]) for one in tensors]
    return _branch(tensors, paths, 0, (aspect,))


def _branch(
    tensors: Sequence[Tensor],
    paths: Sequence[tuple[str, ...]],
    depth: int,
    aspects: Sequence[float] = _ASPECTS,
) -> list[Sketch]:
    if len(tensors) <= _TOGETHER:
        return [banner(tensors, 0, aspect) for aspect in aspects]
    depth = _common(paths, depth)
    branches: dict[tuple[str, ...], list[int]] = {}
    for number, path in enumerate(paths):
        branches.setdefault(path[: depth + 1], []).append(number)
    if len(branches) == 1:
        runs = [tensors[at : at + _TOGETHER] for at in range(0, len(tensors), _TOGETHER)]
        return _together([[banner(run, 0, one) for one in _ASPECTS] for run in runs], aspects)
    choices = []
    for path, numbers in branches.items():
        inner = [tensors[n] for n in numbers], [paths[n] for n in numbers]
        name = ".".join(path) or "tensors"
        choices.append([outlined(form, name, "module") for form in _branch(*inner, depth + 1)])
    return _together(choices, aspects)


def _common(paths: Sequence[tuple[str, ...]], depth: int) -> int:
    """Return how many words all names begin with."""
    first, last = min(paths), max(paths)
    while depth < min(len(first), len(last)) and first[depth] == last[depth]:
        depth += 1
    return depth


def _together(choices: Sequence[Sequence[Sketch]], aspects: Sequence[float]) -> list[Sketch]:
    """Return things packed, in runs where they are many."""
    while len(choices) > _MOST:
        runs = [choices[at : at + _MOST] for at in range(0, len(choices), _MOST)]
        choices = [_packed(run, _ASPECTS) for run in runs]
    return _packed(choices, aspects)


def _packed(choices: Sequence[Sequence[Sketch]], aspects: Sequence[float]) -> list[Sketch]:
    gap = gap_of(max(max(forms[0].width, forms[0].height) for forms in choices))
    return [gathered(choices, gap, aspect) for aspect in aspects]

"""Models without repeated blocks: packed by the tree that their names make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from modelweightvis.layouts.forms import gap_of
from modelweightvis.layouts.sketches import ASPECT, Sketch, gathered, outlined
from modelweightvis.layouts.slots import natural
from modelweightvis.layouts.stacks import patches

if TYPE_CHECKING:
    from modelweightvis.tensors import Tensor

#: So many tensors are packed as one; with more, their names divide them.
_TOGETHER: Final = 40
#: So many things are packed at once.
_MOST: Final = 48
#: With fewer tensors to a branch than this, many branches are not told apart.
_SPARSE: Final = 4
#: With more tensors than this, less is tried.
_MANY: Final = 2000


class _Effort(NamedTuple):
    """How much is tried: less where there are many tensors.

    Attributes:
        aspects: that a branch may take.
        widths: that are tried of a branch.
    """

    aspects: tuple[float, ...] = (1.0, 2.0, 0.5)
    widths: int = 5


def tree_forms(tensors: Sequence[Tensor], aspects: Sequence[float] = (ASPECT,)) -> list[Sketch]:
    """Return tensors packed by the words of their names, at about each of several aspects."""
    tensors = sorted(tensors, key=lambda one: natural(one.name.source))
    paths = [tuple(one.name.source.split(".")[:-1]) for one in tensors]
    effort = _Effort() if len(tensors) <= _MANY else _Effort((1.0,), 3)
    return _branch(tensors, paths, 0, aspects, effort)


def _branch(
    tensors: Sequence[Tensor],
    paths: Sequence[tuple[str, ...]],
    depth: int,
    aspects: Sequence[float],
    effort: _Effort,
) -> list[Sketch]:
    depth = _common(paths, depth)
    branches: dict[tuple[str, ...], list[int]] = {}
    for number, path in enumerate(paths):
        branches.setdefault(path[: depth + 1], []).append(number)
    flat = len(branches) > _MOST and len(tensors) < _SPARSE * len(branches)
    if len(tensors) <= _TOGETHER or len(branches) == 1 or flat:
        return patches(tensors, aspects, effort.widths)
    choices = []
    for path, numbers in branches.items():
        inner = [tensors[n] for n in numbers], [paths[n] for n in numbers]
        forms = _branch(*inner, depth + 1, effort.aspects, effort)
        name = ".".join(path) or "tensors"
        choices.append([outlined(form, name, "module") for form in forms])
    return _together(choices, aspects, effort)


def _common(paths: Sequence[tuple[str, ...]], depth: int) -> int:
    """Return how many words all names begin with."""
    first, last = min(paths), max(paths)
    while depth < min(len(first), len(last)) and first[depth] == last[depth]:
        depth += 1
    return depth


def _together(
    choices: Sequence[Sequence[Sketch]], aspects: Sequence[float], effort: _Effort
) -> list[Sketch]:
    """Return things packed, in runs where they are many."""
    while len(choices) > _MOST:
        runs = [choices[at : at + _MOST] for at in range(0, len(choices), _MOST)]
        choices = [_packed(run, effort.aspects) for run in runs]
    return _packed(choices, aspects)


def _packed(choices: Sequence[Sequence[Sketch]], aspects: Sequence[float]) -> list[Sketch]:
    gap = gap_of(max(max(forms[0].width, forms[0].height) for forms in choices))
    return [gathered(choices, gap, aspect) for aspect in aspects]

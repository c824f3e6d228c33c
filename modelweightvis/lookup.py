"""From what somebody types to a tensor, or to what was perhaps meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from arbvis_core.api import UsageError
from modelweightvis.formats.reading import shown
from modelweightvis.names import parse_names

if TYPE_CHECKING:
    from modelweightvis.lazy import LazyTensor
    from modelweightvis.names import Name

#: Names that are suggested, and names that are compared letter by letter.
FEW, COMPARED = 3, 200
#: Letters of what was typed that are looked at.
LONGEST = 300


class UnknownTensorError(UsageError, KeyError):
    """A model has no tensor of this name."""

    __str__ = Exception.__str__


def unknown(key: str, known: Mapping[str, LazyTensor], where: str) -> UnknownTensorError:
    """Return the error that says so, with the nearest names.

    Args:
        key: what was asked for.
        known: the tensors there are.
        where: what the model is called.
    """
    close = nearest(key, known)
    hint = f"; did you mean {_either(close)}?" if close else ""
    return UnknownTensorError(f"{where} has no tensor {shown(key)}{hint}")


def nearest(key: str, known: Mapping[str, LazyTensor]) -> list[str]:
    """Return the names that were perhaps meant, the likeliest first."""
    key = key[:LONGEST]
    same = _same_place(key, known)
    inside = [name for name in known if key and key in name]
    words = _words(key)
    alike = sorted(known, key=lambda name: -len(words & _words(name[:LONGEST])))[:COMPARED]
    close = difflib.get_close_matches(key, alike, FEW, cutoff=0.6)
    return [*dict.fromkeys([*same, *inside[:FEW], *close])][:FEW]


def _same_place(key: str, known: Mapping[str, LazyTensor]) -> Iterable[str]:
    """Yield the tensors that another naming scheme calls so."""
    (meant,) = parse_names([key])
    if meant.layer is None and meant.role in {"outside", "other"}:
        return
    for name, tensor in known.items():
        if _place(tensor.tensor.name) == _place(meant):
            yield name


def _place(name: Name) -> tuple[object, ...]:
    return name.layer, name.role, name.kind, name.part, name.expert


def _words(name: str) -> set[str]:
    return set(re.findall(r"[a-z]+|[0-9]+", name.lower()))


def _either(names: Sequence[str]) -> str:
    *others, last = [shown(name) for name in names]
    return f"{', '.join(others)} or {last}" if others else last

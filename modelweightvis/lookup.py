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
    lower = key.lower()
    inside = [name for name in known if lower and lower in name.lower()]
    words = _words(key)
    alike = sorted(known, key=lambda name: -len(words & _words(name[:LONGEST])))[:COMPARED]
    cased = {name.lower(): name for name in reversed(alike)}
    close = [cased[one] for one in difflib.get_close_matches(lower, cased, FEW, cutoff=0.6)]
    found = dict.fromkeys([*same, *inside[:FEW], *close])
    return [*(found or dict.fromkeys(_by_part(lower, known)))][:FEW]


def _by_part(lower: str, known: Iterable[str]) -> Iterable[str]:
    """Yield the tensors that have what was typed, or almost, between two dots of their names."""
    parts: dict[str, str] = {}
    for name in known:
        for part in name[:LONGEST].lower().split("."):
            if len(parts) < 10 * COMPARED:
                parts.setdefault(part, name)
    for part in difflib.get_close_matches(lower, parts, FEW, cutoff=0.7):
        yield parts[part]


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

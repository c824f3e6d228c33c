"""Lists of what is placed: filtered, sorted by any figure, page by page; and by a few letters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from math import isfinite, prod
from typing import TYPE_CHECKING, Any

from arbvis_core.errors import UsageError
from arbvis_core.server.elements import Elements
from arbvis_core.values import parts_of

if TYPE_CHECKING:
    from arbvis_core.server.scenes import LiveScene
    from arbvis_core.values import Label, Placement

#: What a row says beside its figures.
COLUMNS = ("name", "role", "layer", "expert", "dtype", "elements", "bytes", "bits_per_weight")
#: Rows of a page: at most, and by default.
MOST, PAGE = 1000, 100
#: What a search finds.
FOUND = 50

Row = Mapping[str, Any]


class Listing:
    """The placements of one scene, as rows."""

    def __init__(self, scene: LiveScene) -> None:
        self._scene = scene

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        return [row_of(one) for one in self._scene.plan.placements]

    @cached_property
    def _texts(self) -> list[str]:
        return [
            " ".join(str(row[name]) for name in ("name", "role", "dtype") if row[name]).lower()
            for row in self._rows
        ]

    def page(
        self, words: str, key: str | None, *, descending: bool, offset: int, limit: int
    ) -> dict[str, Any]:
        """Return some of the rows that have every word, in an order; figures as far as measured.

        Raises:
            UsageError: there is no such column to sort by.
        """
        figures = self._scene.figures
        complete = figures.complete  # before its figures are asked for: it may become so meanwhile
        measured = figures.summary().get("placements", {})
        wanted = words.lower().split()
        placed, shown = self._scene.plan.placements, slice(offset, offset + limit)
        if not wanted and key is None:  # what a page asks for first, while its tiles are drawn
            total, rows = len(placed), [row_of(one) for one in placed[shown]]
        else:
            chosen = self._with(wanted)
            if key is not None:
                self._check(key, measured)
                chosen = ordered(chosen, key, measured, descending=descending)
            total, rows = len(chosen), chosen[shown]
        return {
            "total": total,
            "offset": offset,
            "complete": complete,
            "measured": len(measured),
            "tensors": [
                {**row, "stats": measured.get(row["name"], {}).get("stats", {})} for row in rows
            ],
        }

    @cached_property
    def _figures(self) -> frozenset[str]:
        return Elements(self._scene).figures()

    def _check(self, key: str, measured: Mapping[str, Any]) -> None:
        """Refuse to sort by what there is not; what nothing is known of may come to be."""
        if key in COLUMNS:
            return
        known = {name for one in measured.values() for name in one.get("stats", {})} | self._figures
        if known and key not in known:
            names = ", ".join((*COLUMNS, *sorted(known)))
            raise UsageError(f"sort is one of {names}, not {key[:64]!r}")

    def _with(self, wanted: Sequence[str]) -> list[dict[str, Any]]:
        """Return the rows that have every word."""
        return [
            row
            for row, text in zip(self._rows, self._texts, strict=True)
            if all(word in text for word in wanted)
        ]


def row_of(placement: Placement) -> dict[str, Any]:
    """Return what is known of a placement before it was measured."""
    region, box = placement.region, placement.box
    size, elements = sum(part.stop - part.start for part in parts_of(region)), prod(region.shape)
    bits = 8 * size / elements if elements else None
    told = {name: placement.attributes.get(name) for name in ("role", "layer", "expert", "dtype")}
    return {
        "name": placement.name,
        **told,
        "shape": list(region.shape),
        "elements": elements,
        "bytes": size,
        "bits_per_weight": placement.attributes.get("bits_per_weight", bits),
        "x": box.x,
        "y": box.y,
        "width": box.width,
        "height": box.height,
    }


def ordered(
    rows: Sequence[Row], key: str, measured: Mapping[str, Any], *, descending: bool
) -> list[Any]:
    """Return rows by a column or a figure; those of which it is not known come last."""
    if key in COLUMNS:
        values = [row[key] for row in rows]
    else:
        values = [measured.get(row["name"], {}).get("stats", {}).get(key) for row in rows]
    pairs = [*zip(values, rows, strict=True)]
    there = [pair for pair in pairs if _sortable(pair[0])]
    there.sort(key=lambda pair: _rank(pair[0]), reverse=descending)
    return [row for _, row in there] + [row for value, row in pairs if not _sortable(value)]


def _sortable(value: Any) -> bool:
    return isinstance(value, str | int) or (isinstance(value, float) and isfinite(value))


def _rank(value: Any) -> tuple[bool, Any]:
    return isinstance(value, str), value


def search(scenes: Iterable[LiveScene], text: str) -> list[dict[str, Any]]:
    """Return the placements and labels that letters fit best, the best first."""
    wanted = " ".join(text.lower().split())
    found: list[tuple[float, int, str, dict[str, Any]]] = []
    for scene in scenes:
        kinds: tuple[tuple[str, Sequence[Placement | Label]], ...] = (
            ("tensor" if scene.plan.canvas.curve is None else "file", scene.plan.placements),
            ("label", scene.plan.labels),
        )
        for kind, some in kinds:
            for one in some:
                score = fit(wanted, one.name.lower())
                if score is not None:
                    place = one.box._asdict()
                    result = {"scene": scene.plan.key, "kind": kind, "name": one.name, **place}
                    found.append((-score, len(one.name), one.name, result))
    found.sort(key=lambda one: one[:3])
    return [{**result, "score": round(-score, 4)} for score, _, _, result in found[:FOUND]]


def fit(wanted: str, name: str) -> float | None:
    """Return how well letters fit a name, from 0 to 1; None if they are not in it in this order."""
    if not wanted:
        return None
    if wanted == name:
        return 1.0
    share = len(wanted) / max(len(name), 1)
    at = name.find(wanted)
    if at >= 0:
        whole = at == 0 or not name[at - 1].isalnum()
        return 0.8 + 0.1 * whole + 0.1 * min(1.0, share)
    words = wanted.split()
    if len(words) > 1 and all(word in name for word in words):
        return 0.7 + 0.1 * min(1.0, share)
    position, first = -1, -1
    for letter in wanted.replace(" ", ""):
        position = name.find(letter, position + 1)
        if position < 0:
            return None
        first = position if first < 0 else first
    return 0.6 * len(wanted.replace(" ", "")) / (position - first + 1)

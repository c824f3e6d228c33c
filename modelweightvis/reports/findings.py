"""What a model has that people look for: each finding names the rule that found it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelweightvis.reports.duplicates import duplicates_of
from modelweightvis.reports.rules import BY_KIND, KURTOSIS
from modelweightvis.reports.supers import candidates_of

if TYPE_CHECKING:
    from arbvis_core.api import ScenePlan
    from modelweightvis.reports.rows import Row

Finding = dict[str, Any]


def findings_of(
    scene: ScenePlan, rows: Sequence[Row], summary: Mapping[str, Any], *, complete: bool = True
) -> list[Finding]:
    """Return what stands out of a model, the gravest first.

    Args:
        scene: of the model.
        rows: what was measured of its tensors.
        summary: the same, as `stats.json` has it.
        complete: all of it was measured, so that tensors can be compared with each other; some of
            them are read for it.
    """
    measured = summary.get("placements", {})
    found = list(_values(rows))
    for row in rows:
        found += _heads(row, measured.get(row["name"], {}).get("heads"))
        found += _channels(row, measured.get(row["name"], {}).get("profile"))
    if complete:
        found += _copies(scene, rows)
        found += _supers(scene, rows)
    order = [*BY_KIND]
    return sorted(found, key=lambda one: order.index(one["kind"]))


def _finding(kind: str, tensors: Sequence[str], text: str, axis: str = "") -> Finding:
    rule = BY_KIND[kind].text.format(axis=axis)
    return {"kind": kind, "tensors": list(tensors), "rule": rule, "text": text}


def _values(rows: Sequence[Row]) -> Iterator[Finding]:
    for row in rows:
        name = row["name"]
        if row["non_finite"]:
            text = f"{name}: {row['non_finite']:,} of {row['count']:,} values are NaN or infinite"
            yield _finding("non-finite", [name], text)
        if row["zeros"] == 1.0:
            yield _finding("zero tensor", [name], f"{name}: every value is zero")
        heavy = row["kurtosis"] is not None and row["kurtosis"] > KURTOSIS
        if heavy and len(row["shape"]) > 1:
            yield _finding("heavy tail", [name], f"{name}: the kurtosis is {row['kurtosis']:.4g}")


def _copies(scene: ScenePlan, rows: Sequence[Row]) -> Iterator[Finding]:
    for group in duplicates_of(scene, rows):
        yield _finding("duplicate", group, f"{' and '.join(group[:4])} hold the same values")


def _supers(scene: ScenePlan, rows: Sequence[Row]) -> Iterator[Finding]:
    for one in candidates_of(scene, rows):
        at = ", ".join(map(str, one.index))
        text = (
            f"{one.tensor}: [{at}] is {one.value:.4g}, {one.ratio:.3g} times the rms; "
            f"{one.usual:.3g} times is usual for the largest"
        )
        yield {**_finding("super-weight candidate", [one.tensor], text), "index": list(one.index)}


def _heads(row: Row, heads: Mapping[str, Any] | None) -> Iterator[Finding]:
    shares = heads.get("zeros", []) if heads else []
    dead = [number for number, share in enumerate(shares) if share == 1.0]
    if dead and row["zeros"] != 1.0:
        text = f"{row['name']}: {_listed('head', dead)} all zero"
        yield _finding("dead head", [row["name"]], text)


def _channels(row: Row, profile: Mapping[str, Any] | None) -> Iterator[Finding]:
    if profile is None or row["zeros"] == 1.0:
        return
    for axis in ("rows", "columns"):
        facts = profile[axis]
        if facts["zero"]:
            word = axis if facts["zero"] > 1 else axis[:-1]
            verb = "are" if facts["zero"] > 1 else "is"
            text = f"{row['name']}: {facts['zero']:,} {word} {verb} all zero"
            yield _finding(f"zero {axis}", [row["name"]], text)
        if facts["outliers"]:
            shown = ", ".join(f"{at} ({ratio:.3g}×)" for at, ratio in facts["largest"][:3])
            more = facts["outliers"] - min(3, len(facts["largest"]))
            text = f"{row['name']}: {axis} {shown}{f' and {more:,} more' if more else ''}"
            yield _finding("outlier channel", [row["name"]], text, axis[:-1])


def _listed(word: str, numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:8])) + (" …" if len(numbers) > 8 else "")
    return f"{word} {shown} is" if len(numbers) == 1 else f"{word}s {shown} are"

"""What a model has that people look for: each finding names the rule that found it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelweightvis.reports.duplicates import duplicates_of

if TYPE_CHECKING:
    from arbvis_core.api import ScenePlan
    from modelweightvis.reports.rows import Row

#: A kurtosis that is extreme; a normal distribution has 3.
KURTOSIS = 30.0
#: Roles of which a heavy tail says nothing: they are few values, far from random.
_PLAIN = ("norm", "bias")

Finding = dict[str, Any]


def findings_of(
    scene: ScenePlan, rows: Sequence[Row], summary: Mapping[str, Any], *, copies: bool = True
) -> list[Finding]:
    """Return what stands out of a model, the gravest first.

    Args:
        scene: of the model.
        rows: what was measured of its tensors.
        summary: the same, as `stats.json` has it.
        copies: look for tensors that are one another's copies, which are read for it.
    """
    measured = summary.get("placements", {})
    found = list(_values(rows))
    for row in rows:
        found += _heads(row, measured.get(row["name"], {}).get("heads"))
        found += _channels(row, measured.get(row["name"], {}).get("profile"))
    found += [
        _finding(
            "duplicate",
            group,
            "the same values in the same order",
            f"{' and '.join(group[:4])} hold the same values",
        )
        for group in (duplicates_of(scene, rows) if copies else ())
    ]
    order = ("non-finite", "zero tensor", "dead head", "zero rows", "zero columns", "duplicate")
    return sorted(
        found, key=lambda one: order.index(one["kind"]) if one["kind"] in order else len(order)
    )


def _finding(kind: str, tensors: Sequence[str], rule: str, text: str) -> Finding:
    return {"kind": kind, "tensors": list(tensors), "rule": rule, "text": text}


def _values(rows: Sequence[Row]) -> Iterator[Finding]:
    for row in rows:
        name = row["name"]
        if row["non_finite"]:
            text = f"{name}: {row['non_finite']:,} of {row['count']:,} values are NaN or infinite"
            yield _finding("non-finite", [name], "any value is NaN or infinite", text)
        if row["zeros"] == 1.0:
            yield _finding(
                "zero tensor", [name], "all values are zero", f"{name}: every value is zero"
            )
        heavy = row["kurtosis"] is not None and row["kurtosis"] > KURTOSIS
        if heavy and len(row["shape"]) > 1:
            text = f"{name}: the kurtosis is {row['kurtosis']:.4g}"
            rule = f"kurtosis of a matrix above {KURTOSIS:g} (3 is normal)"
            yield _finding("heavy tail", [name], rule, text)


def _heads(row: Row, heads: Mapping[str, Any] | None) -> Iterator[Finding]:
    shares = heads.get("zeros", []) if heads else []
    dead = [number for number, share in enumerate(shares) if share == 1.0]
    if dead and row["zeros"] != 1.0:
        text = f"{row['name']}: {_listed('head', dead)} all zero"
        yield _finding("dead head", [row["name"]], "all values of a head are zero", text)


def _channels(row: Row, profile: Mapping[str, Any] | None) -> Iterator[Finding]:
    if profile is None or row["zeros"] == 1.0:
        return
    from modelweightvis.render.profiles import OUTLIER

    for axis in ("rows", "columns"):
        facts = profile[axis]
        if facts["zero"]:
            word = axis if facts["zero"] > 1 else axis[:-1]
            verb = "are" if facts["zero"] > 1 else "is"
            text = f"{row['name']}: {facts['zero']:,} {word} {verb} all zero"
            rule = f"all values of a {axis[:-1]} are zero"
            yield _finding(f"zero {axis}", [row["name"]], rule, text)
        if facts["outliers"]:
            shown = ", ".join(f"{at} ({ratio:.3g}×)" for at, ratio in facts["largest"][:3])
            more = facts["outliers"] - min(3, len(facts["largest"]))
            text = f"{row['name']}: {axis} {shown}{f' and {more:,} more' if more else ''}"
            rule = f"rms of a {axis[:-1]} above {OUTLIER:g} times the median of its tensor"
            yield _finding("outlier channel", [row["name"]], rule, text)


def _listed(word: str, numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:8])) + (" …" if len(numbers) > 8 else "")
    return f"{word} {shown} is" if len(numbers) == 1 else f"{word}s {shown} are"

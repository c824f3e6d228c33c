"""What tensors amount to together: computed from sums, never as means of means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import log10, sqrt
from typing import Any, TypeVar

from modelweightvis.reports.rows import Row, elements, one_sided

T = TypeVar("T")


def by(key: Callable[[T], Any], rows: Iterable[T]) -> dict[Any, list[T]]:
    """Return the rows of every key, in the order in which keys come up."""
    held: dict[Any, list[T]] = {}
    for row in rows:
        held.setdefault(key(row), []).append(row)
    return held


def of_two(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the figures of all pairs as if they were one pair.

    Sizes are those of the tensors that were compared, on either side.
    """
    pairs = [row for row in rows if not one_sided(row)]
    count = sum(row["count"] for row in pairs)
    squares = sum(row["count"] * row["base_rms"] ** 2 for row in pairs)
    others = sum(row["count"] * row["other_rms"] ** 2 for row in pairs)
    noise = sum(row["count"] * row["rms"] ** 2 for row in pairs)
    delta = sum(row["count"] * row["mean"] for row in pairs)
    products = sum(
        (row["cosine"] or 0.0) * row["count"] * row["base_rms"] * row["other_rms"] for row in pairs
    )
    worst = max(pairs, key=lambda row: row["max_abs"], default=None)
    mean = delta / count if count else 0.0
    norms = sqrt(squares) * sqrt(others)
    return {
        "tensors": len(pairs),
        "identical": sum(1 for row in pairs if _same(row)),
        "one_sided": len(rows) - len(pairs),
        "count": count,
        **_stored(pairs),
        "relative_frobenius": sqrt(noise / squares) if squares else None,
        "sqnr_db": 10 * log10(squares / noise) if squares and noise else None,
        "cosine": min(1.0, max(-1.0, products / norms)) if norms else None,
        "max_abs": worst["max_abs"] if worst else None,
        "max_abs_tensor": worst["name"] if worst else None,
        "changed": _share([(row["changed"], row["count"]) for row in pairs]),
        "mean": mean if count else None,
        "std": sqrt(max(0.0, noise / count - mean * mean)) if count else None,
        **{
            f"non_finite_{side}": sum(row[f"non_finite_{side}"] for row in pairs)
            for side in ("left", "right", "both")
        },
    }


def of_one(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the figures of all tensors as if they were one."""
    known = [row for row in rows if row["count"] is not None]
    finite = [(row, row["count"] - row["non_finite"]) for row in known if row["rms"] is not None]
    count = sum(often for _, often in finite)
    mean, squares, sizes = (
        sum(often * row[name] ** power for row, often in finite) / count if count else None
        for name, power in (("mean", 1), ("rms", 2), ("mean_abs", 1))
    )
    size, weights = sum(row["bytes"] for row in rows), sum(map(elements, rows))
    return {
        "tensors": len(rows),
        "count": weights,
        "bytes": size,
        "bits_per_weight": 8 * size / weights if weights else 0.0,
        "min": min((row["min"] for row, _ in finite), default=None),
        "max": max((row["max"] for row, _ in finite), default=None),
        "mean": mean,
        "std": sqrt(max(0.0, squares - mean * mean))
        if squares is not None and mean is not None
        else None,
        "rms": sqrt(squares) if squares is not None else None,
        "mean_abs": sizes,
        "max_abs": max((row["max_abs"] for row, _ in finite), default=None),
        "zeros": _share([(row["zeros"] or 0.0, row["count"]) for row in known]),
        "non_finite": sum(row["non_finite"] for row in known),
    }


def _stored(pairs: Sequence[Row]) -> dict[str, Any]:
    weights = sum(map(elements, pairs))
    bits = {
        side: sum((row[f"{side}bits_per_weight"] or 0.0) * elements(row) for row in pairs)
        for side in ("", "other_")
    }
    return {
        name: value
        for side, total in bits.items()
        for name, value in (
            (f"{side}bytes", round(total / 8)),
            (f"{side}bits_per_weight", total / weights if weights else None),
        )
    }


def _same(row: Row) -> bool:
    broken = row["non_finite_left"] + row["non_finite_right"]
    return (
        not row["changed"] and not broken and list(row["shape"]) == list(row["other_shape"] or ())
    )


def _share(parts: Sequence[tuple[float, int]]) -> float | None:
    total = sum(count for _, count in parts)
    return sum(share * count for share, count in parts) / total if total else None

"""How a report writes numbers, names and headlines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from modelweightvis.table import cell_text

#: What columns are called by people.
TITLES = {
    "other_name": "in the other",
    "other_dtype": "type in the other",
    "bits_per_weight": "bits/weight",
    "other_bits_per_weight": "bits/weight in the other",
    "relative_frobenius": "relative error",
    "sqnr_db": "SQNR, dB",
    "max_abs": "max |Δ|",
    "max_abs_index": "at",
    "changed": "changed",
    "mean": "mean Δ",
    "std": "std Δ",
    "dtype": "type",
    "non_finite": "not finite",
    "zeros": "zeros",
}
#: The same, of one model.
TITLES_OF_ONE = {
    **TITLES,
    "max_abs": "max |x|",
    "mean": "mean",
    "std": "std",
    "mean_abs": "mean |x|",
}
#: What others are called in the table of all models, where there is no base beside each.
TITLES_OF_ALL = {
    "label": "model",
    "other_bytes": "size",
    "other_bits_per_weight": "bits/weight",
    "one_sided": "not compared",
}
#: Columns that are shares.
SHARES = frozenset({"changed", "zeros", "relative_frobenius"})
UNITS = ("B", "kB", "MB", "GB", "TB")


def cell(column: str, value: Any) -> str:
    """Write a cell of a table for people."""
    if value is None:
        return ""
    write = _WRITERS.get(column)
    if write is not None:
        return write(value)
    return percent(value) if column in SHARES else cell_text(value)


def percent(share: float | None) -> str:
    """Write a share; one that is not zero is never written as zero."""
    if share is None:
        return "–"
    if 0 < share < 0.0001:
        return f"{100 * share:.2g} %"
    return f"{100 * share:.1f} %" if 0.1 <= share < 1 else f"{100 * share:.3g} %"


def size(count: float) -> str:
    """Write a number of bytes."""
    step = 0
    while count >= 1000 and step < len(UNITS) - 1:
        count, step = count / 1000, step + 1
    return f"{count:.3g} {UNITS[step]}"


#: How the cells of some columns are written.
_WRITERS: dict[str, Callable[[Any], str]] = {
    "shape": lambda value: cell_text(tuple(value)),
    "max_abs_index": lambda value: f"[{', '.join(map(str, value))}]",
    "sqnr_db": lambda value: f"{value:.1f}",
    "cosine": lambda value: f"{value:.6f}",
    "bytes": size,
    "other_bytes": size,
}


def short(spec: str) -> str:
    """Return the last word of an input."""
    word = spec.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return word or spec


def heading(content: Mapping[str, Any]) -> str:
    """Return what a report is about, in a few words."""
    models = content["models"]
    if content["kind"] == "model":
        return " · ".join(one["label"] for one in models)
    others = ", ".join(short(one["other"]) for one in models)
    return f"{short(models[0]['base'])} → {others}"


def facts(content: Mapping[str, Any], model: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the headline figures of a model: what each is, and its value."""
    total = model["totals"]
    if content["kind"] == "model":
        return [
            ("parameters", f"{total['count']:,}"),
            ("tensors", f"{total['tensors']:,}"),
            ("stored", size(total["bytes"])),
            ("bits per weight", f"{total['bits_per_weight']:.4g}"),
            ("rms", cell("rms", total["rms"]) or "–"),
            ("exact zeros", percent(total["zeros"])),
            ("not finite", f"{total['non_finite']:,}"),
            ("findings", f"{len(model['findings']):,}"),
        ]
    bits = [total["bits_per_weight"] or 0.0, total["other_bits_per_weight"] or 0.0]
    found = [
        ("relative error", percent(total["relative_frobenius"])),
        ("SQNR", "–" if total["sqnr_db"] is None else f"{total['sqnr_db']:.1f} dB"),
        ("cosine", cell("cosine", total["cosine"]) or "–"),
        ("weights changed", percent(total["changed"])),
        ("tensors compared", f"{total['tensors']:,}"),
        ("of them identical", f"{total['identical']:,}"),
        ("not compared", f"{total['one_sided']:,}"),
        ("bits per weight", f"{bits[0]:.4g} → {bits[1]:.4g}"),
        ("size compared", f"{size(total['bytes'])} → {size(total['other_bytes'])}"),
    ]
    broken = {side: total[f"non_finite_{side}"] for side in ("left", "right", "both")}
    if any(broken.values()):
        found.append(
            ("not finite in A, B, both", " / ".join(f"{one:,}" for one in broken.values()))
        )
    return found


def notes(model: Mapping[str, Any]) -> list[tuple[str, Sequence[str]]]:
    """Return lists of tensors that were not compared, with what they are."""
    return [
        (title, model[key])
        for key, title in (
            ("only_base", f"Only in {short(model.get('base', ''))}"),
            ("only_other", f"Only in {short(model.get('other', ''))}"),
            ("not_compared", "Paired, but of shapes or types that cannot be compared"),
            ("ambiguous", "Ambiguous, left alone"),
        )
        if model.get(key)
    ]


def order(content: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the tensors of a model as people want them: the worst first, or the largest."""
    if content["kind"] == "difference":
        return sorted(rows, key=lambda row: -_error(row))
    return sorted(rows, key=lambda row: -prod(row["shape"]))


def _error(row: Mapping[str, Any]) -> float:
    known = row["relative_frobenius"]
    return (
        -1.0
        if row["count"] is None
        else float("inf")
        if known is None and row["changed"]
        else known or 0.0
    )

"""Layers × roles: how far they are apart, and what they are stored in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import log10
from typing import Any

from modelweightvis.reports.plots import heat_map
from modelweightvis.reports.text import percent
from modelweightvis.reports.totals import by, of_two


def difference_map(content: Mapping[str, Any], model: Mapping[str, Any]) -> str:
    """Return the relative error of every role in every layer, stack by stack."""
    rows = [
        row
        for row in content["tensors"]
        if row["model"] == model["key"] and row["layer"] is not None and row["count"] is not None
    ]
    found = {key: of_two(members) for key, members in by(_place, rows).items()}
    errors = [one["relative_frobenius"] for one in found.values() if one["relative_frobenius"]]
    least, most = (log10(min(errors)), log10(max(errors))) if errors else (0.0, 0.0)
    maps = []
    stacks = by(lambda key: key[0], list(found))
    for stack, keys in stacks.items():
        cells = []
        for key in keys:
            total = found[key]
            error = total["relative_frobenius"] or 0.0
            reach = (log10(error) - least) / (most - least) if error and most > least else 0.0
            title = f"layer {key[1]}, {key[2]}: {percent(total['changed'])} of the weights changed"
            cells.append(
                {
                    "layer": key[1],
                    "role": key[2],
                    "share": 0.12 + 0.88 * reach if error else 0.0,
                    "text": percent(error),
                    "title": title,
                }
            )
        maps.append(heat_map(cells, f"Relative error{_inside(stack, stacks)}"))
    return f"<h3>Where it changed</h3>{''.join(maps)}\n" if maps else ""


def _place(row: Mapping[str, Any]) -> tuple[str, int, str]:
    return row["stack"], row["layer"], row["role"]


def kinds_map(_content: Mapping[str, Any], model: Mapping[str, Any]) -> str:
    """Return the stored types of every role in every layer, stack by stack; brighter is more bits."""
    stacks = dict(_kinds(model))
    maps = [
        heat_map(cells, f"Stored types and bits per weight{_inside(stack, stacks)}")
        for stack, cells in stacks.items()
    ]
    return f"<h3>Types</h3>{''.join(maps)}\n" if maps else ""


def _inside(stack: str, stacks: Mapping[str, Any]) -> str:
    """Name a stack where there are several."""
    return f" in the stack {stack}" if stack and len(stacks) > 1 else ""


def _kinds(model: Mapping[str, Any]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    inside = [one for one in model["types"] if one["layer"] is not None]
    for stack, members in by(lambda one: one["stack"], inside).items():
        yield (
            stack,
            [
                {
                    "layer": one["layer"],
                    "role": one["role"],
                    "share": one["bits_per_weight"] / 32,
                    "text": "/".join(one["dtypes"][:3]),
                    "title": f"layer {one['layer']}, {one['role']}: "
                    f"{one['bits_per_weight']:.4g} bits per weight",
                }
                for one in members
            ],
        )

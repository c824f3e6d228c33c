"""A model as it shows itself in a notebook."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from modelweightvis.inventory import total
from modelweightvis.tree import tree

if TYPE_CHECKING:
    from modelweightvis.model import Model

#: Lines of the tree that are shown.
SHOWN = 200


def model_page(model: Model) -> str:
    """Return the tree of a model's tensors as HTML; every name in it is escaped."""
    whole = total(model.values())
    name = re.split(r"[/\\]", model.path.rstrip("/\\"))[-1]
    head = (
        f"<p><b>{html.escape(name)}</b>: {whole.tensors:,} tensors, "
        f"{whole.parameters:,} parameters, {whole.bytes:,} bytes, "
        f"{whole.bits_per_weight:.4g} bits per weight</p>"
    )
    lines = tree(model)
    rows = []
    for line in lines[:SHOWN]:
        found = total(line.tensors)
        style = f"padding-left:{line.depth + 0.5}em;text-align:left"
        label = html.escape(line.label)
        cells = (
            line.role,
            line.dtype,
            line.shape,
            f"{found.tensors:,}",
            f"{found.bytes:,}",
            f"{found.bits_per_weight:.4g}",
        )
        rows.append(
            f'<tr><td style="{style}">{f"<b>{label}</b>" if line.heading else label}</td>'
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
            + "</tr>"
        )
    titles = ("tensor", "role", "type", "shape", "tensors", "bytes", "bits per weight")
    top = "".join(f"<th>{title}</th>" for title in titles)
    rest = f"<p>… and {len(lines) - SHOWN:,} more lines</p>" if len(lines) > SHOWN else ""
    told = "".join(f"<li>{html.escape(warning)}</li>" for warning in model.warnings)
    notes = f"<ul>{told}</ul>" if told else ""
    return (
        f"{head}<table><thead><tr>{top}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f"{rest}{notes}"
    )

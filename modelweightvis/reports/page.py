"""A report as one HTML file that needs nothing else: figures, plots, tables, pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from modelweightvis.reports.maps import difference_map, kinds_map
from modelweightvis.reports.pictures import Album
from modelweightvis.reports.plots import ladder
from modelweightvis.reports.rows import one_sided
from modelweightvis.reports.text import (
    TITLES,
    TITLES_OF_ALL,
    TITLES_OF_ONE,
    cell,
    facts,
    heading,
    notes,
    order,
)

if TYPE_CHECKING:
    from arbvis_core.pipeline.rendering import Report

#: Tensors in the table of a model; JSON and CSV have them all.
SHOWN = 2000
#: Tensors whose pictures are shown, and names that are listed.
PICTURES, NAMES = 6, 200

_LADDER = (
    *("other_bytes", "other_bits_per_weight", "relative_frobenius", "sqnr_db", "cosine"),
    *("changed", "max_abs", "tensors", "one_sided"),
)
_LADDER_OF_ONE = ("count", "bytes", "bits_per_weight", "rms", "max_abs", "zeros", "tensors")
_ROW = (
    *("name", "role", "layer", "shape", "dtype", "other_dtype", "relative_frobenius", "sqnr_db"),
    *("cosine", "changed", "max_abs", "max_abs_index", "mean", "std", "bits_per_weight"),
    *("other_bits_per_weight", "pairing"),
)
_ROW_OF_ONE = (
    *("name", "role", "layer", "shape", "dtype", "bytes", "bits_per_weight", "mean", "std"),
    *("rms", "mean_abs", "max_abs", "zeros", "non_finite", "kurtosis"),
)
_TEXTS = frozenset(
    {"name", "role", "label", "shape", "dtype", "other_dtype", "pairing", "max_abs_index"}
)


def page(content: Mapping[str, Any], report: Report, mark: str) -> Iterator[str]:
    """Yield the page piece by piece; whatever comes from a file is escaped."""
    title = escape(heading(content))
    style, script = (
        files("modelweightvis.reports").joinpath(name).read_text("utf-8")
        for name in ("report.css", "report.js")
    )
    yield (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="generator" content="{mark}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style></head><body><main>\n"
    )
    about = "Difference of models" if content["kind"] == "difference" else "Weights of a model"
    version = escape(content["generator"]["version"])
    yield f'<header><p class="about">{about}</p><h1>{title}</h1>{_inputs(content)}</header>\n'
    if len(content["models"]) > 1:
        yield _ladder(content)
    for model in content["models"]:
        yield from _model(content, model, report)
    yield _notes("Warnings", content["warnings"])
    yield (
        f"<footer>Made by modelweightvis {version}. Figures are of all values, not of a sample.</footer>"
        f"</main><script>{script}</script></body></html>\n"
    )


def _inputs(content: Mapping[str, Any]) -> str:
    told = []
    inputs = {json.dumps(one, sort_keys=True): one for one in content["inputs"]}  # each once
    for one in inputs.values():
        extra = "".join(
            f", {name} {escape(str(one[name])[:12])}"
            for name in ("commit", "sha256")
            if name in one
        )
        told.append(f"<li>{escape(str(one['name']))}: {cell('bytes', one['size'])}{extra}</li>")
    return f"<ul class='inputs'>{''.join(told)}</ul>"


def _ladder(content: Mapping[str, Any]) -> str:
    compared = content["kind"] == "difference"
    columns = _LADDER if compared else _LADDER_OF_ONE
    rows = [{"label": one["label"], **one["totals"]} for one in content["models"]]
    titles = {**(TITLES if compared else TITLES_OF_ONE), **TITLES_OF_ALL}
    plot = ladder(content["models"]) if compared else ""
    return (
        f"<section><h2>All models</h2>{plot}{_table(('label', *columns), rows, titles)}</section>\n"
    )


def _model(content: Mapping[str, Any], model: Mapping[str, Any], report: Report) -> Iterator[str]:
    compared = content["kind"] == "difference"
    scene = next(one for one in report.plan.scenes if one.key == model["key"])
    rows = order(content, [one for one in content["tensors"] if one["model"] == model["key"]])
    titles = TITLES if compared else TITLES_OF_ONE
    yield f'<section><h2>{escape(model["label"])}</h2><dl class="facts">'
    yield "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in facts(content, model)
    )
    yield "</dl>\n"
    album = Album(scene, report.kept)
    whole = album.whole()
    if whole:
        label = escape(model["label"])
        yield f'<figure class="whole"><img src="{whole}" alt="{label}">{_legend(report, model)}</figure>\n'
    yield _findings(model)
    yield (difference_map if compared else kinds_map)(content, model)
    if compared:
        yield _worst(rows, album, {one.name: one for one in scene.placements})
    yield _by(model, compared=compared)
    shown = rows[:SHOWN]
    rest = (
        f"<p>{len(rows) - SHOWN:,} more are in the report as JSON or CSV.</p>"
        if rows[SHOWN:]
        else ""
    )
    columns = _ROW if compared else _ROW_OF_ONE
    yield (
        "<h3>Tensors</h3><input type='search' class='filter' placeholder='filter by name, role, type'"
        f" aria-label='Filter the tensors'>{_table(columns, shown, titles, kind='tensors')}{rest}\n"
    )
    for title, names in notes(model):
        yield _notes(title, names)
    yield "</section>\n"


def _legend(report: Report, model: Mapping[str, Any]) -> str:
    scene = next(one for one in report.manifest["scenes"] if one["key"] == model["key"])
    zoomed = scene["canvas"]["max_zoom"] > 0
    kinds = {"overview", "all"} if zoomed else {"leaf", "all"}
    items = []
    said = ""
    for legend in scene["legend"]:
        if legend["zooms"] not in kinds:
            continue
        said += f"<p>{escape(legend['note'])}</p>" if legend["note"] else ""
        for entry in legend["entries"]:
            colours = [escape(one) for one in entry["colours"]]
            fill = f"linear-gradient(90deg,{','.join(colours)})" if colours[1:] else colours[0]
            ends = f" {escape(entry['low'])} … {escape(entry['high'])}" if entry["high"] else ""
            items.append(
                f"<li><span style='background:{fill}'></span>{escape(entry['label'])}{ends}</li>"
            )
    return f"<figcaption><ul class='legend'>{''.join(items)}</ul>{said}</figcaption>"


def _findings(model: Mapping[str, Any]) -> str:
    if "findings" not in model:
        return ""
    items = "".join(
        f"<li><b>{escape(one['kind'])}</b> {escape(one['text'])} <small>{escape(one['rule'])}</small></li>"
        for one in model["findings"][:NAMES]
    )
    more = len(model["findings"]) - NAMES
    rest = f"<p>{more:,} more are in the report as JSON.</p>" if more > 0 else ""
    none = "<p>Nothing stands out: every value is finite, and no tensor is zero or a copy.</p>"
    return f"<h3>Findings</h3>{f'<ul class=findings>{items}</ul>{rest}' if items else none}\n"


def _worst(rows: Sequence[Mapping[str, Any]], album: Album, placements: Mapping[str, Any]) -> str:
    """Show the tensors that changed most and are large enough to be looked at."""
    large = [row for row in rows if not one_sided(row) and row["changed"] and len(row["shape"]) > 1]
    figures = []
    for row in large[:PICTURES]:
        picture = album.tensor(placements[row["name"]])
        if picture:
            name, error = escape(row["name"]), cell("relative_frobenius", row["relative_frobenius"])
            figures.append(
                f'<figure><img src="{picture}" alt="{name}" loading="lazy"><figcaption>{name}<br>'
                f"<b>{error}</b> relative error</figcaption></figure>"
            )
    return f"<h3>Changed most</h3><div class='worst'>{''.join(figures)}</div>\n" if figures else ""


def _by(model: Mapping[str, Any], *, compared: bool) -> str:
    columns = _LADDER[2:8] if compared else _LADDER_OF_ONE
    titles = TITLES if compared else TITLES_OF_ONE
    roles = _table(("role", *columns), model["by_role"], titles)
    layers = _table(("layer", *columns), model["by_layer"], titles) if model["by_layer"] else ""
    below = f"<details><summary>By layer</summary>{layers}</details>" if layers else ""
    return f"<h3>By role</h3>{roles}{below}\n"


def _notes(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines[:NAMES])
    rest = f"<li>… and {len(lines) - NAMES:,} more</li>" if len(lines) > NAMES else ""
    return f"<details><summary>{escape(title)} ({len(lines):,})</summary><ul>{items}{rest}</ul></details>\n"


def _table(
    columns: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    titles: Mapping[str, str],
    kind: str = "",
) -> str:
    """Return a table that a click on a column sorts; cells keep the numbers they show."""
    head = "".join(
        f'<th scope="col"{_aligned(one)}><button>{escape(titles.get(one, one.replace("_", " ")))}'
        "</button></th>"
        for one in columns
    )
    body = "".join(f"<tr>{''.join(_cell(one, row[one]) for one in columns)}</tr>" for row in rows)
    return (
        f'<div class="wide"><table class="sortable {kind}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _aligned(column: str) -> str:
    return ' class="text"' if column in _TEXTS else ""


def _cell(column: str, value: Any) -> str:
    text = escape(cell(column, value))
    if column in _TEXTS:
        return f'<td class="text">{text}</td>'
    return f'<td data-value="{value}">{text}</td>' if value is not None else "<td></td>"

"""What may be asked, as an OpenAPI document, and as a page of plain HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from arbvis_core import __version__
from arbvis_core.server.checking import bounds
from arbvis_core.server.faults import TABLE
from arbvis_core.server.operations import ALWAYS, OPERATIONS, Operation, Parameter

#: What is filled into paths.
BLANKS = {
    "scene": "the key of a scene, as in the manifest",
    "name": "of a file of the page",
    "zoom": "0 is the whole scene in one tile; the manifest says how many there are",
    "x": "column of the tile",
    "y": "row of the tile",
}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["kind", "message"],
            "properties": {
                "kind": {"enum": sorted({one.kind for one in TABLE})},
                "message": {"type": "string", "description": "a sentence"},
            },
        }
    },
}

STYLE = """\
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 0.25rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 1rem 0.25rem 0; }
th { font-weight: 600; }
tr + tr { border-top: 1px solid color-mix(in srgb, currentcolor 20%, transparent); }
"""


def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "arbvis live view",
            "version": __version__,
            "description": "Answers what it was started with and nothing else. Errors are JSON: a "
            "kind, and a sentence for people.",
        },
        "paths": {_path(one): {"get": _operation(one)} for one in OPERATIONS},
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "query", "name": "token"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
        "security": [{}, {"token": []}, {"bearer": []}],
    }


def _path(operation: Operation) -> str:
    return re.sub(r"{(\w+):\w+}", r"{\1}", operation.path)


def _operation(operation: Operation) -> dict[str, Any]:
    blanks = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": BLANKS[name],
            "schema": {"type": "integer", "minimum": 0} if kind == "int" else {"type": "string"},
        }
        for name, kind in operation.blanks.items()
    ]
    return {
        "operationId": _path(operation).strip("/").replace("/", "-") or "page",
        "summary": operation.text.partition(". ")[0].partition(": ")[0].rstrip("."),
        "description": operation.text,
        "parameters": [*blanks, *map(_parameter, operation.parameters)],
        "responses": {
            "200": {"description": "so it is", "content": {kind: {} for kind in operation.media}},
            "default": {
                "description": "why not",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.text,
        "schema": dict(parameter.schema),
    }


def page() -> str:
    """Return the same for people, in one page that loads nothing but its style."""
    return "".join(_page())


def _page() -> Iterator[str]:
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<title>What can be asked of the live view</title>\n<link rel="icon" href="data:,">\n'
        '<link rel="stylesheet" href="docs.css">\n</head>\n<body>\n<main>\n'
        "<h1>What can be asked of the live view</h1>\n"
        '<p>The same for programs: <a href="openapi.json">openapi.json</a>. Everything is read with '
        "GET. Errors are JSON, <code>{&quot;error&quot;: {&quot;kind&quot;, "
        "&quot;message&quot;}}</code>. A server that listens to others than this machine wants "
        "<code>token</code> in the query, in a cookie or as a bearer; any query may also hold "
        f"{' and '.join(f'<code>{name}</code>' for name in sorted(ALWAYS - {'token'}))}, which "
        "changes nothing but the address.</p>\n"
    )
    for operation in OPERATIONS:
        yield f"<h2><code>{html.escape(_path(operation))}</code></h2>\n"
        yield f"<p>{html.escape(operation.text)}</p>\n"
        if operation.parameters:
            yield "<table>\n<tr><th>in the query</th><th>values</th><th>what it is</th></tr>\n"
            yield from map(_row, operation.parameters)
            yield "</table>\n"
    yield "<h2>Errors</h2>\n<table>\n<tr><th>status</th><th>kind</th></tr>\n"
    for status, kind in sorted({(one.status, one.kind) for one in TABLE}):
        yield f"<tr><td>{status}</td><td><code>{kind}</code></td></tr>\n"
    yield "</table>\n</main>\n</body>\n</html>\n"


def _row(parameter: Parameter) -> str:
    schema = parameter.schema
    if "enum" in schema:
        values = " · ".join(schema["enum"])
    elif schema["type"] == "integer":
        most = schema["maximum"]
        values = f"from {schema['minimum']}" + (f" to {most}" if most < 1 << 31 else "")
    elif schema["type"] == "number":
        values = f"number{bounds(schema)}"
    else:
        values = {"string": "text"}.get(schema["type"], schema["type"])
    if "default" in schema:
        values += f", {schema['default']} if left out"
    told = " (has to be given)" if parameter.required else ""
    return (
        f"<tr><td><code>{html.escape(parameter.name)}</code></td><td>{html.escape(values)}</td>"
        f"<td>{html.escape(parameter.text)}{told}</td></tr>\n"
    )

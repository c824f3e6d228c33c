"""The files of a bundle beside its tiles, and the same page in one file.

A page opened from disk may neither fetch nor import, so every JSON has a twin: a classic script
that adds it to the page's one global, `arbvis`. The twins hold the JSON as a string for
`JSON.parse`, which is faster than a literal and gives `__proto__` no meaning.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from arbvis_core.errors import ArbvisError
from arbvis_core.values import Blob

#: Where the wheel build leaves the viewer.
_DIST = Path(__file__).parent / "dist"

_JSON = "application/json"
_SCRIPT = "text/javascript"

# `file:` because some browsers do not count a page's own folder as 'self' when it is on disk.
_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "script-src {scripts}; style-src {styles}; img-src {images}{further}"
)

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<link rel="icon" href="data:,">
{head}
</head>
<body>
<noscript>This picture needs JavaScript. It loads nothing from the network.</noscript>
{body}
</body>
</html>
"""


def pages(
    manifest: Mapping[str, Any], statistics: Mapping[str, Mapping[str, Any]]
) -> Iterator[Blob]:
    """Yield every file of a bundle apart from its tiles.

    Args:
        manifest: the bundle's `manifest.json` (plain data).
        statistics: by scene key, what its `stats.json` holds (plain data).

    Raises:
        ArbvisError: the viewer has not been built.
    """
    yield Blob("index.html", "text/html", _linked_page(str(manifest["title"])).encode())
    yield from _viewer()
    text = json_text(manifest)
    yield Blob("manifest.json", _JSON, f"{text}\n".encode("ascii"))
    yield Blob("manifest.js", _SCRIPT, _manifest_script(text).encode("ascii"))
    for key, facts in statistics.items():
        text = json_text(facts)
        yield Blob(f"data/{key}/stats.json", _JSON, f"{text}\n".encode("ascii"))
        yield Blob(f"data/{key}/stats.js", _SCRIPT, statistics_script(key, text).encode("ascii"))


def live_pages(title: str) -> Iterator[Blob]:
    """Yield the page of a live view; everything else it asks the server for.

    Raises:
        ArbvisError: the viewer has not been built.
    """
    page = _linked_page(title, further="; connect-src 'self'")
    yield Blob("index.html", "text/html", page.encode())
    yield from _viewer()
    yield Blob("manifest.js", _SCRIPT, b"globalThis.arbvis={statistics:{},live:{}};")


def inline_page(
    manifest: Mapping[str, Any],
    statistics: Mapping[str, Mapping[str, Any]],
    tiles: Mapping[str, bytes],
) -> str:
    """Return the whole bundle as one HTML page, for notebooks and small pictures.

    Args:
        manifest: the bundle's `manifest.json` (plain data).
        statistics: by scene key, what its `stats.json` holds (plain data).
        tiles: encoded tiles by their path in the bundle.

    Raises:
        ArbvisError: the viewer has not been built.
    """
    scripts = [
        _manifest_script(json_text(manifest)),
        *(statistics_script(key, json_text(facts)) for key, facts in statistics.items()),
        f"arbvis.tiles={_parsed(json_text({path: _data_url(path, tiles[path]) for path in tiles}))};",
        _built("viewer.js").decode("ascii").replace("</script", r"<\/script"),
    ]
    style = _built("viewer.css").decode("ascii").replace("</style", r"<\/style")
    return _page(
        str(manifest["title"]),
        head=f"<style>{style}</style>",
        body="\n".join(f"<script>{script}</script>" for script in scripts),
        scripts=" ".join(_digest(script) for script in scripts),
        styles=_digest(style),
        images="data:",
    )


def _viewer() -> Iterator[Blob]:
    yield Blob("viewer/viewer.js", _SCRIPT, _built("viewer.js"))
    yield Blob("viewer/viewer.css", "text/css", _built("viewer.css"))
    yield Blob("viewer/NOTICES.txt", "text/plain", _built("NOTICES.txt"))


def _linked_page(title: str, further: str = "") -> str:
    sources = ("manifest.js", "viewer/viewer.js")
    scripts = "\n".join(f'<script defer src="{source}"></script>' for source in sources)
    return _page(
        title,
        head=f'<link rel="stylesheet" href="viewer/viewer.css">\n{scripts}',
        body="",
        scripts="'self' file:",
        styles="'self' file:",
        images="'self' file: data:",
        further=further,
    )


def _page(
    title: str,
    *,
    head: str,
    body: str,
    scripts: str,
    styles: str,
    images: str,
    further: str = "",
) -> str:
    policy = _POLICY.format(scripts=scripts, styles=styles, images=images, further=further)
    # Undecodable bytes of file names arrive as lone surrogates, which UTF-8 cannot hold.
    shown = title.encode("utf-8", "replace").decode("utf-8")
    return _PAGE.format(policy=policy, title=html.escape(shown), head=head, body=body)


def _built(name: str) -> bytes:
    try:
        return (_DIST / name).read_bytes()
    except FileNotFoundError:
        raise ArbvisError(
            f"the viewer has not been built ({_DIST / name} is missing): run 'pip install .' in "
            "the source tree, or 'npm ci && npm run build' in arbvis_core/viewer/web"
        ) from None


def json_text(facts: Mapping[str, Any]) -> str:
    """Compact ASCII: every other character, U+2028 and lone surrogates included, is escaped."""
    return json.dumps(facts, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _parsed(text: str) -> str:
    """Return a script expression that parses JSON; no `<` in it can end the script early."""
    quoted = text.replace("\\", "\\\\").replace("'", "\\'").replace("<", "\\x3c")
    return f"JSON.parse('{quoted}')"


def _manifest_script(text: str) -> str:
    return f"globalThis.arbvis={{statistics:{{}},manifest:{_parsed(text)}}};"


def statistics_script(key: str, text: str) -> str:
    """Return the script that adds what was measured of a scene, as JSON, to a page."""
    return f"arbvis.statistics[{_parsed(json.dumps(key))}]={_parsed(text)};"


def _data_url(path: str, data: bytes) -> str:
    kind = path.rpartition(".")[2]
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _digest(text: str) -> str:
    """Return what the content security policy knows an inline script or style by."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"

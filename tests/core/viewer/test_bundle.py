"""The files beside the tiles: twins that say the same, text that stays text."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.errors import ArbvisError
from arbvis_core.viewer import bundle

NASTY = "</script><!--\u2028\u2029'\"\\\n\udc80é\U0001f600__proto__"


def facts(title: str = "title") -> dict:
    return {"schema": 1, "title": title, "scenes": [], "__proto__": {"x": [1, 2.5, None, True]}}


def parsed(script: str) -> list:
    """What a script hands to JSON.parse, undone by Python's rules for the same escapes."""
    literals = re.findall(r"JSON\.parse\('((?:[^'\\]|\\.)*)'\)", script)
    plain = (
        re.sub(r"\\(x3c|.)", lambda m: "<" if m[1] == "x3c" else m[1], one) for one in literals
    )
    return [json.loads(one) for one in plain]


def blobs(manifest: dict, statistics: dict) -> dict[str, bytes]:
    return {blob.path: blob.data for blob in bundle.pages(manifest, statistics)}


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_twins_hold_the_same(title: str, extra: dict[str, str]) -> None:
    written = blobs({**extra, **facts(title)}, {"a": extra})
    manifest = json.loads(written["manifest.json"])
    assert manifest == {**extra, **facts(title)}
    assert parsed(written["manifest.js"].decode("ascii")) == [manifest]
    assert json.loads(written["data/a/stats.json"]) == extra
    assert parsed(written["data/a/stats.js"].decode("ascii")) == ["a", extra]


def test_scripts_hold_nothing_that_could_end_them() -> None:
    written = blobs(facts(NASTY) | {NASTY: NASTY}, {"a": {NASTY: NASTY}})
    for path in ("manifest.js", "data/a/stats.js"):
        assert b"<" not in written[path]
        assert written[path].isascii()
        assert b"\n" not in written[path]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.title = ""

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "title" and not self.title:
            self.title = data


def test_the_title_is_text() -> None:
    page = blobs(facts("</title><script>x</script>"), {})["index.html"].decode()
    seen = Tags()
    seen.feed(page)
    assert seen.title == "</title><script>x</script>"
    assert seen.tags.count("script") == 2


def test_a_title_that_is_not_unicode() -> None:
    assert b"caf?" in blobs(facts("caf\udce9"), {})["index.html"]


def test_the_viewer_comes_along_with_its_notices() -> None:
    written = blobs(facts(), {})
    assert b"leaflet 1.9" in written["viewer/NOTICES.txt"]
    assert b"Volodymyr Agafonkin" in written["viewer/NOTICES.txt"]
    assert not re.search(rb"url\([\"']?https?:|@import", written["viewer/viewer.css"])
    assert written["viewer/viewer.js"].isascii()


def test_an_inline_page_allows_its_own_scripts_and_nothing_else() -> None:
    tiles = {"tiles/a/0/0/0.png": b"\x89PNG", "tiles/a/0/1/0.avif": b"avif"}
    page = bundle.inline_page(facts(NASTY), {"a": {"x": NASTY}}, tiles)
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1])
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert len(scripts) == 4
    for text in (*scripts, *styles):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert "file:" not in policy
    assert parsed(scripts[2]) == [
        {
            "tiles/a/0/0/0.png": "data:image/png;base64,iVBORw==",
            "tiles/a/0/1/0.avif": "data:image/avif;base64,YXZpZg==",
        }
    ]


def test_a_source_tree_without_the_viewer_says_how_to_build_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "_DIST", tmp_path)
    with pytest.raises(ArbvisError, match="npm run build"):
        list(bundle.pages(facts(), {}))

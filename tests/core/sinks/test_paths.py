from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.errors import SinkError
from arbvis_core.sinks import paths


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../out",
        "a/../b",
        "a//b",
        "a/",
        "./a",
        "a\\b",
        "C:/a",
        "c:a",
        "a\0b",
        "a\nb",
        "tiles/CON/0.png",
        "nul.txt",
        "lpt1",
        "a.",
        "a ",
        "a?b",
        "x" * 256,
        "é" * 128,
        "\udcff",
    ],
)
def test_refuses(path: str) -> None:
    with pytest.raises(SinkError, match="a bundle cannot hold"):
        paths.split(path)


@pytest.mark.parametrize("path", ["index.html", "tiles/bytes/10/3/4.png", "é" * 127, "con-2", ".a"])
def test_takes(path: str) -> None:
    assert paths.split(path) == tuple(path.split("/"))


@given(st.text())
def test_never_leads_outside(path: str) -> None:
    try:
        names = paths.split(path)
    except SinkError:
        return
    assert os.path.normpath("/bundle/" + path) == "/".join(("/bundle", *names))

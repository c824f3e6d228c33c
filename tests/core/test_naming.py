from __future__ import annotations

import ast
from pathlib import Path

import pytest

import arbvis_core
from arbvis_core.naming import is_device, nearest, suggestion


def test_what_was_perhaps_meant() -> None:
    assert nearest("hibert", ["raw", "hilbert"]) == "hilbert"
    assert nearest("xyz", ["raw", "hilbert"]) is None
    assert nearest("plug", ["plugins"], 0.75) is None
    assert suggestion("rwa", ["raw", "npy"]) == "did you mean raw?"
    assert suggestion("xyz", ["raw", "npy"]) == "there are: npy, raw"


@pytest.mark.parametrize("name", ["con", "NUL", "com0", "lpt9.txt", "aux.tar.gz", "prn .txt"])
def test_names_that_windows_keeps(name: str) -> None:
    assert is_device(name)


@pytest.mark.parametrize("name", ["", "cone", "com", "com10", "txt.con", "nul-2", "-aux"])
def test_names_that_are_free(name: str) -> None:
    assert not is_device(name)


def test_it_stands_in_one_place() -> None:
    importing = [
        path.name
        for path in Path(*arbvis_core.__path__).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if "difflib" in [one.name for one in getattr(node, "names", ())]
    ]
    assert importing == ["naming.py"]

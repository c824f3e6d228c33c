from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from arbvis_core.formats.raw import RawFormat
from arbvis_core.registry.loading import forget
from arbvis_core.testing import PluginContract, check_object, load_plugin

from .conftest import Run

GOOD = """
    from arbvis_core import hookimpl
    from arbvis_core.formats.raw import RawFormat

    class Toy(RawFormat):
        name = "toy"

    @hookimpl
    def arbvis_formats():
        return [Toy()]
"""


class Suite(PluginContract):
    def __init__(self, module: str) -> None:
        self.module = module


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delitem(sys.modules, "a_plugin", raising=False)

    def write(text: str) -> str:
        forget()
        (tmp_path / "a_plugin.py").write_text(dedent(text), encoding="utf-8")
        return "a_plugin"

    return write


def test_a_good_plugin_passes(failures: Run, written: Callable[[str], str]) -> None:
    assert failures(Suite(written(GOOD))) == {}


@pytest.mark.parametrize(
    ("text", "test", "words"),
    [
        ("import nothing_of_this_name", "test_it_loads_without_a_fault", "nothing_of_this_name"),
        (GOOD.replace("[Toy()]", "[]"), "test_it_loads_without_a_fault", "hands over nothing"),
        (GOOD.replace('"toy"', '"raw"'), "test_it_loads_without_a_fault", "raw is there already"),
        ("import numpy\n" + dedent(GOOD), "test_it_is_light", "imports numpy"),
        ("import nothing_of_this_name", "test_it_is_light", "nothing_of_this_name"),
    ],
)
def test_a_bad_plugin_fails(
    text: str, test: str, words: str, failures: Run, written: Callable[[str], str]
) -> None:
    assert words in failures(Suite(written(text)), test).get(test, "it passes")


def test_nothing_that_is_installed_is_loaded(written: Callable[[str], str]) -> None:
    registry = load_plugin(written(GOOD))
    assert [one.name for one in registry.plugins] == ["arbvis", "a_plugin"]
    assert [one.name for one in registry.formats] == ["toy", "raw"]


def test_an_object_is_checked_as_the_registry_checks_it() -> None:
    check_object("formats", RawFormat())
    with pytest.raises(AssertionError, match="layout RawFormat does not inherit from Layout"):
        check_object("layouts", RawFormat())

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from arbvis_core.errors import FormatError, LayoutError, PluginError, SourceError, UsageError
from arbvis_core.formats.raw import RawFormat
from arbvis_core.interrupts import Ended
from arbvis_core.registry import Registered, Registry, RegistrySpec, guard, load

WHO = Registered("arbvis-toy", "1.0", RawFormat())


def raising(error: BaseException) -> bool:
    raise error


def test_a_name_finds_its_object_and_its_plugin() -> None:
    registry = load(allow=())
    assert registry.format("raw") is registry.formats[-1]
    assert registry.layout("hilbert").plugin == "arbvis"
    assert registry.renderer("bytes") is registry.renderer_entry("bytes").item


def test_a_name_that_is_not_there_is_an_error_with_the_nearest() -> None:
    registry = load(allow=())
    with pytest.raises(UsageError, match=r"no format named 'rwa'; did you mean raw\?"):
        registry.format("rwa")
    with pytest.raises(LayoutError, match=r"no layout named 'hibert'; did you mean hilbert\?"):
        registry.layout("hibert")
    with pytest.raises(LayoutError, match="named 'xyz'; there are: byte-differences, bytes"):
        registry.renderer("xyz")
    with pytest.raises(UsageError) as raised:
        registry.format("x\n" * 1000)
    assert len(str(raised.value)) < 200
    assert "\n" not in str(raised.value)


def test_an_answer_is_taken_for_its_truth() -> None:
    registry = Registry(RegistrySpec())
    assert registry.ask(WHO, lambda: [0], "x") is True
    assert registry.ask(WHO, lambda: None, "x") is False
    assert registry.faults == []


def test_who_cannot_answer_is_passed_over_and_named_once() -> None:
    registry = Registry(RegistrySpec())
    for number in range(1000):
        assert not registry.ask(WHO, lambda: raising(ValueError("odd")), f"file-{number}")
    assert not registry.ask(WHO, lambda: raising(KeyError("gone")), "file")
    sentence = "plugin arbvis-toy 1.0 was passed over: raw could not tell whether it matches"
    where = rf"at {re.escape(__file__)}:\d+, first for"
    odd, gone = registry.faults
    assert re.fullmatch(rf"{re.escape(sentence)} \(ValueError: odd; {where} file-0\)", odd)
    assert re.fullmatch(rf"{re.escape(sentence)} \(KeyError: 'gone'; {where} file\)", gone)


def test_a_source_that_cannot_be_read_is_not_the_fault_of_who_was_asked() -> None:
    registry = Registry(RegistrySpec())
    with pytest.raises(SourceError, match="unreadable"):
        registry.ask(WHO, lambda: raising(SourceError("unreadable")), "x")
    assert not registry.ask(WHO, lambda: raising(FormatError("not mine")), "x")
    assert len(registry.faults) == 1


def test_what_a_plugin_raises_after_it_has_claimed_is_named_and_chained() -> None:
    with (
        pytest.raises(PluginError, match=r"arbvis-toy 1\.0 .* parse a\.bin: ValueError") as raised,
        guard(WHO, "parse", "a.bin"),
    ):
        raising(ValueError("odd"))
    error = raised.value
    assert (error.plugin, error.version, error.stage, error.subject) == (
        *("arbvis-toy", "1.0", "parse", "a.bin"),
    )
    assert isinstance(error.__cause__, ValueError)


class StopEverythingError(BaseException):
    """What no plugin should raise."""


@pytest.mark.parametrize("error", [StopEverythingError("now"), SystemExit(0)])
def test_no_exception_of_a_plugin_is_too_base_to_be_named(error: BaseException) -> None:
    registry = Registry(RegistrySpec())
    assert not registry.ask(WHO, lambda: raising(error), "x")
    assert type(error).__name__ in registry.faults[0]
    with pytest.raises(PluginError, match=type(error).__name__), guard(WHO, "parse", "x"):
        raising(error)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Ended(15)])
def test_what_ends_the_program_is_no_plugin_s_fault(error: BaseException) -> None:
    with pytest.raises(type(error)):
        Registry(RegistrySpec()).ask(WHO, lambda: raising(error), "x")
    with pytest.raises(type(error)), guard(WHO, "parse", "x"):
        raising(error)


def test_the_place_is_the_last_line_of_the_plugin_s_own_code() -> None:
    with pytest.raises(PluginError) as raised, guard(WHO, "parse", "x"):
        json.loads("{")
    lines = Path(__file__).read_text("utf-8").splitlines()
    line = lines.index('        json.loads("{")') + 1
    assert raised.value.place == f"{__file__}:{line}"
    assert f"({raised.value.place})" in str(raised.value)


def test_an_error_for_the_user_passes_as_it_is() -> None:
    with pytest.raises(FormatError, match=r"^cut short$"), guard(WHO, "parse", "a.bin"):
        raising(FormatError("cut short"))
    with pytest.raises(KeyboardInterrupt), guard(WHO, "parse", "a.bin"):
        raise KeyboardInterrupt

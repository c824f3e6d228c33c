"""Every error is one sentence, and survives the way from a worker process."""

from __future__ import annotations

import pickle

import pytest

from arbvis_core import errors


def subclasses(kind: type[errors.ArbvisError]) -> list[type[errors.ArbvisError]]:
    return [kind, *(one for child in kind.__subclasses__() for one in subclasses(child))]


@pytest.mark.parametrize("kind", subclasses(errors.ArbvisError))
def test_errors_travel_between_processes(kind: type[errors.ArbvisError]) -> None:
    error = {
        errors.MissingExtraError: lambda: errors.MissingExtraError("--report x.parquet", "tables"),
        errors.PluginError: lambda: errors.PluginError(
            "npy", "1.2", "parse", "a.npy", OSError("x")
        ),
    }.get(kind, lambda: kind("model.bin: byte 8 is wrong; download it again"))()
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
    assert again.__dict__ == error.__dict__


def test_every_error_is_drawn_in_the_tree() -> None:
    everybodys = [
        one for one in subclasses(errors.ArbvisError) if one.__module__ == errors.__name__
    ]
    assert everybodys
    for kind in everybodys:
        assert kind.__name__ in (errors.__doc__ or "")


def test_a_plugin_error_names_plugin_version_stage_subject_and_cause() -> None:
    error = errors.PluginError("npy", "1.2", "parse", "a.npy", ValueError("no header"))
    for piece in ("npy", "1.2", "parse", "a.npy", "ValueError", "no header"):
        assert piece in str(error)


def test_a_missing_extra_says_how_to_install_it() -> None:
    assert "pip install 'modelweightvis[tables]'" in str(errors.MissingExtraError("x", "tables"))

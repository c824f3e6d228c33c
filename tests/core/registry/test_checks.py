from __future__ import annotations

from typing import Any

import pytest

from arbvis_core.formats.raw import RawFormat
from arbvis_core.protocols import Command, Decoder, Format, LeafRenderer
from arbvis_core.registry.checks import Fault, check_object
from arbvis_core.registry.kinds import DECODER, KINDS, Kind
from arbvis_core.values import Plane

BY_FIELD = {kind.field: kind for kind in KINDS}
FORMATS, RENDERERS, COMMANDS = (
    BY_FIELD["formats"],
    BY_FIELD["renderers"],
    BY_FIELD["commands"],
)


def changed(**attributes: Any) -> object:
    return type("Toy", (RawFormat,), {"name": "toy", **attributes})()


def lookalike(kind: Kind) -> object:
    """Return an object that has all that its protocol has, and inherits nothing."""
    attributes: dict[str, Any] = {"name": "toy", "priority": 7, "encodings": ("toy",)}
    for name, one in vars(kind.protocol).items():
        if not name.startswith("_"):
            attributes.setdefault(name, one)
    return type("Lookalike", (), attributes)()


class HalfDone(Format):
    name = "half"
    priority = 7

    def matches(self, probe: object) -> bool:
        return bool(probe)


class NoPaint(LeafRenderer):
    name = "none"

    def planes(self, *_: object) -> tuple[Plane, ...]:
        return (Plane("count", "uint32", "sum"),)

    def present(self, *_: object) -> bool:
        return True

    def reads(self, *_: object) -> tuple[()]:
        return ()


class Hidden(Format):
    def __repr__(self) -> str:
        raise ValueError("not telling")


class Undecided(Decoder):
    encodings = ("toy",)


class Unnamed(Decoder):
    def decode(self, *_: object) -> Any:
        return None


def test_what_inherits_from_its_protocol_will_do() -> None:
    check_object(FORMATS, changed(priority=-1, decoders=()))
    check_object(COMMANDS, Command("toy-2", "Does nothing.", lambda: print))


@pytest.mark.parametrize("kind", [one for one in KINDS if one.protocol], ids=lambda one: one.field)
def test_what_only_looks_like_it_is_refused(kind: Kind) -> None:
    with pytest.raises(Fault) as raised:
        check_object(kind, lookalike(kind))
    base = kind.protocol.__name__  # type: ignore[union-attr]
    sentence = f"{kind.noun} Lookalike does not inherit from {base}, whose defaults it needs"
    returned = f"{kind.hook} returned <"
    assert str(raised.value) == sentence or str(raised.value).startswith(returned)
    assert (kind is COMMANDS) == str(raised.value).startswith(returned)


def test_a_decoder_that_only_looks_like_one_is_refused() -> None:
    with pytest.raises(Fault, match="decoder Lookalike of format Toy does not inherit from Decod"):
        check_object(FORMATS, changed(decoders=(lookalike(DECODER),)))


@pytest.mark.parametrize("name", ["", "two words", "a\nb", "../up", "<b>", "-x", 7, None, "x" * 65])
def test_names_can_be_typed_and_printed(name: object) -> None:
    with pytest.raises(Fault, match="format Toy is named"):
        check_object(FORMATS, changed(name=name))


@pytest.mark.parametrize(
    ("kind", "item", "sentence"),
    [
        (FORMATS, changed(priority="100"), "format Toy has priority '100', which is no integer"),
        (FORMATS, changed(priority=True), "format Toy has priority True"),
        (FORMATS, changed(matches=None), "format Toy has no method `matches`"),
        (FORMATS, HalfDone(), "format HalfDone does not say how to `parse`"),
        (FORMATS, RawFormat, "format RawFormat was handed over as a class"),
        (FORMATS, Hidden(), "format Hidden is named None"),
        (FORMATS, changed(name=Hidden()), "format Toy is named an object of class Hidden"),
        (FORMATS, changed(decoders=(Undecided(),)), "decoder Undecided of format Toy does not say"),
        (FORMATS, changed(decoders=(Unnamed(),)), "decoder Unnamed of format Toy has no `encodi"),
        (FORMATS, changed(decoders=7), "format Toy has decoders 7"),
        (RENDERERS, NoPaint(), "leaf renderer NoPaint does not say how to `paint`"),
        (COMMANDS, print, "arbvis_commands returned <built-in function print>"),
        (COMMANDS, Command("two words", "x", lambda: print), "is named 'two words'"),
        (COMMANDS, Command("toy", "x", None), "needs a help text"),  # type: ignore[arg-type]
    ],
)
def test_each_fault_is_one_sentence(kind: Kind, item: object, sentence: str) -> None:
    with pytest.raises(Fault) as raised:
        check_object(kind, item)
    assert str(raised.value).startswith(sentence) or sentence in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("encodings", ["bytes", (), ("a", 7), ["a"]])
def test_encodings_are_a_tuple_of_names(encodings: object) -> None:
    decoder = type("Odd", (type(RawFormat.decoders[0]),), {"encodings": encodings})()
    with pytest.raises(Fault, match="encodings"):
        check_object(FORMATS, changed(decoders=(decoder,)))

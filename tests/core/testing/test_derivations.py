from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from arbvis_core.errors import FormatError
from arbvis_core.formats.raw import RawFormat
from arbvis_core.protocols import Decoder, Derivation, DiffBuilder, Enricher, Group, Window
from arbvis_core.testing import (
    DerivationContract,
    DiffBuilderContract,
    EnricherContract,
    MemorySource,
)
from arbvis_core.values import Document, Range, Region, Request, Source

from .conftest import Run


def document(name: str, content: bytes) -> Document:
    (made,) = RawFormat().parse(Group("memory", (MemorySource(name, content),), ()))
    return made


class Notes(Enricher):
    """Reads what `notes.json` says."""

    name = "notes"
    priority = 100

    def matches(self, document: Document, siblings: Sequence[Source]) -> bool:
        return any(one.name == "notes.json" for one in siblings)

    def enrich(self, document: Document, siblings: Sequence[Source]) -> Document:
        (notes,) = (one for one in siblings if one.name == "notes.json")
        text = bytes(notes.read([Range(0, notes.size)])[0])
        return replace(document, metadata={"notes": self.parse(text)})

    def parse(self, text: bytes) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise FormatError(f"notes.json cannot be read: {error}") from error


class Trusting(Notes):
    def parse(self, text: bytes) -> Any:
        return json.loads(text)


class Everywhere(Notes):
    def matches(self, document: Document, siblings: Sequence[Source]) -> bool:
        return True


class Idle(Notes):
    def enrich(self, document: Document, siblings: Sequence[Source]) -> Document:
        return document


class Drops(Notes):
    def enrich(self, document: Document, siblings: Sequence[Source]) -> Document:
        return replace(super().enrich(document, siblings), regions=())


class Unplain(Notes):
    def parse(self, text: bytes) -> Any:
        return {1, 2}


class EnricherSuite(EnricherContract):
    def __init__(self, enricher: Enricher) -> None:
        self.enricher = enricher

    def document(self) -> Document:
        return document("a.bin", b"abc")

    def siblings(self) -> Sequence[MemorySource]:
        return [MemorySource("notes.json", b'{"layer": 3}')]


def test_a_good_enricher_passes(failures: Run) -> None:
    assert failures(EnricherSuite(Notes())) == {}


ADDS = "test_it_adds_and_takes_nothing_away"


@pytest.mark.parametrize(
    ("bad", "test", "words"),
    [
        (Trusting(), "test_damaged_siblings_are_a_sentence_or_are_ignored", "JSONDecodeError"),
        (Everywhere(), "test_it_matches_only_where_there_is_something_to_add", "AssertionError"),
        (Idle(), ADDS, "adds nothing"),
        (Drops(), ADDS, "a region is gone"),
        (Unplain(), ADDS, "not plain data"),
        (Notes, "test_the_registry_takes_it", "as a class"),
    ],
)
def test_a_bad_enricher_fails(bad: Any, test: str, words: str, failures: Run) -> None:
    assert words in failures(EnricherSuite(bad), test).get(test, "it passes")


class Minus(Decoder):
    encodings = ("minus",)

    def crops(self, region: Region, window: Window) -> tuple[()]:
        return ()

    def decode(
        self, region: Region, window: Window, buffers: Sequence[Any], operands: Sequence[Any]
    ) -> NDArray[np.float32]:
        left, right = operands
        return np.subtract(left, right)


class Lazy(Minus):
    """Takes the first values for those of every window."""

    def boxes(self, region: Region, window: Window) -> tuple[Window, ...]:
        first = tuple((0, stop - start) for start, stop in window)
        return first, first


class Difference(DiffBuilder):
    name = "difference"
    priority = 100
    decoders: tuple[Decoder, ...] = (Minus(),)

    def matches(self, request: Request, sides: Sequence[Sequence[Document]]) -> bool:
        return len(sides) == 2 and all(len(side) == 1 for side in sides)

    def build(self, request: Request, sides: Sequence[Sequence[Document]]) -> Sequence[Document]:
        (left,), (right,) = sides
        return [self.pair(left, right)]

    def pair(self, left: Document, right: Document) -> Document:
        operands = (left.regions[0], right.regions[0])
        region = Region("left - right", operands[0].shape, "minus", operands=operands)
        return Document("difference", self.name, (*left.sources, *right.sources), (region,))


class Halves(Derivation):
    """The difference between the two documents, as a derivation."""

    name = "difference"
    priority = 100
    decoders: tuple[Decoder, ...] = (Minus(),)

    def matches(self, request: Request, documents: Sequence[Document]) -> bool:
        return len(documents) == 2

    def derive(self, request: Request, documents: Sequence[Document]) -> Sequence[Document]:
        return [Difference().pair(*documents)]


class DiffSuite(DiffBuilderContract):
    def __init__(self, builder: DiffBuilder) -> None:
        self.builder = builder

    def sides(self) -> Sequence[Sequence[Document]]:
        return [[document("a", bytes(range(9)))], [document("b", bytes([1, 5, 0] * 3))]]


class DerivationSuite(DerivationContract):
    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation

    def documents(self) -> Sequence[Document]:
        return [document("a", bytes(range(9))), document("b", bytes([1, 5, 0] * 3))]


def test_a_good_diff_builder_and_a_good_derivation_pass(failures: Run) -> None:
    assert failures(DiffSuite(Difference())) == {}
    assert failures(DerivationSuite(Halves())) == {}


def made(good: type, **attributes: Any) -> Any:
    """Return an object of a class that differs in some attributes."""
    return type("Bad", (good,), attributes)()


MADE = "test_differences_are_documents"
DERIVED = "test_what_is_derived_is_documents"
CALLS = itertools.count()


@pytest.mark.parametrize(
    ("bad", "test", "words"),
    [
        (made(Difference, build=lambda *_: []), MADE, "makes nothing"),
        (
            made(Difference, build=lambda _, __, sides: [replace(sides[0][0], name=str(sides))]),
            MADE,
            "made by raw",
        ),
        (
            made(Difference, pair=lambda _, a, b: replace(Difference().pair(a, b), sources=())),
            MADE,
            "has no source",
        ),
        (
            made(
                Difference,
                pair=lambda _, a, b: replace(Difference().pair(a, b), name=str(next(CALLS))),
            ),
            MADE,
            "AssertionError",
        ),
        (made(Difference, decoders=(Lazy(),)), "test_differences_decode", "window of the whole"),
        (made(Difference, matches=lambda *_: True), "test_it_matches_what_it_can_compare", "True"),
        (made(Difference, priority=None), "test_the_registry_takes_it", "no integer"),
    ],
)
def test_a_bad_diff_builder_fails(bad: Any, test: str, words: str, failures: Run) -> None:
    assert words in failures(DiffSuite(bad), test).get(test, "it passes")


@pytest.mark.parametrize(
    ("bad", "test", "words"),
    [
        (made(Halves, derive=lambda _, __, given: given), DERIVED, "what it was made of"),
        (made(Halves, derive=lambda *_: []), DERIVED, "makes nothing"),
        (made(Halves, decoders=(Lazy(),)), "test_what_is_derived_decodes", "window of the whole"),
        (made(Halves, matches=lambda *_: 1), "test_it_matches_what_it_can_be_derived_from", "1"),
        (made(Halves, name=""), "test_the_registry_takes_it", "named ''"),
    ],
)
def test_a_bad_derivation_fails(bad: Any, test: str, words: str, failures: Run) -> None:
    assert words in failures(DerivationSuite(bad), test).get(test, "it passes")

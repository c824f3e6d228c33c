"""The contract of formats has teeth: every way to be wrong fails a test, and only the right one."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from arbvis_core.errors import FormatError
from arbvis_core.protocols import Decoder, Format, Group, Probe, Window
from arbvis_core.testing import FormatContract
from arbvis_core.values import Document, Part, Range, Region, Source

from .conftest import Run

SAMPLE = b"TOY" + bytes([5]) + bytes(range(5)) * 2


class HalfDecoder(Decoder):
    encodings = ("toy-half",)

    def decode(
        self, region: Region, window: Window, buffers: Sequence[Any], operands: Sequence[Any]
    ) -> NDArray[np.float32]:
        shape = tuple(stop - start for start, stop in window)
        return (np.concatenate(buffers, axis=None) / np.float32(2)).astype("f4").reshape(shape)


class Toy(Format):
    """`TOY`, a length of one byte, and twice as many bytes that stand for halves."""

    name = "toy"
    priority = 100
    decoders: tuple[Decoder, ...] = (HalfDecoder(),)

    def matches(self, probe: Probe) -> bool:
        return probe.head(3) == b"TOY"

    def parse(self, group: Group) -> Sequence[Document]:
        return [self.document(source) for source in group.claimed]

    def document(self, source: Source) -> Document:
        if source.size < 4:
            raise FormatError(f"{source.name} ends before its length")
        length = 2 * bytes(source.read([Range(3, 4)])[0])[0]
        if source.size < 4 + length:
            raise FormatError(f"{source.name} ends before its {length} bytes do")
        part = Part("codes", source.key, 4, 4 + length, (length,), (1,))
        region = Region("halves", (length,), "toy-half", (part,))
        return Document(source.name, self.name, (source,), (region,), {"length": length})


class Suite(FormatContract):
    sample = SAMPLE
    sample_name = "sample.toy"

    def __init__(self, format: Format) -> None:  # noqa: A002 - the contract's name
        self.format = format

    def expected(self) -> Mapping[str, NDArray[Any]]:
        return {"halves": np.array([0, 0.5, 1, 1.5, 2] * 2)}


class ByName(Toy):
    def matches(self, probe: Probe) -> bool:
        return probe.name.endswith(".toy")


class Greedy(Toy):
    def matches(self, probe: Probe) -> bool:
        return probe.size >= 0


class Clumsy(Toy):
    def matches(self, probe: Probe) -> bool:
        return probe.head(4)[3] > 0 and super().matches(probe)


class Vague(Toy):
    def matches(self, probe: Probe) -> bool:
        return probe.head(4)[3:] if super().matches(probe) else False  # type: ignore[return-value]


class Nameless(Toy):
    name = "no name"


class Empty(Toy):
    def parse(self, group: Group) -> Sequence[Document]:
        return []


class Careless(Toy):
    def document(self, source: Source) -> Document:
        length = bytes(source.read([Range(0, source.size)])[0])[3]
        region = Region("halves", (length,), "bytes")
        return Document(source.name, self.name, (source,), (region,))


class Outside(Toy):
    def document(self, source: Source) -> Document:
        found = super().document(source)
        part = found.regions[0].parts[0]
        part = replace(part, stop=part.stop + 1, shape=(part.shape[0] + 1,))
        region = replace(found.regions[0], shape=part.shape, parts=(part,))
        return replace(found, regions=(region,))


class Foreign(Toy):
    def document(self, source: Source) -> Document:
        return replace(super().document(source), sources=())


class Unplain(Toy):
    def document(self, source: Source) -> Document:
        return replace(super().document(source), metadata={"length": object()})


class Random(Toy):
    calls = itertools.count()

    def document(self, source: Source) -> Document:
        return replace(super().document(source), metadata={"call": next(self.calls)})


class Unknown(Toy):
    decoders = ()


class Anonymous(Toy):
    def document(self, source: Source) -> Document:
        try:
            return super().document(source)
        except FormatError:
            raise FormatError("something is wrong") from None


class Bomb(Toy):
    def document(self, source: Source) -> Document:
        length = bytes(source.read([Range(3, 4)])[0])[0] if source.size > 3 else 0
        held = bytearray(length << 20)
        del held
        return super().document(source)


class Reader(Toy):
    def document(self, source: Source) -> Document:
        source.read([Range(0, source.size)])
        return super().document(source)


class DoubleDecoder(HalfDecoder):
    def decode(self, *args: Any) -> NDArray[Any]:
        return super().decode(*args).astype("f8")


class ShiftedDecoder(HalfDecoder):
    """Decodes a window by where it begins, which a whole never shows."""

    def decode(self, region: Region, window: Window, *args: Any) -> NDArray[np.float32]:
        return super().decode(region, window, *args) + np.float32(window[0][0])


class WrongDecoder(HalfDecoder):
    def decode(self, *args: Any) -> NDArray[np.float32]:
        return super().decode(*args) * np.float32(2)


def decoding(decoder: Decoder) -> Toy:
    return type("Decoding", (Toy,), {"decoders": (decoder,)})()


def test_a_good_format_passes(failures: Run) -> None:
    assert failures(Suite(Toy())) == {}


@pytest.mark.parametrize(
    ("bad", "test", "words"),
    [
        (ByName(), "test_it_claims_the_sample", "by the name"),
        (Greedy(), "test_it_claims_nothing_that_is_not_its_own", "claims files that begin"),
        (Clumsy(), "test_matching_never_raises", "IndexError"),
        (Vague(), "test_it_claims_the_sample", "neither True nor False"),
        (Nameless(), "test_the_registry_takes_it", "is named 'no name'"),
        (Empty(), "test_the_sample_parses", "finds nothing"),
        (Careless(), "test_a_truncated_file_is_a_sentence_or_a_smaller_document", "IndexError"),
        (Outside(), "test_the_sample_parses", "bytes 4 to 15 of 14"),
        (Foreign(), "test_the_sample_parses", "has no source"),
        (Unplain(), "test_the_sample_parses", "not plain data"),
        (Unplain(), "test_documents_can_be_sent_to_another_process", "not the same"),
        (Random(), "test_the_sample_parses", "more than the file"),
        (Unknown(), "test_the_sample_parses", "no decoder knows"),
        (Anonymous(), "test_a_damaged_file_is_a_sentence_or_a_document", "does not name the file"),
        (Bomb(), "test_a_damaged_file_is_a_sentence_or_a_document", "bytes to parse"),
        (Reader(), "test_parsing_does_not_read_the_bulk", "reads 8388"),
        (decoding(DoubleDecoder()), "test_regions_decode", "float64"),
        (decoding(ShiftedDecoder()), "test_regions_decode", "window of the whole"),
        (decoding(WrongDecoder()), "test_values_are_those_that_are_expected", "AssertionError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Toy) else None,
)
def test_a_bad_format_fails(bad: Format, test: str, words: str, failures: Run) -> None:
    assert words in failures(Suite(bad), test).get(test, "it passes")


def test_a_fallback_is_expected_to_claim_everything(failures: Run) -> None:
    suite = Suite(Toy())
    suite.claims_everything = True
    assert failures(suite).keys() == {"test_it_claims_nothing_that_is_not_its_own"}
    suite = Suite(ByName())
    suite.by_name = True
    assert not failures(suite, "test_it_claims_the_sample")

"""The contract of formats: hostile files end in a sentence, honest ones in their values."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from math import prod
from typing import TYPE_CHECKING, Any

from arbvis_core.errors import FormatError
from arbvis_core.protocols import Format, Group
from arbvis_core.registry.probe import PROBE, SourceProbe
from arbvis_core.testing.documents import (
    check_documents,
    check_pickles,
    check_values,
    decoders_with,
    region_values,
)
from arbvis_core.testing.memory import CountingSource, MemorySource
from arbvis_core.testing.plugins import check_object
from arbvis_core.values import Document

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Truncated at every length up to here, and at as many lengths beyond.
EVERY = 1024
#: Bytes a parser may hold at once, whatever a header says, besides 64 times the file's size.
MEMORY = 16 << 20
#: Files that are damaged in one byte.
DAMAGED = 400


class FormatContract:
    """A format.

    Attributes:
        format: the object under test.
        sample: a valid file, small.
        sample_name: its name.
        beside: further files of its folder that it needs, claimed or not, by name.
        by_name: it can be told by its name only.
        claims_everything: it is a fallback that takes any file.
    """

    format: Format
    sample: bytes
    sample_name: str = "sample"
    beside: Mapping[str, bytes] = {}
    by_name: bool = False
    claims_everything: bool = False

    def expected(self) -> Mapping[str, NDArray[Any]]:
        """Return the values of regions of the sample, by name, as known from elsewhere."""
        return {}

    def parse(self, content: bytes) -> Sequence[Document]:
        """Parse a file as if it lay in place of the sample."""
        return self.format.parse(self._group(content))

    def test_the_registry_takes_it(self) -> None:
        """Name, priority, methods and decoders are in order."""
        check_object("formats", self.format)

    def test_it_claims_the_sample(self) -> None:
        """The sample is one of its files, by its content alone."""
        assert self._claims(self.sample, self.sample_name)
        by_content = self.by_name or self._claims(self.sample, "renamed")
        assert by_content, "it goes by the name, not by the content"

    def test_it_claims_nothing_that_is_not_its_own(self) -> None:
        """Noise, text, zeros and an empty file belong to others; telling so never raises."""
        others = [b"", b"\0" * 4096, b"{}", b"text\n" * 100, *_noise(50)]
        claimed = [content[:16] for content in others if self._claims(content, "other")]
        if self.claims_everything:
            assert len(claimed) == len(others), "it is said to claim everything"
        else:
            assert not claimed, f"it claims files that begin with {claimed[0]!r}"

    def test_matching_never_raises(self) -> None:
        """Every truncation and many damages of the sample are answered with yes or no."""
        for content in (*self._truncated(), *self._damaged()):
            self._claims(content, self.sample_name)

    def test_the_sample_parses(self) -> None:
        """Documents are valid, and the same each time."""
        documents = self.parse(self.sample)
        assert documents, "it claims the sample and finds nothing in it"
        self._check(documents)
        assert list(documents) == list(self.parse(self.sample)), "it depends on more than the file"

    def test_documents_can_be_sent_to_another_process(self) -> None:
        """Documents survive pickling."""
        for document in self.parse(self.sample):
            check_pickles(document, f"document {document.name}")

    def test_regions_decode(self) -> None:
        """Values are float32 in the region's shape, and any window is a window of the whole."""
        decoders = decoders_with(self.format)
        for document in self.parse(self.sample):
            check_values(document, decoders)

    def test_values_are_those_that_are_expected(self) -> None:
        """Regions of the sample decode to what `expected` returns, NaN for NaN."""
        import numpy as np

        expected = self.expected()
        decoders = decoders_with(self.format)
        found = {
            region.name: region_values(region, document.sources, decoders)
            for document in self.parse(self.sample)
            for region in document.regions
            if region.name in expected
        }
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            np.testing.assert_array_equal(found[name], values.astype(np.float32), err_msg=name)

    def test_a_truncated_file_is_a_sentence_or_a_smaller_document(self) -> None:
        """Cut at any length, the sample ends in `FormatError` or in regions that are there."""
        for content in self._truncated():
            self._survives(content, f"cut at byte {len(content)}")

    def test_a_damaged_file_is_a_sentence_or_a_document(self) -> None:
        """With any byte changed, the sample ends in `FormatError` or in a valid document."""
        for content in self._damaged():
            self._survives(content, "damaged")

    def test_parsing_does_not_read_the_bulk(self) -> None:
        """What follows the sample is not read to its end, if the file is still valid with it."""
        bulk = bytes(8 << 20)
        source = CountingSource(MemorySource(self.sample_name, self.sample + bulk))
        group = self._group(self.sample)
        with suppress(FormatError):
            self.format.parse(Group(group.folder, (source,), group.siblings))
        limit = len(self.sample) * 4 + 16 * PROBE
        assert source.bytes_read <= limit, f"it reads {source.bytes_read} bytes to find its regions"

    def _claims(self, content: bytes, name: str) -> bool:
        answer = self.format.matches(SourceProbe(MemorySource(name, content)))
        assert isinstance(answer, bool), f"matches answers {answer!r}, neither True nor False"
        return answer

    def _group(self, content: bytes) -> Group:
        others = tuple(MemorySource(name, data) for name, data in self.beside.items())
        kin = tuple(one for one in others if self.format.matches(SourceProbe(one)))
        siblings = tuple(one for one in others if one not in kin)
        return Group("memory", (MemorySource(self.sample_name, content), *kin), siblings)

    def _check(self, documents: Sequence[Document]) -> None:
        check_documents(documents, self.format.name, decoders_with(self.format))

    def _survives(self, content: bytes, how: str) -> None:
        """Parse hostile content, if it is claimed, and check what comes of it."""
        if not self._claims(content, self.sample_name):
            return
        try:
            documents = self._parse_traced(content, how)
            self._check(documents)
            self._decode_some(documents)
        except FormatError as error:
            sentence = str(error)
            assert self.sample_name in sentence, f"the sentence does not name the file: {sentence}"
            assert "\n" not in sentence, f"the sentence has several lines: {sentence}"
        except AssertionError:
            raise
        except Exception as error:
            raise AssertionError(f"{how}, the sample raises {error!r}, not FormatError") from error

    def _parse_traced(self, content: bytes, how: str) -> Sequence[Document]:
        tracemalloc.start()
        try:
            return self.parse(content)
        finally:
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            limit = MEMORY + 64 * len(content)
            assert peak <= limit, f"{how}, the sample takes {peak} bytes to parse"

    def _decode_some(self, documents: Sequence[Document]) -> None:
        decoders = decoders_with(self.format)
        for document in documents:
            for region in document.regions[:4]:
                if prod(region.shape) <= EVERY:
                    region_values(region, document.sources, decoders)

    def _truncated(self) -> Iterator[bytes]:
        size = len(self.sample)
        step = max(1, (size - EVERY) // EVERY)
        for length in (*range(min(size, EVERY)), *range(EVERY, size, step)):
            yield self.sample[:length]

    def _damaged(self) -> Iterator[bytes]:
        """Yield the sample with one byte changed, more often near its beginning and its end."""
        size = len(self.sample)
        pick = random.Random(0)  # noqa: S311 - the same damage in every run
        for number in range(DAMAGED if size else 0):
            near = min(size, 256) - 1
            place = (pick.randint(0, near), size - 1 - pick.randint(0, near), pick.randrange(size))
            content = bytearray(self.sample)
            content[place[number % 3]] = pick.choice((0, 255, 127, 128, 48, pick.randrange(256)))
            yield bytes(content)


def _noise(count: int) -> Iterator[bytes]:
    pick = random.Random(1)  # noqa: S311 - the same noise in every run
    for _ in range(count):
        yield pick.randbytes(pick.randint(1, 2048))

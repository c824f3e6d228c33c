from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from arbvis_core.errors import SourceChangedError, SourceError
from arbvis_core.protocols import SourceProvider
from arbvis_core.testing import MemorySource, SourceContract, SourceProviderContract
from arbvis_core.values import Buffer, Range, Source

from .conftest import Run

CONTENT = bytes(range(256)) * 3
#: What the sources of this page hold now, by key; a change is a change of this.
STORE: dict[str, bytes] = {}


@dataclass
class Stored:
    """A source that looks into the store."""

    key: str
    name: str = "a.bin"
    folder: str = "store"
    opened: bytes = b""
    token: str = field(default="", repr=False)

    @property
    def size(self) -> int:
        return len(self.opened)

    @property
    def identity(self) -> str:
        return str(hash(self.opened))

    def read(self, ranges: Sequence[Range]) -> Sequence[Buffer]:
        self.verify()
        if any(stop > self.size for _, stop in ranges):
            raise SourceError("past the end")
        return [self.opened[start:stop] for start, stop in ranges]

    def verify(self) -> None:
        if STORE[self.key] != self.opened:
            raise SourceChangedError(f"{self.name} has changed")


class Short(Stored):
    def read(self, ranges: Sequence[Range]) -> Sequence[Buffer]:
        return [self.opened[start:stop] for start, stop in ranges]


class Unordered(Stored):
    def read(self, ranges: Sequence[Range]) -> Sequence[Buffer]:
        return super().read(sorted(ranges))


class Strided(Stored):
    def read(self, ranges: Sequence[Range]) -> Sequence[Buffer]:
        return [memoryview(bytes(2 * len(one)))[::2] for one in super().read(ranges)]


class Unaware(Stored):
    def verify(self) -> None:
        return


class Bound(Stored):
    def __reduce__(self) -> Any:
        raise TypeError("cannot be sent")


class Suite(SourceContract):
    content = CONTENT
    secrets = ("hunter2",)

    def __init__(self, kind: type[Stored], token: str = "") -> None:
        self.kind = kind
        self.token = token

    def source(self, folder: Path) -> Source:
        STORE[str(folder)] = CONTENT
        return self.kind(str(folder), opened=CONTENT, token=self.token)

    def change(self, source: Source) -> None:
        STORE[source.key] = CONTENT[1:]


def test_a_good_source_passes(failures: Run) -> None:
    assert failures(Suite(Stored)) == {}


@pytest.mark.parametrize(
    ("suite", "test", "words"),
    [
        (Suite(Short), "test_what_is_not_there_is_an_error", "was read"),
        (Suite(Unordered), "test_ranges_are_read_whole", "are not the content"),
        (Suite(Strided), "test_ranges_are_read_whole", "not contiguous"),
        (Suite(Strided), "test_it_can_be_read_from_several_threads", "not contiguous"),
        (Suite(Unaware), "test_a_change_is_noticed", "unnoticed"),
        (Suite(Bound), "test_it_reopens_itself_in_another_process", "cannot be sent"),
        (Suite(Stored, "hunter2"), "test_it_reopens_itself_in_another_process", "a secret"),
    ],
)
def test_a_bad_source_fails(suite: Suite, test: str, words: str, failures: Run) -> None:
    assert words in failures(suite, test).get(test, "it passes")


class Provider(SourceProvider):
    name = "store"
    priority = 100

    def matches(self, spec: str) -> bool:
        return spec.startswith("store:")

    def open(self, spec: str) -> Sequence[Source]:
        if spec == "store:nothing":
            raise SourceError(f"{spec} is empty")
        return [MemorySource(name, CONTENT) for name in "ab"]


class Picky(Provider):
    def matches(self, spec: str) -> bool:
        return spec.encode().startswith(b"store:")


class Broad(Provider):
    def matches(self, spec: str) -> bool:
        return "s" in spec


class Unsteady(Provider):
    def __init__(self) -> None:
        self.opened = False

    def open(self, spec: str) -> Sequence[Source]:
        self.opened = not self.opened
        return super().open(spec)[:: 1 if self.opened else -1]


class Silent(Provider):
    def open(self, spec: str) -> Sequence[Source]:
        return super().open(spec) if spec != "store:nothing" else []


class ProviderSuite(SourceProviderContract):
    contents = (CONTENT, CONTENT)
    strangers = ("-", "s3://bucket", "")
    missing = "store:nothing"

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    def spec(self, folder: Path) -> str:
        return f"store:{folder}"


def test_a_good_provider_passes(failures: Run) -> None:
    assert failures(ProviderSuite(Provider())) == {}


@pytest.mark.parametrize(
    ("bad", "test", "words"),
    [
        (Picky(), "test_matching_never_raises", "UnicodeEncodeError"),
        (Broad(), "test_it_matches_its_own", "s3://bucket"),
        (Unsteady(), "test_its_sources_are_in_order", "AssertionError"),
        (Silent(), "test_what_cannot_be_opened_is_a_sentence", "was opened"),
        (Provider, "test_the_registry_takes_it", "as a class"),
    ],
)
def test_a_bad_provider_fails(bad: Any, test: str, words: str, failures: Run) -> None:
    assert words in failures(ProviderSuite(bad), test).get(test, "it passes")

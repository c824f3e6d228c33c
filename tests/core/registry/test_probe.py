from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.registry.probe import PROBE, SourceProbe
from arbvis_core.values import Buffer, Range


@dataclass
class Counted:
    content: bytes
    key: str = "k"
    name: str = "a.bin"
    folder: str = ""
    asked: list[Range] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.content)

    @property
    def identity(self) -> str:
        return str(self.size)

    def read(self, ranges: Sequence[Range]) -> Sequence[Buffer]:
        self.asked += ranges
        return [self.content[start:stop] for start, stop in ranges]

    def verify(self) -> None:
        return


CONTENT = bytes(range(251)) * 800


@given(st.integers(0, 700), st.lists(st.integers(-3, 900), max_size=4))
def test_the_ends_are_those_of_the_content(size: int, counts: list[int]) -> None:
    content = CONTENT[:size]
    probe = SourceProbe(Counted(content))
    for count in counts:
        wanted = max(count, 0)
        assert probe.head(count) == content[:wanted]
        assert probe.tail(count) == content[max(0, size - wanted) :]


def test_no_more_than_64_kib_are_read_at_either_end() -> None:
    source = Counted(CONTENT)
    probe = SourceProbe(source)
    assert probe.head(10**9) == CONTENT[:PROBE]
    assert probe.tail(10**9) == CONTENT[-PROBE:]
    assert source.asked == [Range(0, PROBE), Range(len(CONTENT) - PROBE, len(CONTENT))]
    assert (probe.name, probe.size) == ("a.bin", len(CONTENT))


def test_what_was_read_is_kept() -> None:
    source = Counted(CONTENT)
    probe = SourceProbe(source)
    for count in (4, 8, 512, 100):
        probe.head(count)
    for count in (80, 8, 4):
        probe.tail(count)
    assert len(source.asked) == 2

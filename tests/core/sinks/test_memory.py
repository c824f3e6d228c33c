from __future__ import annotations

import pytest

from arbvis_core.errors import SinkError
from arbvis_core.protocols import Sink
from arbvis_core.sinks.memory import MemorySink
from arbvis_core.values import Blob


def test_keeps_what_was_committed() -> None:
    sink: Sink = MemorySink()
    sink.put(Blob("a/b", "text/plain", b"x"))
    assert sink.commit() == "memory"
    sink.abort()
    assert isinstance(sink, MemorySink)
    assert sink.blobs == {"a/b": b"x"}


def test_forgets_what_was_aborted() -> None:
    sink = MemorySink()
    sink.put(Blob("a", "text/plain", b"x"))
    sink.abort()
    sink.abort()
    assert not sink.blobs


def test_has_the_paths_of_a_folder() -> None:
    with pytest.raises(SinkError):
        MemorySink().put(Blob("../a", "text/plain", b"x"))

"""The contracts of sources and of what opens them."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from arbvis_core.errors import ArbvisError, SourceChangedError, SourceError
from arbvis_core.protocols import SourceProvider
from arbvis_core.testing.plugins import check_object
from arbvis_core.values import Range, Source

#: Arguments that people type, paste and attack with; telling whether they match never raises.
HOSTILE = (
    *(
        "",
        "-",
        "--",
        ".",
        "..",
        "/",
        "~",
        "\0",
        "a\nb",
        "\udcff",
        "x" * 70_000,
        "C:\\x",
        "\\\\x\\y",
    ),
    *("://", "hf://", "hf://a/b@c/d", "http://[", "file:///x", "s3://b", "<script>", "%00", "*"),
)


class SourceContract:
    """A source.

    Attributes:
        content: what the source under test holds: some hundred bytes or more.
        secrets: what must not be found in a pickled source: tokens, passwords.
    """

    content: bytes
    secrets: Sequence[str] = ()

    def source(self, folder: Path) -> Source:
        """Return the source; `folder` is empty, and may be used."""
        raise NotImplementedError

    def change(self, source: Source) -> None:
        """Change what the source holds, behind its back."""
        raise NotImplementedError

    def test_it_is_a_source(self, tmp_path: Path) -> None:
        """Key, name, folder, size and identity are there and stay the same."""
        source = self.source(tmp_path)
        assert isinstance(source, Source)
        known = [source.key, source.name, source.folder, source.identity]
        assert all(isinstance(one, str) for one in known)
        assert source.key, "it has no key"
        assert source.name, "it has no name"
        assert source.size == len(self.content)
        source.read([Range(0, 1)])
        assert known == [source.key, source.name, source.folder, source.identity]
        source.verify()

    def test_ranges_are_read_whole(self, tmp_path: Path) -> None:
        """Many ranges in one call, in any order, overlapping or empty, are what was asked for."""
        source, size = self.source(tmp_path), len(self.content)
        ranges = [
            *(Range(0, size), Range(size - 1, size), Range(0, 1), Range(0, 0), Range(size, size)),
            *(Range(size // 3, size // 2), Range(size // 4, size // 2), Range(0, 1)),
        ]
        _check_reads(source, self.content, ranges)
        _check_reads(source, self.content, [])

    def test_it_can_be_read_from_several_threads(self, tmp_path: Path) -> None:
        """Readers do not disturb each other."""
        source, size = self.source(tmp_path), len(self.content)
        jobs = [[Range(start, size - start)] for start in range(min(64, size // 2))]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda ranges: _check_reads(source, self.content, ranges), jobs))

    def test_what_is_not_there_is_an_error(self, tmp_path: Path) -> None:
        """A read past the end is never a short one."""
        source, size = self.source(tmp_path), len(self.content)
        for wrong in (Range(0, size + 1), Range(size, size + 8), Range(size + 5, size + 9)):
            try:
                source.read([wrong])
            except SourceError as error:
                assert "\n" not in str(error)  # noqa: PT017 - pytest.raises shows no range
            else:
                raise AssertionError(f"{wrong} of {size} bytes was read")

    def test_it_reopens_itself_in_another_process(self, tmp_path: Path) -> None:
        """A pickled source is the same source, and carries no secret."""
        source = self.source(tmp_path)
        source.read([Range(0, 1)])
        pickled = pickle.dumps(source)
        assert not [one for one in self.secrets if one.encode() in pickled], "it carries a secret"
        again: Source = pickle.loads(pickled)  # noqa: S301 - our own bytes
        assert (again.key, again.identity) == (source.key, source.identity)
        _check_reads(again, self.content, [Range(0, len(self.content))])

    def test_a_change_is_noticed(self, tmp_path: Path) -> None:
        """After a change of the content, `verify` and `read` say so."""
        source = self.source(tmp_path)
        source.read([Range(0, 1)])
        self.change(source)
        for look in (source.verify, lambda: source.read([Range(0, len(self.content))])):
            try:
                look()
            except SourceChangedError:
                continue
            raise AssertionError("a change of the content goes unnoticed")


class SourceProviderContract:
    """A source provider.

    Attributes:
        provider: the object under test.
        contents: what its sources hold, in order.
        strangers: arguments that are not its own.
        missing: an argument that it understands and cannot open.
    """

    provider: SourceProvider
    contents: Sequence[bytes]
    strangers: Sequence[str] = ()
    missing: str

    def spec(self, folder: Path) -> str:
        """Return an argument it can open; `folder` is empty, and may be used."""
        raise NotImplementedError

    def test_the_registry_takes_it(self) -> None:
        """Name, priority and methods are in order."""
        check_object("source_providers", self.provider)

    def test_it_matches_its_own(self, tmp_path: Path) -> None:
        """It takes its own arguments and leaves those of others alone."""
        assert self.provider.matches(self.spec(tmp_path)) is True
        assert self.provider.matches(self.missing) is True
        assert not [one for one in self.strangers if self.provider.matches(one)]

    def test_matching_never_raises(self) -> None:
        """Whatever was typed is answered with yes or no."""
        for spec in HOSTILE:
            assert isinstance(self.provider.matches(spec), bool), f"{spec!r:.40} has no answer"

    def test_its_sources_are_in_order(self, tmp_path: Path) -> None:
        """Opening twice gives the same sources in the same order, with the right content."""
        spec = self.spec(tmp_path)
        first, second = self.provider.open(spec), self.provider.open(spec)
        keys = [source.key for source in first]
        assert keys == [source.key for source in second]
        assert len(set(keys)) == len(keys) == len(self.contents)
        for source, content in zip(first, self.contents, strict=True):
            assert isinstance(source, Source)
            _check_reads(source, content, [Range(0, len(content))])

    def test_what_lies_beside_is_something_else(self, tmp_path: Path) -> None:
        """What `beside` returns are sources, and none of those that were asked for."""
        spec = self.spec(tmp_path)
        beside = self.provider.beside(spec)
        assert all(isinstance(source, Source) for source in beside)
        asked = {source.key for source in self.provider.open(spec)}
        assert not asked & {source.key for source in beside}

    def test_what_cannot_be_opened_is_a_sentence(self) -> None:
        """The error names the argument, in one line."""
        try:
            self.provider.open(self.missing)
        except ArbvisError as error:
            assert self.missing in str(error)  # noqa: PT017 - see below
            assert "\n" not in str(error)  # noqa: PT017
        else:
            raise AssertionError(f"{self.missing} was opened")


def _check_reads(source: Source, content: bytes, ranges: Sequence[Range]) -> None:
    buffers = source.read(ranges)
    assert len(buffers) == len(ranges), f"{len(buffers)} buffers for {len(ranges)} ranges"
    for (start, stop), buffer in zip(ranges, buffers, strict=True):
        view = memoryview(buffer)
        assert view.c_contiguous, "a buffer is not contiguous"
        same = bytes(view) == content[start:stop]
        assert same, f"bytes {start} to {stop} are not the content"

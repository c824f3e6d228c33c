"""The contracts of what makes documents of documents: enrichers, diff builders, derivations."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from arbvis_core.errors import ArbvisError
from arbvis_core.protocols import Derivation, DiffBuilder, Enricher
from arbvis_core.testing.documents import (
    check_documents,
    check_pickles,
    check_values,
    decoders_with,
)
from arbvis_core.testing.memory import MemorySource
from arbvis_core.testing.plugins import check_object
from arbvis_core.values import Document, Request, Source

#: Every prefix of a sidecar up to here is tried.
EVERY = 512


class EnricherContract:
    """An enricher.

    Attributes:
        enricher: the object under test.
        makers: formats and others whose decoders the document needs.
    """

    enricher: Enricher
    makers: Sequence[Any] = ()

    def document(self) -> Document:
        """Return a document that the enricher has something to add to."""
        raise NotImplementedError

    def siblings(self) -> Sequence[MemorySource]:
        """Return what lies beside it, from which the enricher knows."""
        raise NotImplementedError

    def test_the_registry_takes_it(self) -> None:
        """Name, priority and methods are in order."""
        check_object("enrichers", self.enricher)

    def test_it_matches_only_where_there_is_something_to_add(self) -> None:
        """With the siblings there is; without, there is nothing to know it from."""
        assert self.enricher.matches(self.document(), self.siblings()) is True
        assert self.enricher.matches(self.document(), ()) is False

    def test_it_adds_and_takes_nothing_away(self) -> None:
        """The document that comes back is valid, says more, and keeps its sources and regions."""
        before = self.document()
        kept = pickle.dumps(before)
        after = self.enricher.enrich(before, self.siblings())
        unchanged = pickle.dumps(before) == kept
        assert unchanged, "it changes the document it was handed"
        assert after != before, "it adds nothing"
        check_documents([after], before.format, decoders_with(*self.makers))
        keys = {source.key for source in after.sources}
        assert {source.key for source in before.sources} <= keys, "a source is gone"
        assert len(after.regions) >= len(before.regions), "a region is gone"
        check_pickles(after, "the enriched document")
        assert after == self.enricher.enrich(self.document(), self.siblings())

    def test_damaged_siblings_are_a_sentence_or_are_ignored(self) -> None:
        """Siblings are files like any other: cut short or full of noise, nothing else is raised."""
        siblings = self.siblings()
        for index, sibling in enumerate(siblings):
            for content in _damaged(sibling.content):
                damaged = [*siblings[:index], replace(sibling, content=content)]
                self._survives([*damaged, *siblings[index + 1 :]])

    def _survives(self, siblings: Sequence[Source]) -> None:
        document = self.document()
        try:
            if self.enricher.matches(document, siblings):
                document = self.enricher.enrich(document, siblings)
        except ArbvisError:
            return
        check_documents([document], document.format, decoders_with(*self.makers))


class DiffBuilderContract:
    """A diff builder.

    Attributes:
        builder: the object under test.
        makers: formats and others whose decoders its operands need.
    """

    builder: DiffBuilder
    makers: Sequence[Any] = ()

    def request(self) -> Request:
        """Return a request that asks for the difference."""
        return Request(("left", "right"), diff=True)

    def sides(self) -> Sequence[Sequence[Document]]:
        """Return the documents of each input, which the builder can compare."""
        raise NotImplementedError

    def test_the_registry_takes_it(self) -> None:
        """Name, priority, methods and decoders are in order."""
        check_object("diff_builders", self.builder)

    def test_it_matches_what_it_can_compare(self) -> None:
        """It takes the sides, and has no answer but no for sides of nothing."""
        assert self.builder.matches(self.request(), self.sides()) is True
        assert self.builder.matches(self.request(), ((), ())) is False

    def test_differences_are_documents(self) -> None:
        """They are valid, the same each time, and can be sent to another process."""
        made = self.builder.build(self.request(), self.sides())
        _check_made(made, self.builder, self.makers)
        assert list(made) == list(self.builder.build(self.request(), self.sides()))

    def test_differences_decode(self) -> None:
        """Values are float32 in the region's shape, and any window is a window of the whole."""
        decoders = decoders_with(self.builder, *self.makers)
        for document in self.builder.build(self.request(), self.sides()):
            check_values(document, decoders)


class DerivationContract:
    """A derivation.

    Attributes:
        derivation: the object under test.
        makers: formats and others whose decoders its operands need.
    """

    derivation: Derivation
    makers: Sequence[Any] = ()

    def request(self) -> Request:
        """Return a request that asks for it."""
        return Request(("input",))

    def documents(self) -> Sequence[Document]:
        """Return documents that it can be derived from."""
        raise NotImplementedError

    def test_the_registry_takes_it(self) -> None:
        """Name, priority, methods and decoders are in order."""
        check_object("derivations", self.derivation)

    def test_it_matches_what_it_can_be_derived_from(self) -> None:
        """It takes the documents, and has no answer but no where there are none."""
        assert self.derivation.matches(self.request(), self.documents()) is True
        assert self.derivation.matches(self.request(), ()) is False

    def test_what_is_derived_is_documents(self) -> None:
        """They are new, valid, the same each time, and can be sent to another process."""
        given = self.documents()
        made = self.derivation.derive(self.request(), given)
        assert not [one for one in made if one in given], "it returns what it was made of"
        _check_made(made, self.derivation, self.makers)
        assert list(made) == list(self.derivation.derive(self.request(), self.documents()))

    def test_what_is_derived_decodes(self) -> None:
        """Values are float32 in the region's shape, and any window is a window of the whole."""
        decoders = decoders_with(self.derivation, *self.makers)
        for document in self.derivation.derive(self.request(), self.documents()):
            check_values(document, decoders)


def _check_made(
    made: Sequence[Document], maker: DiffBuilder | Derivation, makers: Sequence[Any]
) -> None:
    assert made, f"{maker.name} matches and makes nothing"
    check_documents(made, maker.name, decoders_with(maker, *makers))
    for document in made:
        assert document.sources, f"document {document.name} reads from no source"
        check_pickles(document, f"document {document.name}")


def _damaged(content: bytes) -> list[bytes]:
    cut = [content[:length] for length in range(min(len(content), EVERY))]
    return [*cut, b"\xff" * 64, b"[" * 100_000, b'{"a": ' * 20_000, b"null", b"[]", b'""', b"0"]

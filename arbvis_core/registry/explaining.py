"""Who would open, parse, arrange and draw an input, who was asked besides, and what each said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from arbvis_core.errors import ArbvisError, UsageError
from arbvis_core.protocols import Group
from arbvis_core.registry.blame import guard
from arbvis_core.registry.probe import SourceProbe
from arbvis_core.values import Document, Profile, Request, Scene, Source

if TYPE_CHECKING:
    from arbvis_core.registry.ranking import Registry
    from arbvis_core.registry.records import Registered

Verdict = Literal["yes", "no", "fault"]


@dataclass(frozen=True, slots=True)
class Candidacy:
    """One object that could have taken a stage.

    Attributes:
        plugin, version, name, priority: who it is.
        verdict: whether it matches; `fault` where it could not tell.
        wins: whether it takes the stage.
        reason: why it wins, or what went wrong, in one sentence; often empty.
    """

    plugin: str
    version: str
    name: str
    priority: int
    verdict: Verdict
    wins: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the pipeline (`open`, `parse`, `arrange`, `render`) and its candidates, in order."""

    name: str
    subject: str
    candidates: tuple[Candidacy, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would happen to an input.

    Attributes:
        spec: the input, as on the command line.
        profile: whose assumptions were taken.
        sources: how many sources the input holds; only the first is explained.
        stages: as far as it got.
        error: the sentence it ended with; None when it did not.
    """

    spec: str
    profile: str
    sources: int
    stages: tuple[Stage, ...]
    error: str | None = None


def explain(registry: Registry, spec: str, profile: Profile) -> Explanation:
    """Ask every candidate of every stage about the first source of an input; nothing is drawn."""
    inquiry = _Inquiry(registry, Request((spec,), profile))
    error = None
    try:
        inquiry.run(spec)
    except ArbvisError as stopped:
        error = str(stopped)
    return Explanation(spec, profile.name, inquiry.sources, tuple(inquiry.stages), error)


class _Inquiry:
    """Walks the stages and writes down what each candidate said."""

    def __init__(self, registry: Registry, request: Request) -> None:
        self._registry = registry
        self._request = request
        self.sources = 0
        self.stages: list[Stage] = []

    def run(self, spec: str) -> None:
        """Go as far as the input goes.

        Raises:
            ArbvisError: a stage cannot be taken.
        """
        documents = self._parse(self._open(spec))
        for scene in self._arrange(documents):
            self._render(scene)

    def _open(self, spec: str) -> Source:
        providers = self._registry.source_providers
        winner = self._ask("open", spec, providers, lambda item: item.matches(spec))
        with guard(winner, "open", spec):
            opened: Sequence[Source] = winner.item.open(spec)
        self.sources = len(opened)
        if not opened:
            raise UsageError(f"{spec} holds nothing to show")
        return opened[0]

    def _parse(self, source: Source) -> Sequence[Document]:
        probe = SourceProbe(source)
        formats = self._registry.formats
        winner = self._ask("parse", source.name, formats, lambda item: item.matches(probe))
        with guard(winner, "parse", source.name):
            documents: Sequence[Document] = winner.item.parse(Group(source.folder, (source,), ()))
        if not documents:
            raise UsageError(f"format {winner.name} finds nothing to show in {source.name}")
        return documents

    def _arrange(self, documents: Sequence[Document]) -> Sequence[Scene]:
        profile = self._request.profile
        layouts = self._registry.layouts
        first = tuple(one for one in layouts if one.name == profile.layout)
        reason = f"{profile.name} takes {profile.layout} unless --layout names another"
        winner = self._ask(
            "arrange",
            documents[0].name,
            first + tuple(one for one in layouts if one not in first),
            lambda item: item.matches(self._request, documents),
            {one.name: reason for one in first},
        )
        with guard(winner, "arrange", documents[0].name):
            scenes: Sequence[Scene] = winner.item.arrange(self._request, documents)
        return scenes

    def _render(self, scene: Scene) -> None:
        named = self._registry.renderer_entry(scene.renderer)
        reason = f"scene {scene.label!r} names it"
        candidates = tuple(
            _candidacy(one, "yes" if one is named else "no", reason=reason if one is named else "")
            for one in self._registry.renderers
        )
        self.stages.append(Stage("render", scene.label, candidates))

    def _ask(
        self,
        stage: str,
        subject: str,
        entries: Iterable[Registered[Any]],
        question: Callable[[Any], object],
        reasons: dict[str, str] | None = None,
    ) -> Registered[Any]:
        """Ask all candidates, also those after the winner: the first that says yes."""
        winner = None
        candidates = []
        for one in entries:
            verdict, fault = self._verdict(one, partial(question, one.item), subject)
            wins = verdict == "yes" and winner is None
            winner = one if wins else winner
            reason = (reasons or {}).get(one.name, "the first that matches") if wins else fault
            candidates.append(_candidacy(one, verdict, reason=reason))
        self.stages.append(Stage(stage, subject, tuple(candidates)))
        if winner is None:
            raise UsageError(f"nothing that is installed can {stage} {subject}")
        return winner

    def _verdict(
        self, one: Registered[Any], question: Callable[[], object], subject: str
    ) -> tuple[Verdict, str]:
        failed: list[str] = []

        def noting() -> object:
            try:
                return question()
            except BaseException as error:
                failed.append(f"{type(error).__name__}: {error}")
                raise

        yes = self._registry.ask(one, noting, subject)
        if failed:
            return "fault", failed[0]
        return ("yes" if yes else "no"), ""


def _candidacy(one: Registered[Any], verdict: Verdict, *, reason: str) -> Candidacy:
    wins = bool(reason) and verdict == "yes"
    priority = int(getattr(one.item, "priority", 0))
    return Candidacy(one.plugin, one.version, one.name, priority, verdict, wins, reason)

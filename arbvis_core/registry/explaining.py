"""Who would open, parse, arrange and draw an input, who was asked besides, and what each said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from arbvis_core.errors import ArbvisError, UsageError
from arbvis_core.protocols import Format, Group, Priority
from arbvis_core.registry.blame import guard
from arbvis_core.registry.probe import SourceProbe
from arbvis_core.slotted import dataclass
from arbvis_core.values import Document, Profile, Request, Scene, Source

if TYPE_CHECKING:
    from arbvis_core.registry.ranking import Registry
    from arbvis_core.registry.records import Registered

#: Names that a subject lists.
SHOWN = 20

Verdict = Literal["yes", "no", "fault"]
#: What each candidate said, and how it failed if it did; in the order in which they are asked.
_Answers = list[tuple["Registered[Any]", Verdict, str]]


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
    """A stage of the pipeline (`open`, `parse`, `arrange`, `render`) and its candidates, in order.

    Attributes:
        name: of the stage.
        subject: what the candidates were asked about.
        candidates: what each of them said.
        files: of the stage `parse`, all files of which they said the same.
    """

    name: str
    subject: str
    candidates: tuple[Candidacy, ...]
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would happen to an input.

    Attributes:
        spec: the input, as on the command line.
        profile: whose assumptions were taken.
        sources: how many sources the input holds.
        stages: as far as it got.
        error: the sentence it ended with; None when it did not.
    """

    spec: str
    profile: str
    sources: int
    stages: tuple[Stage, ...]
    error: str | None = None


def explain(registry: Registry, spec: str, profile: Profile) -> Explanation:
    """Ask every candidate of every stage about an input and its files; nothing is drawn."""
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
        sources = self._open(spec)
        self._request = replace(self._request, opened=(sources,))
        documents = self._parse(spec, sources)
        for scene in self._arrange(documents):
            self._render(scene)

    def _open(self, spec: str) -> tuple[Source, ...]:
        providers = self._registry.source_providers
        answers = self._answers(providers, lambda item: item.matches(spec), spec)
        winner = self._stage("open", spec, answers)
        with guard(winner, "open", spec):
            opened = tuple(winner.item.open(spec))
        self.sources = len(opened)
        if not opened:
            raise UsageError(f"{spec} holds nothing to show")
        return opened

    def _parse(self, spec: str, sources: Sequence[Source]) -> Sequence[Document]:
        """Let the formats share the files of each folder, and tell files apart by what they said."""
        formats = self._registry.formats
        alike: dict[tuple[tuple[Verdict, str], ...], list[str]] = {}
        groups: dict[tuple[str, str], tuple[Registered[Format], list[Source]]] = {}
        for source in sources:
            probe = SourceProbe(source)
            answers = self._answers(formats, partial(_claims, probe, self._least()), source.name)
            said = tuple((verdict, fault) for _, verdict, fault in answers)
            alike.setdefault(said, []).append(source.name)
            winner = _first(answers)
            if winner is not None:
                groups.setdefault((source.folder, winner.name), (winner, []))[1].append(source)
        for said, names in alike.items():
            answers = [(one, *answer) for one, answer in zip(formats, said, strict=True)]
            self._stage("parse", _listed(names), answers, files=tuple(names), needed=False)
        documents = [
            document
            for (folder, _), (winner, claimed) in groups.items()
            for document in _parsed(winner, folder, claimed, sources)
        ]
        if not documents:
            takers = ", ".join(dict.fromkeys(winner.name for winner, _ in groups.values()))
            who = f"format {takers} finds" if takers else "no format that is installed finds"
            raise UsageError(f"{who} nothing to show in {spec}")
        return documents

    def _least(self) -> int:
        """Return the priority from which on formats are asked: a strict profile has no fallback."""
        return Priority.FALLBACK + 1 if self._request.profile.strict else Priority.FALLBACK

    def _arrange(self, documents: Sequence[Document]) -> Sequence[Scene]:
        profile, layouts = self._request.profile, self._registry.layouts
        first = tuple(one for one in layouts if one.name == profile.layout)
        ordered = first + tuple(one for one in layouts if one not in first)
        subject = _listed([one.name for one in documents])
        answers = self._answers(
            ordered, lambda item: item.matches(self._request, documents), subject
        )
        reason = f"{profile.name} takes {profile.layout} unless --layout names another"
        winner = self._stage(
            "arrange", subject, answers, reasons={one.name: reason for one in first}
        )
        with guard(winner, "arrange", subject):
            scenes: Sequence[Scene] = winner.item.arrange(self._request, documents)
        return scenes

    def _render(self, scene: Scene) -> None:
        named = self._registry.renderer_entry(scene.renderer)
        answers: _Answers = [
            (one, "yes" if one is named else "no", "") for one in self._registry.renderers
        ]
        reasons = {named.name: f"scene {scene.label!r} names it"}
        self._stage("render", scene.label, answers, reasons=reasons)

    def _stage(
        self,
        stage: str,
        subject: str,
        answers: _Answers,
        *,
        reasons: Mapping[str, str] = MappingProxyType({}),
        files: tuple[str, ...] = (),
        needed: bool = True,
    ) -> Registered[Any]:
        """Write down a stage and return who takes it: the first that said yes.

        Raises:
            UsageError: nobody does, and the stage has to be taken.
        """
        winner = _first(answers)
        candidates = tuple(
            Candidacy(
                *(one.plugin, one.version, one.name),
                int(getattr(one.item, "priority", 0)),
                verdict,
                one is winner,
                reasons.get(one.name, "the first that matches") if one is winner else fault,
            )
            for one, verdict, fault in answers
        )
        self.stages.append(Stage(stage, subject, candidates, files))
        if winner is None and needed:
            raise UsageError(f"nothing that is installed can {stage} {subject}")
        return winner  # type: ignore[return-value]

    def _answers(
        self, entries: Iterable[Registered[Any]], question: Callable[[Any], object], subject: str
    ) -> _Answers:
        """Ask all candidates, also those after the first that says yes."""
        return [(one, *self._verdict(one, partial(question, one.item), subject)) for one in entries]

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


def _first(answers: _Answers) -> Registered[Any] | None:
    return next((one for one, verdict, _ in answers if verdict == "yes"), None)


def _claims(probe: SourceProbe, least: int, item: Format) -> bool:
    return item.priority >= least and item.matches(probe)


def _parsed(
    winner: Registered[Format], folder: str, claimed: list[Source], sources: Sequence[Source]
) -> Sequence[Document]:
    keys = {source.key for source in claimed}
    siblings = tuple(one for one in sources if one.folder == folder and one.key not in keys)
    with guard(winner, "parse", claimed[0].name):
        return list(winner.item.parse(Group(folder, tuple(claimed), siblings)))


def _listed(names: Sequence[str]) -> str:
    """Name what there is, or the first of many."""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more

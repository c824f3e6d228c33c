"""What the user asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, TypeVar

from arbvis_core.slotted import dataclass

if TYPE_CHECKING:
    from arbvis_core.values.documents import Source

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a command assumes where the user says nothing.

    Attributes:
        name: the command, and the brand in titles.
        layout: the layout that is taken unless another is asked for; None lets priority decide.
        strict: a file that a format claims and cannot parse ends the run.
        summary: what the command is for, in one sentence.
    """

    name: str
    layout: str | None = None
    strict: bool = False
    summary: str = ""


#: What the command `arbvis` assumes.
ARBVIS = Profile(
    "arbvis",
    layout="hilbert",
    summary="Show the bytes of any file as a map to pan and zoom.",
)


@dataclass(frozen=True, slots=True)
class Request:
    """Everything a run depends on, apart from the inputs' content.

    Attributes:
        inputs: the positional arguments, as typed: paths, `-`, addresses.
        profile: the command's assumptions.
        layout: an explicit layout, which beats every priority.
        format: an explicit format, which beats every priority.
        diff: compare the inputs instead of showing them one after the other.
        keep_going: draw what can be drawn and list what cannot.
        title: the page's title; None makes one from the inputs.
        live: tiles are drawn only where somebody looks, so that further scenes cost nothing.
        options: one instance of every option group, by its class.
        opened: the sources of each input, in order; the pipeline fills it in.
    """

    inputs: tuple[str, ...]
    profile: Profile = ARBVIS
    layout: str | None = None
    format: str | None = None
    diff: bool = False
    keep_going: bool = False
    title: str | None = None
    live: bool = False
    options: Mapping[type, object] = field(default_factory=dict)
    opened: tuple[tuple[Source, ...], ...] = ()

    def option(self, group: type[T]) -> T:
        """Return the instance of an option group, or its defaults."""
        found = self.options.get(group)
        return found if isinstance(found, group) else group()

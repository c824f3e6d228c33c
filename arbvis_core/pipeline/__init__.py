"""The straight line, from a request to a plan. Drawing it is the engine's part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from arbvis_core.garbage import uncollected
from arbvis_core.pipeline.arranging import arrange
from arbvis_core.pipeline.deriving import derive
from arbvis_core.pipeline.opening import Opened, describe_inputs, open_inputs, title
from arbvis_core.pipeline.parsing import parse
from arbvis_core.pipeline.planning import plan_scenes
from arbvis_core.registry import guard
from arbvis_core.slotted import dataclass
from arbvis_core.values import Document, Plan, Request, Scene

if TYPE_CHECKING:
    from arbvis_core.registry import Registry


def plan(request: Request, registry: Registry) -> Plan:
    """Decide what every pixel will show, without drawing any.

    Raises:
        ArbvisError: the inputs cannot be opened, read or arranged.
    """
    with uncollected():
        return _plan(request, registry)


def documents(request: Request, registry: Registry) -> tuple[list[Document], list[str]]:
    """Say what the inputs hold, difference and derivations included.

    Returns:
        The documents, and warnings about what was left out.

    Raises:
        ArbvisError: the inputs cannot be opened or read.
    """
    _, found, warnings = _read(request, registry)
    return found, warnings


@dataclass(frozen=True, slots=True)
class _Inputs:
    """A request with what it was opened as."""

    request: Request
    opened: Opened


def _read(request: Request, registry: Registry) -> tuple[_Inputs, list[Document], list[str]]:
    _check(request, registry)
    opened, missing = open_inputs(request, registry)
    request = replace(request, opened=tuple(one.sources for one in opened))
    found, unparsed = parse(request, opened, registry)
    found = derive(request, found, registry, [*missing, *unparsed])
    told = [*missing, *unparsed, *(one for document in found for one in document.warnings)]
    return _Inputs(request, opened), found, told


def _check(request: Request, registry: Registry) -> None:
    """Let groups of options refuse what does not go together."""
    for group in registry.options:
        check = getattr(request.options.get(group.item), "check", None)
        if callable(check):
            with guard(group, "check", "its options"):
                check(request)


def _check_scenes(request: Request, scenes: Sequence[Scene], registry: Registry) -> None:
    """Let groups of options refuse what has no use for what was found."""
    for group in registry.options:
        check = getattr(request.options.get(group.item), "check_scenes", None)
        if callable(check):
            with guard(group, "check", "its options"):
                check(request, scenes)


def _plan(request: Request, registry: Registry) -> Plan:
    known_faults = len(registry.faults)
    inputs, found, warnings = _read(request, registry)
    request = inputs.request
    scenes = arrange(request, found, registry)
    _check_scenes(request, scenes, registry)
    faults = registry.faults[known_faults:]
    del registry.faults[known_faults:]  # the registry outlives this run
    return Plan(
        title=request.title or title(inputs.opened),
        brand=request.profile.name,
        inputs=tuple(describe_inputs(inputs.opened)),
        scenes=tuple(plan_scenes(scenes, registry)),
        warnings=(
            *warnings,
            *faults,
            *(one for scene in scenes for one in scene.warnings),
        ),
    )

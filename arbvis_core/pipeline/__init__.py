"""The straight line, from a request to a plan. Drawing it is the engine's part."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from arbvis_core.pipeline.arranging import arrange
from arbvis_core.pipeline.deriving import derive
from arbvis_core.pipeline.opening import describe_inputs, open_inputs, title
from arbvis_core.pipeline.parsing import parse
from arbvis_core.pipeline.planning import plan_scene
from arbvis_core.values import Plan, Request

if TYPE_CHECKING:
    from arbvis_core.registry import Registry


def plan(request: Request, registry: Registry) -> Plan:
    """Decide what every pixel will show, without drawing any.

    Raises:
        ArbvisError: the inputs cannot be opened, read or arranged.
    """
    with _uncollected():
        return _plan(request, registry)


def _plan(request: Request, registry: Registry) -> Plan:
    known_faults = len(registry.faults)
    opened, missing = open_inputs(request, registry)
    request = replace(request, opened=tuple(one.sources for one in opened))
    documents, unparsed = parse(request, opened, registry)
    documents = derive(request, documents, registry)
    scenes = arrange(request, documents, registry)
    faults = registry.faults[known_faults:]
    del registry.faults[known_faults:]  # the registry outlives this run
    return Plan(
        title=request.title or title(opened),
        brand=request.profile.name,
        inputs=tuple(describe_inputs(opened)),
        scenes=tuple(plan_scene(scene, registry) for scene in scenes),
        warnings=(
            *missing,
            *unparsed,
            *faults,
            *(one for document in documents for one in document.warnings),
            *(one for scene in scenes for one in scene.warnings),
        ),
    )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the garbage collector: a plan is a million values of which none is garbage."""
    import gc

    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()

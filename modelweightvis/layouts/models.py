"""A whole model: its stacks beside or below each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from modelweightvis.layouts.forms import gap_of
from modelweightvis.layouts.packing import Packed
from modelweightvis.layouts.panels import ASPECT, Panel, gathered, outlined, stacked, strain
from modelweightvis.layouts.stacks import Stack, banner, stack_panel, template_of
from modelweightvis.layouts.trees import tree_panel
from modelweightvis.sidecars import config_of

if TYPE_CHECKING:
    from arbvis_core.api import Document
    from modelweightvis.config import ModelConfig
    from modelweightvis.tensors import Tensor

#: Where no other stack is beside them, these are what `config.json` tells the layers of.
_MAIN: Final = frozenset(("text", "encoder", "decoder", "vision", "audio"))


class Model(NamedTuple):
    """The tensors of a document that are shown, and what it is called beside others."""

    document: Document
    tensors: tuple[Tensor, ...]
    name: str = ""


def model_panel(model: Model, columns: int | None = None, *, whole: bool = True) -> Panel:
    """Return the picture of one document.

    Args:
        model: its tensors.
        columns: in how many the blocks of every stack lie; None chooses.
        whole: all its tensors are shown, so that what is not there is missing.
    """
    stacks = _stacks(model, whole=whole)
    shared = next((stack for stack in stacks if not stack.name), None)
    own = [stack for stack in stacks if stack.name]
    if not own:
        return tree_panel(model.tensors)
    templates = [template_of(stack) for stack in own]
    elements = sum(one.elements for one in model.tensors)
    best: tuple[float, Panel] | None = None
    for aspect in dict.fromkeys(
        (ASPECT, ASPECT / min(len(own), 3), 1.0 if len(own) > 1 else ASPECT)
    ):
        panels = [
            outlined(_stack(stack, template, aspect, columns), stack.name, "stack")
            for stack, template in zip(own, templates, strict=True)
        ]
        panel = _with_shared(_beside(panels), shared)
        packed = Packed((), panel.width, panel.height)
        value = elements / (panel.width * panel.height) - strain(packed, ASPECT)
        if best is None or value > best[0] + 1e-9:
            best = (value, panel)
    assert best is not None  # noqa: S101 - there is an aspect
    return best[1]


def models_panel(
    models: Sequence[Model], columns: int | None = None, *, whole: bool = True
) -> Panel:
    """Return the picture of all documents of one input."""
    panels = [model_panel(model, columns, whole=whole) for model in models]
    if len(panels) == 1:
        return panels[0]
    return _beside(
        [outlined(panel, model.name, "stack") for model, panel in zip(models, panels, strict=True)]
    )


def _beside(panels: Sequence[Panel]) -> Panel:
    gap = 2 * gap_of(max(max(panel.width, panel.height) for panel in panels))
    return gathered(panels, gap)


def _stack(stack: Stack, template: object, aspect: float, columns: int | None) -> Panel:
    if template is None:
        return tree_panel(stack.tensors, aspect)
    return stack_panel(stack, template, aspect, columns)  # type: ignore[arg-type]


def _with_shared(panel: Panel, shared: Stack | None) -> Panel:
    """Return the picture with what several stacks share above and below it."""
    if shared is None:
        return panel
    above, below = (
        banner([one for one in shared.tensors if one.name.place == place], panel.width)
        for place in ("above", "below")
    )
    return stacked([above, panel, below], 2 * gap_of(max(panel.width, panel.height)))


def _stacks(model: Model, *, whole: bool) -> list[Stack]:
    """Return the stacks of a document, in the order their tensors stand in its files."""
    config = config_of(model.document)
    members: dict[str, list[Tensor]] = {}
    for one in model.tensors:
        members.setdefault(one.name.stack, []).append(one)
    blocks = {
        name: len({one.name.layer for one in found if one.name.layer is not None})
        for name, found in members.items()
    }
    main = max(blocks, key=lambda name: blocks[name], default="")
    return [
        Stack(name, tuple(found), _layers(config, name, name == main) if whole else 0)
        for name, found in members.items()
    ]


def _layers(config: ModelConfig, stack: str, main: bool) -> int:  # noqa: FBT001
    """Return how many blocks a stack should have, as far as its configuration says; or 0."""
    told = config.parts.get(stack) or (config if main and stack in _MAIN else None)
    return (told.layers or 0) if told else 0

"""A whole model: its stacks beside or below each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from modelweightvis.layouts.forms import gap_of
from modelweightvis.layouts.sketches import ASPECT, Sketch, gathered, outlined, stacked
from modelweightvis.layouts.stacks import Stack, banner, outside, stack_forms, templates_of
from modelweightvis.layouts.trees import tree_forms
from modelweightvis.sidecars import config_of

if TYPE_CHECKING:
    from arbvis_core.api import Document
    from modelweightvis.config import ModelConfig
    from modelweightvis.tensors import Tensor

#: The stack with most blocks is what `config.json` tells the layers of, if it is one of these.
_MAIN: Final = frozenset(("text", "encoder", "decoder", "vision", "audio"))
#: Stacks in the order that data flow through them; those that are not here come after.
_FLOW: Final = ("vision", "audio", "projector", "encoder", "text", "decoder")


class Model(NamedTuple):
    """The tensors of a document that are shown, and what it is called beside others."""

    document: Document
    tensors: tuple[Tensor, ...]
    name: str = ""


def picture_of(
    models: Sequence[Model], columns: int | None = None, *, whole: bool = True
) -> Sketch:
    """Return the picture of all documents of one input.

    Args:
        models: one per document.
        columns: in how many the blocks of every stack lie; None chooses.
        whole: all tensors are shown, so that what is not there is missing.
    """
    if len(models) == 1:
        return _model(models[0], columns, ASPECT, whole=whole)
    choices = []
    for model in models:
        forms = [_model(model, columns, aspect, whole=whole) for aspect in (ASPECT, 0.6)]
        choices.append([outlined(form, model.name, "stack") for form in forms])
    return gathered(choices, _gap(choices))


def _model(model: Model, columns: int | None, aspect: float, *, whole: bool) -> Sketch:
    stacks = _stacks(model, whole=whole)
    shared = next((stack for stack in stacks if not stack.name), None)
    own = [stack for stack in stacks if stack.name]
    if not own:
        return tree_forms(model.tensors, (aspect,))[0]
    choices = []
    for stack in own:
        forms = _forms(stack, (aspect, aspect / len(own)), columns)
        choices.append([outlined(form, stack.name, "stack") for form in forms])
    around = sum(one.elements for one in shared.tensors) if shared else 0
    picture = gathered(choices, _gap(choices), aspect, around)
    return _with_shared(picture, shared) if shared else picture


def _forms(stack: Stack, aspects: Sequence[float], columns: int | None) -> list[Sketch]:
    templates = templates_of(stack)
    if not templates:
        return tree_forms(stack.tensors, aspects)
    return stack_forms(stack, templates, tuple(dict.fromkeys(aspects)), columns)


def _gap(choices: Sequence[Sequence[Sketch]]) -> int:
    return gap_of(max(max(forms[0].width, forms[0].height) for forms in choices))


def _with_shared(picture: Sketch, shared: Stack) -> Sketch:
    """Return the picture with what several stacks share above and below it."""
    above, below = outside(shared.tensors)
    parts = [banner(above, picture.width)] if above else []
    parts.append(picture)
    if below:
        parts.append(banner(below, picture.width))
    return stacked(parts, gap_of(max(picture.width, picture.height)))


def _stacks(model: Model, *, whole: bool) -> list[Stack]:
    """Return the stacks of a document, in the order that data flow through them."""
    config = config_of(model.document)
    found: dict[str, list[Tensor]] = {}
    for one in model.tensors:
        found.setdefault(one.name.stack, []).append(one)
    members = {name: found[name] for name in sorted(found, key=_flow)}
    blocks = {
        name: len({one.name.layer for one in own if one.name.layer is not None})
        for name, own in members.items()
    }
    main = max(blocks, key=lambda name: blocks[name])
    return [
        Stack(name, tuple(own), _layers(config, name, name == main) if whole else 0)
        for name, own in members.items()
    ]


def _flow(stack: str) -> tuple[int, str]:
    first = stack.partition(".")[0]
    return (_FLOW.index(first) if first in _FLOW else len(_FLOW)), stack


def _layers(config: ModelConfig, stack: str, main: bool) -> int:  # noqa: FBT001
    """Return how many blocks a stack should have, as far as its configuration says; or 0."""
    told = config.parts.get(stack) or (config if main and stack in _MAIN else None)
    return (told.layers or 0) if told else 0

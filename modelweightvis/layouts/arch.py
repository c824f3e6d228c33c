"""The picture of an architecture: blocks stacked, the same weight of every layer lined up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from arbvis_core.api import Document, Layout, LayoutError, Priority, Request, Scene
from modelweightvis.options import (
    ColourOptions,
    DifferenceOptions,
    MoeOptions,
    ReportOptions,
    TensorOptions,
)
from modelweightvis.tensors import is_difference

if TYPE_CHECKING:
    from arbvis_core.api import Placement
    from modelweightvis.layouts.models import Model
    from modelweightvis.layouts.sketches import Drawing
    from modelweightvis.tensors import Tensor


class ArchLayoutPlugin(Layout):
    """One pixel per element; layers of a stack drawn alike, embeddings above, the head below."""

    name = "arch"
    priority: int = Priority.NORMAL

    def matches(self, request: Request, documents: Sequence[Document]) -> bool:
        """Tell whether there are tensors; a strict program has to hear that there are none."""
        own = [document for document in documents if _is_model(document)]
        return any(map(_has_tensors, own)) or (_insists(request) and bool(own))

    def arrange(self, request: Request, documents: Sequence[Document]) -> Sequence[Scene]:
        """Return a scene for every input.

        Raises:
            LayoutError: there is no tensor to show.
        """
        own = [document for document in documents if _is_model(document)]
        inputs = sorted({document.input for document in own})
        scenes: list[Scene] = []
        silent: list[Document] = []
        for number in inputs:
            ours = [document for document in own if document.input == number]
            scene = _scene(request, number, ours)
            if scene is None:
                silent += ours
            else:
                scenes += _with_models(request, number, scene)
        if not scenes:
            raise LayoutError(_nothing(request, own))
        return _named_apart(_with_silent(scenes, silent, request))


def _is_model(document: Document) -> bool:
    """Tell models and differences of models from what else is derived."""
    return not document.derived or is_difference(document)


def _has_tensors(document: Document) -> bool:
    from modelweightvis.formats.tensors import is_tensor

    return any(is_tensor(region) for region in document.regions)


def _insists(request: Request) -> bool:
    return request.profile.strict and request.layout in (None, ArchLayoutPlugin.name)


def _scene(request: Request, number: int, documents: Sequence[Document]) -> Scene | None:
    """Return the scene of one input; None if none of its tensors is to be shown."""
    from arbvis_core.api import Canvas
    from modelweightvis.layouts.models import picture_of
    from modelweightvis.layouts.sketches import Drawing

    options = request.option(TensorOptions)
    compared = any(map(is_difference, documents))
    holding = [one for one in documents if _has_tensors(one)]
    models, notes = _models(holding, options.match)
    if not models:
        return None
    picture = picture_of(models, options.columns, whole=options.match is None)
    drawing = Drawing()
    picture.draw(drawing, 0, 0)
    label = documents[0].name if compared else _called(request, number, documents)
    canvas = Canvas(picture.width, picture.height)
    return Scene(
        key=label,
        label=label,
        extent=canvas,
        placements=_placements(drawing, models, experts=request.option(MoeOptions).moe),
        renderer="differences" if compared else "elements",
        documents=tuple(documents if _insists(request) else holding),
        labels=_labels(drawing),
        attributes={
            "painted": round(picture.elements / (canvas.width * canvas.height), 4),
            "difference": documents[0].metadata.get("difference"),
            "profiles": request.option(ReportOptions).report is not None,
            "input": number,
        },
        view=(
            request.option(DifferenceOptions).view()
            if compared
            else request.option(ColourOptions).view()
        ),
        warnings=tuple(notes),
    )


def _with_models(request: Request, number: int, scene: Scene) -> tuple[Scene, ...]:
    """Return a scene, and of a difference that is looked at live the two models as well."""
    if not request.live or scene.renderer != "differences":
        return (scene,)
    from modelweightvis.layouts.compared import models_of

    base, other = (_called(request, at, scene.documents) for at in (0, number))
    if len(request.inputs) > 2:
        base = f"{base}, beside {other}"
    view = request.option(ColourOptions).view()
    return (scene, *models_of(scene, (base, other), view))


def _models(documents: Sequence[Document], match: str | None) -> tuple[list[Model], list[str]]:
    """Return what is shown of the documents, and notes on what is shown once."""
    from modelweightvis.formats.twins import show_once
    from modelweightvis.layouts.models import Model
    from modelweightvis.tensors import tensors_of

    kept = show_once(documents)
    told = {warning for document in documents for warning in document.warnings}
    notes = [note for one in kept for note in one.warnings if note not in told]
    models = []
    for document in kept:
        tensors = tuple([one for one in tensors_of(document, match) if 0 not in one.region.shape])
        if tensors:
            models.append(Model(document, tensors, _folder(document)))
    return models, notes


def _folder(document: Document) -> str:
    """Return what a document is called beside others of its input: its folder, or its name."""
    folder, _, name = document.name.replace("\\", "/").rpartition("/")
    return folder.rpartition("/")[2] or name


def _called(request: Request, number: int, documents: Sequence[Document]) -> str:
    """Return the last word of an input, with as many before it as tell it from the others."""
    words = [_words(spec) for spec in request.inputs]
    own = words[number] if number < len(words) else []
    others = [words[at] for at in range(len(words)) if at != number]
    for count in range(1, len(own)):
        if all(other[-count:] != own[-count:] for other in others):
            return "/".join(own[-count:])
    return "/".join(own) or documents[0].name


def _words(spec: str) -> list[str]:
    """Return the folders and the name in an input, without the revision of an address."""
    words = spec.replace("\\", "/").split("/")
    return [word.partition("@")[0] for word in words if word.partition("@")[0].strip(".")]


def _placements(
    drawing: Drawing, models: Sequence[Model], *, experts: bool
) -> tuple[Placement, ...]:
    from arbvis_core.api import Box, Placement
    from modelweightvis.layouts.heads import heads_of
    from modelweightvis.moe.panels import cuts_of
    from modelweightvis.sidecars import config_of

    owners = {id(one): model for model in models for one in model.tensors}
    prefixes = {id(one): f"{one.name}/" if len(models) > 1 else "" for one in models}
    configs = {id(model): config_of(model.document) for model in models}
    taken: dict[str, int] = {}
    alike: dict[tuple[Any, ...], dict[str, Any]] = {}
    placements = []
    for tensor, x, y, width, height, fold in drawing.spots:  # of which there are tens of thousands
        owner, region = owners[id(tensor)], tensor.region
        model = id(owner)
        name = prefixes[model] + region.name
        taken[name] = count = taken.get(name, 0) + 1
        attributes = _attributes(tensor, alike)
        if len(models) > 1:
            attributes["model"] = owner.name
        if heads := heads_of(tensor, configs[model]):
            attributes["heads"] = heads
        elif experts and (cuts := cuts_of(tensor)):
            attributes["experts"] = cuts
        name, box = name if count == 1 else f"{name}#{count}", Box(x, y, width, height)
        placements.append(Placement(name, box, region, 0, 0, None, 0, fold, attributes))
    return tuple(placements)


def _attributes(tensor: Tensor, alike: dict[tuple[Any, ...], dict[str, Any]]) -> dict[str, Any]:
    """Return what is known of a tensor.

    Args:
        tensor: of a model.
        alike: what tensors of one type and shape have in common, added to.
    """
    region = tensor.region
    _, stack, layer, role, _, part, expert, canonical, *_ = tensor.name
    key = tensor.dtype, region.shape, tensor.bytes
    known = alike.get(key)
    if known is None:
        bits = round(tensor.bits_per_weight, 4)
        known = alike[key] = {"dtype": key[0], "shape": [*region.shape], "bits_per_weight": bits}
    found = {
        "role": role,
        "layer": layer,
        "expert": expert,
        "stack": stack,
        "part": part,
        "canonical": canonical,
        **known,
    }
    if "difference" in region.attributes:
        found |= region.attributes["difference"]
    return found


def _labels(drawing: Drawing) -> tuple[Any, ...]:
    from arbvis_core.api import Box, Label

    return tuple(
        Label(mark.name, mark.kind, Box(mark.x, mark.y, mark.width, mark.height), text=mark.text)
        for mark in drawing.marks
    )


def _nothing(request: Request, documents: Sequence[Document]) -> str:
    """Say why there is nothing to show, and what to do."""
    match = request.option(TensorOptions).match
    names = ", ".join(document.name for document in documents[:3])
    names += f" and {len(documents) - 3} more" if len(documents) > 3 else ""
    if match is not None and any(map(_has_tensors, documents)):
        return (
            f"no tensor of {names} has a name that matches --match {match!r}; "
            f"'modelweightvis inspect' lists the names"
        )
    inputs = " ".join(request.inputs[:3])
    return f"{names}: there is no tensor in it. Its bytes are shown by: arbvis {inputs}"


def _with_silent(
    scenes: Sequence[Scene], silent: Sequence[Document], request: Request
) -> list[Scene]:
    """Return the scenes with a warning on inputs of which nothing is shown."""
    from dataclasses import replace

    if not silent or not _insists(request):
        return list(scenes)
    notes = [f"{document.name}: no tensor in it is to be shown" for document in silent]
    first = replace(
        scenes[0],
        documents=(*scenes[0].documents, *silent),
        warnings=(*scenes[0].warnings, *notes),
    )
    return [first, *scenes[1:]]


def _named_apart(scenes: Sequence[Scene]) -> list[Scene]:
    """Return the scenes with labels that differ."""
    from dataclasses import replace

    taken: dict[str, int] = {}
    named = []
    for scene in scenes:
        taken[scene.label] = count = taken.get(scene.label, 0) + 1
        label = scene.label if count == 1 else f"{scene.label} ({count})"
        named.append(replace(scene, key=label, label=label))
    return named

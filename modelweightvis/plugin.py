"""Everything that modelweightvis adds to arbvis, on one page.

What does the work is imported when there is work: a program starts with everything on this page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from arbvis_core import hookimpl
from arbvis_core.api import deferred
from arbvis_core.protocols import (
    Decoder,
    Derivation,
    DiffBuilder,
    Enricher,
    Layout,
    LeafRenderer,
    Priority,
    SourceProvider,
)
from modelweightvis.commands import COMMANDS
from modelweightvis.formats import FORMATS
from modelweightvis.options import (
    ColourOptions,
    DifferenceOptions,
    FinetuneOptions,
    MoeOptions,
    ReportOptions,
    TensorOptions,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from arbvis_core.protocols import Command, Format


@hookimpl
def arbvis_source_providers() -> Sequence[SourceProvider]:
    """Models on the Hugging Face Hub: `hf://owner/repo`."""
    target = "modelweightvis.sources.huggingface:HuggingFaceSourceProvider"
    return [deferred(SourceProvider, target, name="hugging-face", priority=Priority.NORMAL)]


@hookimpl
def arbvis_prepare_sources() -> Sequence[Enricher]:
    """What `config.json`, a model card and an adapter's configuration say of the model beside them."""
    config = "modelweightvis.sidecars:SourceMetaSidecarHook"
    origin = "modelweightvis.cards:OriginHook"
    return [
        deferred(Enricher, config, name="config", priority=Priority.NORMAL),
        deferred(Enricher, origin, name="origin", priority=Priority.NORMAL),
    ]


@hookimpl
def arbvis_commands() -> Sequence[Command]:
    """What is in a model as a list, and one tensor as a file."""
    return COMMANDS


@hookimpl
def arbvis_diff_builders() -> Sequence[DiffBuilder]:
    """Two models or more, tensor by tensor, whatever their formats."""
    module = "modelweightvis.differences.builder"
    lora = "modelweightvis.differences.lora"
    preview = "modelweightvis.differences.preview"
    decoders = (
        deferred(Decoder, f"{module}:DifferenceDecoder", encodings=("difference",)),
        deferred(Decoder, f"{lora}:LoraDecoder", encodings=("lora",)),
        deferred(Decoder, f"{lora}:MergedDecoder", encodings=("merged",)),
        deferred(Decoder, f"{preview}:PreviewDecoder", encodings=("requantised",)),
    )
    facts = {"name": "tensors", "priority": Priority.OVERRIDE, "decoders": decoders}
    return [deferred(DiffBuilder, f"{module}:TensorDiffBuilder", **facts)]


@hookimpl
def arbvis_derivations() -> Sequence[Derivation]:
    """The experts of a model at a glance."""
    target = "modelweightvis.moe.summary:MoeSummaryDerivation"
    return [deferred(Derivation, target, name="moe-summary", priority=Priority.NORMAL)]


@hookimpl
def arbvis_options() -> Sequence[type]:
    """Which tensors are shown, where, and in which colours."""
    return [
        TensorOptions,
        ColourOptions,
        DifferenceOptions,
        FinetuneOptions,
        MoeOptions,
        ReportOptions,
    ]


@hookimpl
def arbvis_formats() -> Sequence[Format]:
    """Checkpoints: safetensors, GGUF, PyTorch, npz."""
    return FORMATS


@hookimpl
def arbvis_layouts() -> Sequence[Layout]:
    """Where tensors lie: architectures, drawn block by block."""
    arch = "modelweightvis.layouts.arch:ArchLayoutPlugin"
    summary = "modelweightvis.moe.summary:MoeSummaryLayoutPlugin"
    return [
        deferred(Layout, arch, name="arch", priority=Priority.NORMAL),
        deferred(Layout, summary, name="moe-summary", priority=Priority.NORMAL),
    ]


@hookimpl
def arbvis_leaf_renderers() -> Sequence[LeafRenderer]:
    """Tensors, by the values they mean."""
    views = frozenset({"colormap", "overview_colormap", "scale", "overview", "gain", "clip"})
    compared = frozenset({"metric", "colormap"})
    module = "modelweightvis.render"
    return [
        deferred(LeafRenderer, f"{module}.elements:ElementRenderer", name="elements", views=views),
        deferred(
            *(LeafRenderer, f"{module}.differences:DifferenceRenderer"),
            name="differences",
            views=compared,
        ),
        deferred(LeafRenderer, f"{module}.cells:CellRenderer", name="cells"),
    ]

"""Everything that modelweightvis adds to arbvis, on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arbvis_core import hookimpl
from modelweightvis.commands import COMMANDS
from modelweightvis.diff.builder import TensorDiffBuilder
from modelweightvis.formats import FORMATS
from modelweightvis.layouts import ArchLayoutPlugin
from modelweightvis.moe.summary import MoeSummaryDerivation, MoeSummaryLayoutPlugin
from modelweightvis.options import ColourOptions, DifferenceOptions, MoeOptions, TensorOptions
from modelweightvis.render import RENDERERS
from modelweightvis.sidecars import SourceMetaSidecarHook
from modelweightvis.sources import HuggingFaceSourceProvider

if TYPE_CHECKING:
    from collections.abc import Sequence

    from arbvis_core.protocols import (
        Command,
        Derivation,
        DiffBuilder,
        Enricher,
        Format,
        Layout,
        LeafRenderer,
        SourceProvider,
    )


@hookimpl
def arbvis_source_providers() -> Sequence[SourceProvider]:
    """Models on the Hugging Face Hub: `hf://owner/repo`."""
    return [HuggingFaceSourceProvider()]


@hookimpl
def arbvis_prepare_sources() -> Sequence[Enricher]:
    """What `config.json` says of the model beside it."""
    return [SourceMetaSidecarHook()]


@hookimpl
def arbvis_commands() -> Sequence[Command]:
    """What is in a model as a list, and one tensor as a file."""
    return COMMANDS


@hookimpl
def arbvis_diff_builders() -> Sequence[DiffBuilder]:
    """Two models or more, tensor by tensor, whatever their formats."""
    return [TensorDiffBuilder()]


@hookimpl
def arbvis_derivations() -> Sequence[Derivation]:
    """The experts of a model at a glance."""
    return [MoeSummaryDerivation()]


@hookimpl
def arbvis_options() -> Sequence[type]:
    """Which tensors are shown, where, and in which colours."""
    return [TensorOptions, ColourOptions, DifferenceOptions, MoeOptions]


@hookimpl
def arbvis_formats() -> Sequence[Format]:
    """Checkpoints: safetensors, GGUF, PyTorch, npz."""
    return FORMATS


@hookimpl
def arbvis_layouts() -> Sequence[Layout]:
    """Where tensors lie: architectures, drawn block by block."""
    return [ArchLayoutPlugin(), MoeSummaryLayoutPlugin()]


@hookimpl
def arbvis_leaf_renderers() -> Sequence[LeafRenderer]:
    """Tensors, by the values they mean."""
    return RENDERERS

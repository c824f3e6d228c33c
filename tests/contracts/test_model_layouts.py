"""The layout of models keeps the contract of layouts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from safetensors.numpy import save

from arbvis_core.protocols import Group
from arbvis_core.testing import LayoutContract, MemorySource
from arbvis_core.values import Document, Profile, Request
from modelweightvis.formats import SafetensorsFormatPlugin
from modelweightvis.layouts import ArchLayoutPlugin
from modelweightvis.profile import MODELWEIGHTVIS


def checkpoint(*names: str) -> Sequence[Document]:
    """Return files of a small model with blocks, experts, and what lies outside."""
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (600, 16),
        "lm_head.weight": (600, 16),
        "extra": (),
        "empty": (0, 4),
    }
    for layer in range(3):
        block = f"model.layers.{layer}."
        shapes |= {f"{block}self_attn.{name}_proj.weight": (16, 16) for name in "qkvo"}
        shapes |= {f"{block}mlp.experts.{e}.up_proj.weight": (24, 16) for e in range(4)}
        shapes |= {f"{block}input_layernorm.weight": (16,), f"{block}conv.weight": (16, 1, 4)}
    data = save({name: np.zeros(shape, np.float16) for name, shape in shapes.items()})
    sources = tuple(MemorySource(name, data) for name in names)
    return SafetensorsFormatPlugin().parse(Group("memory", sources, ()))


class TestArchLayout(LayoutContract):
    layout = ArchLayoutPlugin()

    def documents(self) -> Sequence[Document]:
        return checkpoint("unet/model.safetensors")


class TestArchLayoutOfSeveralModels(TestArchLayout):
    def documents(self) -> Sequence[Document]:
        return checkpoint("unet/model.safetensors", "text/other.safetensors")


class TestArchLayoutInAStrictProgram(TestArchLayout):
    profile: Profile = MODELWEIGHTVIS

    def request(self) -> Request:
        return Request(("memory",), self.profile)

"""The same weights twice, as repositories on the Hugging Face Hub have them."""

from __future__ import annotations

import pytest

from arbvis_core.api import Document, Region
from modelweightvis.formats.twins import show_once

LLAMA = {"embed": (100, 8), "q": (8, 8), "up": (32, 8), "norm": (8,)}
META = {"tok_embeddings": (100, 8), "wq": (8, 8), "w3": (32, 8), "norm": (8,), "rope.freqs": (4,)}


def model(
    name: str,
    tensors: dict[str, tuple[int, ...]] | None = None,
    number: int = 0,
    **metadata: object,
) -> Document:
    tensors = LLAMA if tensors is None else tensors
    made_by = {"safetensors": "safetensors", "gguf": "gguf", "npz": "npz"}
    kind = made_by.get(name.rpartition(".")[2], "pytorch")
    regions = tuple(Region(key, shape, "F32") for key, shape in tensors.items())
    header = Region("header", (800,), "bytes")
    return Document(name, kind, (), (header, *regions), metadata, input=number)


@pytest.mark.parametrize(
    ("shown", "hidden"),
    [
        ("model.safetensors", "pytorch_model.bin"),
        ("model.safetensors", "original/consolidated.00.pth"),
        ("a/model.safetensors", "a/original/consolidated.safetensors"),
        ("model.safetensors", "consolidated.safetensors"),
        ("model.safetensors", "model.fp16.safetensors"),
        ("model.fp16.safetensors", "pytorch_model.bin"),
        ("unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.fp16.bin"),
        ("adapter_model.safetensors", "adapter_model.bin"),
    ],
)
def test_the_same_weights_are_shown_once(shown: str, hidden: str) -> None:
    tensors = META if "original" in hidden else LLAMA
    for documents in (
        [model(shown), model(hidden, tensors)],
        [model(hidden, tensors), model(shown)],
    ):
        (document,) = show_once(documents)
        assert document.name == shown
        assert document.warnings == (
            f"{hidden} holds the same tensors as {shown}, so they are shown once",
        )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("step-1.safetensors", "step-2.safetensors"),
        ("model.safetensors", "model.ema.safetensors"),
        ("model.safetensors", "adapter_model.safetensors"),
        ("a/model.safetensors", "b/model.safetensors"),
        ("a/model.safetensors", "b/pytorch_model.bin"),
        ("m-Q4_K_M.gguf", "m-Q8_0.gguf"),
        ("original/consolidated.00.pth", "original/consolidated.01.pth"),
    ],
)
def test_different_models_stay_apart(one: str, other: str) -> None:
    documents = [model(one), model(other)]
    assert show_once(documents) == documents


def test_names_are_not_enough() -> None:
    documents = [model("model.safetensors"), model("pytorch_model.bin", {"head": (50, 8)})]
    assert show_once(documents) == documents
    empty = [model("model.safetensors", {}), model("pytorch_model.bin", {})]
    assert show_once(empty) == empty


def test_inputs_are_not_mixed() -> None:
    documents = [model("model.safetensors"), model("pytorch_model.bin", number=1)]
    assert show_once(documents) == documents


def test_what_is_whole_is_shown_rather_than_what_is_not() -> None:
    part = model("model.safetensors", missing={"files": ("x",), "tensors": ()})
    whole = model("model.fp16.safetensors")
    assert [one.name for one in show_once([part, whole])] == ["model.fp16.safetensors"]

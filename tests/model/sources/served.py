"""A model on the Hub, and what comes of opening it."""

from __future__ import annotations

import numpy as np
import pytest

from arbvis_core.api import Range, Source, SourceError
from modelweightvis.sources import HuggingFaceSourceProvider as Provider

NOISE = np.random.default_rng(0).bytes(300_000)
TOKEN = "hf_letmein00000000"  # noqa: S105  of the Hub on this machine
MODEL = {
    "README.md": b"# A model\n",
    "config.json": b'{"model_type": "llama"}',
    "model.safetensors": NOISE,
    "model.fp16.safetensors": b"half",
    "onnx/model.onnx": b"other",
    "original/consolidated.00.pth": b"twice",
    "pytorch_model.bin": b"twice",
}


def content(source: Source) -> bytes:
    return bytes(source.read([Range(0, source.size)])[0])


def contents(provider: Provider, spec: str) -> dict[str, bytes]:
    return {source.name: content(source) for source in provider.open(spec)}


def refusal(provider: Provider, spec: str) -> str:
    with pytest.raises(SourceError) as caught:
        provider.open(spec)
    told = str(caught.value)
    assert told.startswith(spec)
    assert told.isprintable()
    assert TOKEN not in told
    return told

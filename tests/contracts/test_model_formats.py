"""The formats of models keep the contract of formats."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import ml_dtypes
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Kind
from numpy.typing import NDArray
from safetensors.numpy import save

from arbvis_core.protocols import Format
from arbvis_core.registry import load
from arbvis_core.testing import FormatContract
from modelweightvis.formats import (
    GgufFormatPlugin,
    NpzFormatPlugin,
    PickleFormatPlugin,
    SafetensorsFormatPlugin,
    shards,
)

torch = pytest.importorskip("torch")

VALUES = np.random.default_rng(0).normal(size=(4, 64)).astype(np.float32)
ARRAYS: dict[str, NDArray[Any]] = {
    "model.layers.0.weight": np.linspace(-1, 1, 24, dtype=np.float32).reshape(4, 6),
    "half": np.arange(5, dtype=np.float16),
    "ids": np.arange(-3, 3, dtype=np.int64).reshape(2, 3, 1),
    "scalar": np.array(2.5),
}


class TestSafetensors(FormatContract):
    format = SafetensorsFormatPlugin()
    sample = save({**ARRAYS, "nothing": np.zeros((0, 3), np.uint8)}, {"format": "pt"})
    sample_name = "model.safetensors"

    def expected(self) -> Mapping[str, NDArray[Any]]:
        return ARRAYS


QUANTISED = {"quant_method": "gptq", "bits": 4, "weight_block_size": [2, 4]}
BESIDE = {"config.json": json.dumps({"quantization_config": QUANTISED}).encode()}


class TestPackedSafetensors(FormatContract):
    """Weights in several tensors, and what is said of them in a file beside."""

    format = SafetensorsFormatPlugin()
    codes = np.arange(24, dtype=np.uint8).reshape(4, 6)
    words = np.arange(8, dtype=np.int32).reshape(1, 8)
    sample = save(
        {
            "a.weight": codes.view(ml_dtypes.float8_e4m3fn),
            "a.weight_scale_inv": np.array([[1, 2], [3, 4]], np.float32),
            "b.qweight": words,
            "b.qzeros": np.full((1, 1), 0x77777777, np.int32),
            "b.scales": np.ones((1, 8), np.float16),
        }
    )
    sample_name = "model.safetensors"
    beside = BESIDE

    def expected(self) -> Mapping[str, NDArray[Any]]:
        scales = np.array([[1, 2], [3, 4]]).repeat(2, 0).repeat(4, 1)[:, :6]
        nibbles = self.words >> np.arange(0, 32, 4)[:, None] & 15
        values = self.codes.view(ml_dtypes.float8_e4m3fn).astype(np.float32)
        return {"a.weight": values * scales, "b.weight": nibbles.T - 8}


SHARDS = {
    f"model-0000{number}-of-00002.safetensors": save({name: VALUES})
    for number, name in enumerate("ab", 1)
}


class TestIndex(FormatContract):
    """The index of shards, in place of them."""

    format = SafetensorsFormatPlugin()
    sample = json.dumps({"weight_map": dict(zip("ab", SHARDS, strict=True))}).encode()
    sample_name = "model.safetensors.index.json"
    beside = SHARDS
    by_name = True

    def expected(self) -> Mapping[str, NDArray[Any]]:
        return {"a": VALUES, "b": VALUES}

    @pytest.fixture(autouse=True)
    def bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An index is read whole, but not if it is larger than any."""
        monkeypatch.setattr(shards, "LARGEST", 1 << 20)


def written() -> bytes:
    """Write a file with the package itself."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.gguf")
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_block_count(1)
        writer.add_array("tokenizer.ggml.tokens", [f"t{number}" for number in range(100)])
        writer.add_tensor("output_norm.weight", VALUES[0])
        packed = gguf.quants.quantize(VALUES, Kind.Q8_0)
        writer.add_tensor("blk.0.attn_q.weight", packed, raw_dtype=Kind.Q8_0)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path.read_bytes()


class TestGguf(FormatContract):
    format = GgufFormatPlugin()
    sample = written()
    sample_name = "model.gguf"

    def expected(self) -> Mapping[str, NDArray[Any]]:
        unpacked = gguf.quants.dequantize(gguf.quants.quantize(VALUES, Kind.Q8_0), Kind.Q8_0)
        return {"output_norm.weight": VALUES[0], "blk.0.attn_q.weight": unpacked}


BASE = torch.arange(24.0).reshape(4, 6)
STATE = {
    "base": BASE,
    "transposed": BASE.t(),
    "part": BASE[1:3, ::2],
    "expanded": torch.tensor([1.5]).expand(3, 4),
    "brain": torch.linspace(-1, 1, 4).reshape(2, 2).bfloat16(),
    "empty": torch.zeros(0, 3),
    "scalar": torch.tensor(3),
    "parameter": torch.nn.Parameter(torch.tensor([1.0, -2.0])),
    "tied": BASE,
}


def saved(**options: Any) -> bytes:
    """Return what torch saves of tensors that share storages."""
    file = io.BytesIO()
    torch.save(STATE, file, **options)
    return file.getvalue()


class TestPickle(FormatContract):
    format = PickleFormatPlugin()
    sample = saved()
    sample_name = "pytorch_model.bin"

    def expected(self) -> Mapping[str, NDArray[Any]]:
        return {name: one.detach().float().numpy() for name, one in STATE.items() if one.numel()}


class TestLegacyPickle(TestPickle):
    sample = saved(_use_new_zipfile_serialization=False)


def archived() -> bytes:
    """Return what numpy saves."""
    file = io.BytesIO()
    arrays: dict[str, Any] = ARRAYS | {"turned": np.asfortranarray(VALUES)}
    np.savez(file, **arrays)
    return file.getvalue()


class TestNpz(FormatContract):
    format = NpzFormatPlugin()
    sample = archived()
    sample_name = "weights.npz"

    def expected(self) -> Mapping[str, NDArray[Any]]:
        return ARRAYS | {"turned": VALUES}


SUITES = (TestSafetensors, TestGguf, TestPickle, TestNpz)


def test_every_format_of_models_has_its_contract() -> None:
    core = {type(one.item) for one in load(allow=()).formats}
    registry = load(allow=(), extra=("modelweightvis.plugin",))
    found: set[type[Format]] = {type(one.item) for one in registry.formats} - core
    assert found == {type(suite.format) for suite in SUITES}

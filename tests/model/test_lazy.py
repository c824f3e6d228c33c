from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from checkpoints import counted, folder
from gguf import GGMLQuantizationType, GGUFWriter, quants
from safetensors import safe_open
from safetensors.numpy import save_file

import modelweightvis
from arbvis_core.api import FormatError
from modelweightvis import lazy

NAME = "model.layers.0.self_attn.q_proj.weight"
ROW = 4096


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a sparse file, larger than what is kept of small inputs."""
    path = tmp_path_factory.mktemp("large") / "model.safetensors"
    rows = 10_000
    header = f'{{"{NAME}":{{"dtype":"BF16","shape":[{rows},{ROW}],'
    header += f'"data_offsets":[0,{2 * rows * ROW}]}}}}'
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header.encode())
        start = file.tell()
        file.truncate(start + 2 * rows * ROW)
        for row in (0, 17, 18, 5000, 9999):
            file.seek(start + 2 * row * ROW)
            file.write(np.full(ROW, row, ml_dtypes.bfloat16).tobytes())
    return path


@pytest.mark.parametrize(
    ("key", "rows"),
    [
        (17, 1),
        (slice(17, 19), 2),
        ((slice(17, 19), slice(5, 6)), 2),
        ((slice(None), 0), 0),
        (slice(0, 10_000, 5000), 2),
        (slice(None, None, -9999), 2),
        ((..., None, slice(3, 3)), 0),
    ],
)
def test_only_the_rows_that_are_asked_for_are_read(large: Path, key: Any, rows: int) -> None:
    pytest.importorskip("torch")  # numpy has no bfloat16
    model, source = counted(large)
    with safe_open(large, "torch") as file:
        expected = file.get_slice(NAME)[:].float().numpy()[key]
    assert np.array_equal(model[NAME][key], expected)
    if rows:
        assert source.size_asked <= rows * 2 * ROW
    if isinstance(key, int):
        start = large.stat().st_size - 2 * 10_000 * ROW + 2 * 17 * ROW
        assert source.asked == [(start, start + 2 * ROW)]


def test_a_handle_reads_nothing(large: Path) -> None:
    model, source = counted(large)
    tensor = model[NAME]
    assert (tensor.shape, tensor.ndim, tensor.size, len(tensor)) == (
        (10_000, ROW),
        2,
        40960000,
        10_000,
    )
    assert (tensor.dtype, tensor.nbytes, tensor.bits_per_weight) == ("BF16", 81920000, 16.0)
    assert (tensor.name, tensor.role, tensor.layer, tensor.expert) == (NAME, "attention.q", 0, None)
    assert (tensor.stack, tensor.canonical) == ("text", "text.0.attention.q.weight")
    assert source.asked == []


def test_a_whole_tensor_is_read_once(large: Path) -> None:
    model, source = counted(large)
    values = np.asarray(model[NAME])
    assert values.dtype == np.float32
    assert values[5000, 0] == 4992  # 5000, as a bfloat16 has it
    assert source.size_asked == 2 * 10_000 * ROW
    assert len(source.asked) > 10


def test_every_float_of_safetensors_is_what_its_library_reads(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    tensors = {
        "f32": random.normal(size=(7, 5)).astype("f4"),
        "f64": random.normal(size=(3,)),
        "f16": random.normal(size=(2, 3, 4)).astype("f2"),
        "bf16": random.normal(size=(4, 4)).astype(ml_dtypes.bfloat16),
        "i8": random.integers(-128, 127, (5,), "i1"),
        "none": np.zeros((0, 3), "f4"),
        "one": np.array(4, "f4"),
    }
    save_file(tensors, tmp_path / "model.safetensors")
    model = modelweightvis.open(tmp_path / "model.safetensors")
    for name, stored in tensors.items():
        assert model[name].shape == stored.shape
        assert np.array_equal(np.asarray(model[name]), stored.astype("f4"))
    assert model["one"][()] == 4
    assert isinstance(model["f32"][1, 2], np.float32)
    assert [row.tolist() for row in model["f32"]] == tensors["f32"].tolist()
    with pytest.raises(TypeError, match="without axes"):
        len(model["one"])


@pytest.mark.parametrize("kind", ["Q4_0", "Q8_0", "BF16"])
def test_quantised_tensors_are_what_gguf_dequantises(tmp_path: Path, kind: str) -> None:
    stored = np.random.default_rng(2).normal(size=(64, 96)).astype("f4")
    writer = GGUFWriter(tmp_path / "a.gguf", "llama")
    coded = quants.quantize(stored, GGMLQuantizationType[kind])
    writer.add_tensor("blk.0.attn_q.weight", coded, raw_dtype=GGMLQuantizationType[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    expected = quants.dequantize(coded, GGMLQuantizationType[kind])
    tensor = modelweightvis.open(tmp_path / "a.gguf")["blk.0.attn_q.weight"]
    assert tensor.dtype == kind
    assert tensor.nbytes == coded.nbytes
    assert np.array_equal(tensor[3:60:7, ::-5], expected[3:60:7, ::-5])
    assert np.array_equal(np.asarray(tensor, np.float64), expected)


def test_arrays_are_copies_and_say_so(tmp_path: Path) -> None:
    tensor = modelweightvis.open(folder(tmp_path / "m", {"a": np.ones((2, 2), "f4")}))["a"]
    with pytest.raises(ValueError, match="copy"):
        np.asarray(tensor, copy=False)
    values = np.array(tensor, np.float16)
    assert values.dtype == np.float16
    values[0, 0] = 5
    tensor[0][0] = 7
    assert tensor[0, 0] == 1


def test_values_that_nobody_knows_are_refused(tmp_path: Path) -> None:
    header = b'{"odd":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[0,3]}}'
    data = len(header).to_bytes(8, "little") + header + bytes(3)
    (tmp_path / "model.safetensors").write_bytes(data)
    tensor = modelweightvis.open(tmp_path / "model.safetensors")["odd"]
    assert tensor.shape == (4,)
    for read in (lambda: tensor[0], lambda: np.asarray(tensor), lambda: next(tensor.bands())):
        with pytest.raises(FormatError, match="odd: nobody here can decode F6_E2M3"):
            read()


def test_names_are_escaped_in_a_notebook(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>.weight"
    tensor = modelweightvis.open(folder(tmp_path / "m", {name: np.ones((2, 3), "f4")}))[name]
    shown = tensor._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "2 × 3" in re.sub("<.*?>", "", shown)


def test_work_is_handed_back_in_order_and_not_far_ahead() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        return number * number

    found = lazy.in_order(work, iter(range(1000)))
    assert [next(found) for _ in range(5)] == [0, 1, 4, 9, 16]
    assert len(begun) <= 5 + 2 * lazy.WORKERS + 1
    found.close()  # type: ignore[attr-defined]


def test_what_fails_ahead_is_raised() -> None:
    def work(number: int) -> int:
        return 10 // (3 - number)

    found = lazy.in_order(work, range(100))
    assert [next(found) for _ in range(3)] == [3, 5, 10]
    with pytest.raises(ZeroDivisionError):
        next(found)

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from checkpoints import folder, llama

from modelweightvis import indexing

torch = pytest.importorskip("torch")

Cli = Callable[..., Any]
Q = "model.layers.1.self_attn.q_proj.weight"
CODE = "from modelweightvis.cli import main; main()"


def test_it_writes_what_numpy_loads(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing.bands, "__defaults__", (100,))  # many bands, in order
    stored = llama() | {"bank": np.arange(3 * 40 * 7, dtype="f4").reshape(3, 40, 7)}
    path = folder(tmp_path / "m", stored)
    for name in (Q, "bank"):
        out = tmp_path / f"{name}.npy"
        found = cli("export", path, name, out)
        assert (found.code, found.out, found.err) == (0, f"{out}\n", "")
        values = np.load(out)
        assert values.dtype == np.float32
        assert np.array_equal(values, stored[name])
    assert sorted(one.name for one in tmp_path.iterdir()) == ["bank.npy", "m", f"{Q}.npy"]


def test_a_canonical_name_will_do(cli: Cli, tmp_path: Path) -> None:
    stored = llama()
    assert (
        cli(
            "export", folder(tmp_path / "m", stored), "text.1.attention.q.weight", tmp_path / "q"
        ).code
        == 0
    )
    assert np.array_equal(np.load(tmp_path / "q"), stored[Q])


def test_values_are_decoded_and_bytes_are_not(cli: Cli, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    coded = gguf.quants.quantize(
        random.normal(size=(16, 64)).astype("f4"), gguf.GGMLQuantizationType.Q4_0
    )
    writer = gguf.GGUFWriter(tmp_path / "a.gguf", "llama")
    writer.add_tensor("w", coded, raw_dtype=gguf.GGMLQuantizationType.Q4_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert cli("export", tmp_path / "a.gguf", "w", tmp_path / "w.npy").code == 0
    expected = gguf.quants.dequantize(coded, gguf.GGMLQuantizationType.Q4_0)
    assert np.array_equal(np.load(tmp_path / "w.npy"), expected)
    assert cli("export", tmp_path / "a.gguf", "w", tmp_path / "w.raw", "--raw").code == 0
    assert (tmp_path / "w.raw").read_bytes() == coded.tobytes()


def test_scattered_values_are_gathered(cli: Cli, tmp_path: Path) -> None:
    values = torch.arange(60, dtype=torch.float32).reshape(6, 10)
    torch.save({"t": values.T, "s": values[::2, 1::3]}, tmp_path / "model.pt")
    for name, expected in {"t": values.T, "s": values[::2, 1::3]}.items():
        assert cli("export", tmp_path / "model.pt", name, tmp_path / f"{name}.npy").code == 0
        assert np.array_equal(np.load(tmp_path / f"{name}.npy"), expected.numpy())


def test_what_nobody_can_decode_can_be_exported_raw(cli: Cli, tmp_path: Path) -> None:
    header = b'{"odd":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[0,3]}}'
    path = tmp_path / "model.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"abc")
    found = cli("export", path, "odd", tmp_path / "odd.npy")
    assert found.code == 2
    assert "nobody here can decode F6_E2M3" in found.err
    assert cli("export", path, "odd", tmp_path / "odd.raw", "--raw").code == 0
    assert (tmp_path / "odd.raw").read_bytes() == b"abc"
    assert not (tmp_path / "odd.npy").exists()


def test_nothing_is_replaced_by_accident(cli: Cli, tmp_path: Path) -> None:
    stored = llama()
    path = folder(tmp_path / "m", stored)
    out = tmp_path / "out.npy"
    out.write_text("mine")
    found = cli("export", path, Q, out)
    assert found.code == 2
    assert "--force" in found.err
    assert out.read_text() == "mine"
    assert cli("export", path, Q, out, "--force").code == 0
    assert np.array_equal(np.load(out), stored[Q])
    model = path / "model.safetensors"
    before = model.read_bytes()
    (tmp_path / "link").symlink_to(model)
    for name in (model, tmp_path / "link"):
        found = cli("export", path, Q, name, "--force")
        assert found.code == 2
        assert "a file of the model" in found.err
    assert model.read_bytes() == before


def test_what_is_wrong_is_one_sentence(cli: Cli, tmp_path: Path) -> None:
    path = folder(tmp_path / "m", llama())
    (tmp_path / "notes.txt").write_text("hello")
    for words, said in {
        (path, "blk.1.attn_q.weight", tmp_path / "x.npy"): f"did you mean '{Q}'",
        (path, Q, tmp_path): "does not name a file",
        (path, Q, tmp_path / "no" / "x.npy"): "is not a folder",
        (path, Q, f"{tmp_path / 'x'}\0"): "cannot be written",
        (tmp_path / "notes.txt", Q, tmp_path / "x.npy"): "arbvis",
    }.items():
        found = cli("export", *words)
        assert (found.code, found.out) == (2, ""), words
        assert found.err.count("\n") == 1
        assert said in found.err
    assert sorted(one.name for one in tmp_path.iterdir()) == ["m", "notes.txt"]


def test_standard_output_is_a_file_too(tmp_path: Path) -> None:
    stored = llama()
    words = [sys.executable, "-c", CODE, "export", folder(tmp_path / "m", stored), Q, "-"]
    done = subprocess.run(words, capture_output=True, check=True)
    (tmp_path / "q.npy").write_bytes(done.stdout)
    assert np.array_equal(np.load(tmp_path / "q.npy"), stored[Q])
    raw = subprocess.run([*words, "--raw"], capture_output=True, check=True)
    assert raw.stdout == stored[Q].tobytes()

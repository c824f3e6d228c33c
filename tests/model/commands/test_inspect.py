from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from checkpoints import folder, llama
from safetensors.numpy import save_file

from arbvis_core.cli.app import build_app
from arbvis_core.registry import load
from arbvis_core.values import ARBVIS
from modelweightvis.profile import MODELWEIGHTVIS

Cli = Callable[..., Any]


def written(path: Path) -> Path:
    """Write a small GGUF model of two types."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(2)
    writer.add_context_length(4096)
    writer.add_embedding_length(64)
    random = np.random.default_rng(0)
    for name, kind in {
        "token_embd.weight": "F16",
        "blk.0.attn_q.weight": "Q8_0",
        "blk.1.attn_q.weight": "Q4_0",
        "blk.0.attn_norm.weight": "F32",
        "blk.1.attn_norm.weight": "F32",
    }.items():
        shape = (64,) if "norm" in name else (32, 64)
        stored = gguf.GGMLQuantizationType[kind]
        values = gguf.quants.quantize(random.normal(size=shape).astype("f4"), stored)
        writer.add_tensor(name, values, raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_the_tree_with_facts_and_totals(cli: Cli, tmp_path: Path) -> None:
    found = cli("inspect", written(tmp_path / "a.gguf"))
    assert found.code == 0
    assert found.err == ""
    lines = [" ".join(line.split()) for line in found.out.splitlines()]
    assert lines[0].startswith("a.gguf: gguf, 1 file, ")
    assert lines[1] == "llama, 2 layers, hidden size 64, context 4,096"
    assert "blk.0–1 ×2 4 3.8 kB 7.273" in lines
    assert "attn_q.weight attention.q Q8_0 ×1, Q4_0 ×1 32 × 64 2 3.3 kB 6.5" in lines
    assert "F16 2,048 32.7 % 1 4.1 kB 16" in lines
    assert "all 6,272 100.0 % 5 7.9 kB 10.12" in lines


def test_the_sizes_are_those_that_gguf_reads(cli: Cli, tmp_path: Path) -> None:
    told = json.loads(cli("inspect", written(tmp_path / "a.gguf"), "--json").out)
    reader = gguf.GGUFReader(tmp_path / "a.gguf")
    assert {
        one["name"]: (one["dtype"], one["shape"], one["bytes"], one["parameters"])
        for one in told["tensors"]
    } == {
        one.name: (
            one.tensor_type.name,
            [int(n) for n in one.shape[::-1]],
            one.n_bytes,
            one.n_elements,
        )
        for one in reader.tensors
    }
    assert told["documents"][0]["metadata"]["llama.context_length"] == 4096


def test_equal_layers_are_listed_one_by_one_if_asked(cli: Cli, tmp_path: Path) -> None:
    path = folder(tmp_path / "m", llama())
    assert "model.layers.0–2  ×3" in cli("inspect", path).out
    every = cli("inspect", path, "--every-layer").out
    assert [f"model.layers.{n}" for n in range(3)] == [
        line.split()[0] for line in every.splitlines() if line.startswith("model.layers.")
    ]


def test_a_list_sorted_by_a_column(cli: Cli, tmp_path: Path) -> None:
    path = folder(tmp_path / "m", llama())
    rows = cli("inspect", path, "--sort", "bytes").out.splitlines()[3:6]
    names = [row.split()[0] for row in rows]
    assert names == ["name", "lm_head.weight", "model.embed_tokens.weight"]
    rows = cli("inspect", path, "--sort", "layer", "--match", "*.q_proj.*").out.splitlines()[4:7]
    assert [row.split()[-1] for row in rows] == ["2", "1", "0"]


def test_statistics_are_those_of_numpy(cli: Cli, tmp_path: Path) -> None:
    stored = llama()
    path = folder(tmp_path / "m", stored)
    told = json.loads(cli("inspect", path, "--json", "--stats", "--sort", "rms").out)
    order = sorted(stored, key=lambda name: -float(np.square(stored[name].astype("f8")).mean()))
    assert [one["name"] for one in told["tensors"]] == order
    for one in told["tensors"]:
        values = stored[one["name"]].astype("f8")
        assert one["stats"]["mean"] == pytest.approx(values.mean(), rel=1e-6, abs=1e-9)
        assert one["stats"]["max_abs"] == pytest.approx(abs(values).max())
        assert one["stats"]["count"] == values.size
    text = cli("inspect", path, "--stats", "--match", "lm_head.weight").out.splitlines()
    assert text[3].split()[-10:] == [
        "min", "max", "mean", "std", "rms", "mean_abs", "max_abs", "zeros", "non_finite", "kurtosis",
    ]  # fmt: skip
    assert float(text[4].split()[-7]) == pytest.approx(stored["lm_head.weight"].std(), rel=1e-3)


def test_json_is_json_whatever_the_numbers(cli: Cli, tmp_path: Path) -> None:
    held = {"nan": np.array([np.nan, np.inf], "f4"), "é\u2028\n": np.ones(2, "f4")}
    path = folder(tmp_path / "m", held)
    (path / "config.json").write_text('{"model_type": "llama", "rope_theta": Infinity}')
    found = cli("inspect", path, "--json", "--stats")
    told = json.loads(found.out, parse_constant=pytest.fail)
    assert {one["name"] for one in told["tensors"]} == {*held}
    (nan,) = (one for one in told["tensors"] if one["name"] == "nan")
    assert (nan["stats"]["non_finite"], nan["stats"]["mean"]) == (2, None)
    assert found.out.isascii()
    assert told["schema"] == 1


def test_names_cannot_write_to_the_terminal(cli: Cli, tmp_path: Path) -> None:
    path = folder(tmp_path / "m", {"a\x1b[2J\nb\u202e.weight": np.ones(2, "f4")})
    for flags in ((), ("--sort", "name"), ("--json",)):
        found = cli("inspect", path, *flags)
        assert found.code == 0
        assert "\x1b" not in found.out
        assert "\u202e" not in found.out
    assert r"a\x1b[2J\nb\u202e.weight" in cli("inspect", path).out


def test_what_is_wrong_is_one_sentence(cli: Cli, tmp_path: Path) -> None:
    path = folder(tmp_path / "m", llama())
    (tmp_path / "notes.txt").write_text("hello")
    for words, said in {
        (path, "--match", "*nope*"): "no tensor that matches",
        (path, "--sort", "loss"): "the columns are name, stack, layer",
        (path, "--sort", "rms"): "only with --stats",
        (path, "--every-layer", "--json"): "--every-layer changes nothing here",
        (path, "--format", "gguf"): "gguf",
        (tmp_path / "notes.txt",): f"arbvis {tmp_path / 'notes.txt'}",
        (tmp_path / "nowhere",): "does not exist",
    }.items():
        found = cli("inspect", *words)
        assert (found.code, found.out) == (2, ""), words
        assert found.err.count("\n") == 1
        assert said in found.err


def test_damaged_files_are_left_out_if_asked(cli: Cli, tmp_path: Path) -> None:
    path = folder(tmp_path / "m", llama())
    (path / "b.safetensors").write_bytes((path / "model.safetensors").read_bytes()[:-100])
    assert cli("inspect", path).code == 2
    found = cli("inspect", path, "--keep-going")
    assert found.code == 0
    assert "b.safetensors" in found.err
    told = json.loads(cli("inspect", path, "--keep-going", "--json").out)
    assert any("b.safetensors" in warning for warning in told["warnings"])


def test_missing_shards_are_told(cli: Cli, tmp_path: Path) -> None:
    tensors = llama()
    files = {
        name: f"model-0000{1 + (index > 12)}-of-00002.safetensors"
        for index, name in enumerate(tensors)
    }
    first = {name: tensors[name] for name in tensors if "00001-of" in files[name]}
    save_file(first, tmp_path / "model-00001-of-00002.safetensors")
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": files}))
    found = cli("inspect", tmp_path)
    assert found.code == 0
    assert "1 of 2 files are not here" in found.err
    told = json.loads(cli("inspect", tmp_path, "--json").out)
    assert told["documents"][0]["missing_files"] == ["model-00002-of-00002.safetensors"]


def test_consoles_without_unicode_get_plain_signs(tmp_path: Path) -> None:
    code = "from modelweightvis.cli import main; main()"
    path = folder(tmp_path / "m", llama())
    for encoding in ("ascii", "cp1252"):
        done = subprocess.run(
            [sys.executable, "-c", code, "inspect", path],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONIOENCODING": encoding},
        )
        text = done.stdout.decode(encoding)
        assert "\\x" not in text
        assert "\\u" not in text
        assert ("96 × 32" if encoding == "cp1252" else "96 x 32") in text


def test_it_is_a_command_of_modelweightvis_only() -> None:
    assert {"inspect", "export"} <= build_app(MODELWEIGHTVIS, load()).entries.keys()
    assert not {"inspect", "export"} & build_app(ARBVIS, load()).entries.keys()

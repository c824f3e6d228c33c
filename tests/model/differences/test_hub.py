"""Models on the Hub beside each other and beside files, through the real client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub import Hub
from safetensors.numpy import save

RANDOM = np.random.default_rng(31)
NAME = "model.layers.0.self_attn.q_proj.weight"
BASE = {NAME: RANDOM.standard_normal((16, 16)).astype("f4")}
TUNED = {NAME: BASE[NAME] * np.float32(1.5)}
NEW = {**TUNED, "model.layers.0.self_attn.k_proj.weight": np.ones((4, 16), "f4")}
CARD = b"---\nbase_model: maker/base\nbase_model_relation: finetune\n---\n# Tuned\n"


def files(weights: dict[str, np.ndarray], **more: bytes) -> dict[str, bytes]:
    config = {"model_type": "llama", "num_attention_heads": 2, "rope_theta": len(weights)}
    return {
        "model.safetensors": save(weights),
        "config.json": json.dumps(config).encode(),
        **{name.replace("__", "."): content for name, content in more.items()},
    }


def compare(hub: Hub, folder: Path, *words: str) -> tuple[int, str, Any]:
    """Run the program, which asks the Hub; return exit code, what it said, and its report."""
    report = folder / "report.json"
    env = {
        **os.environ,
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(folder / "home"),
        "NO_PROXY": "127.0.0.1",
    }
    command = [sys.executable, "-c", "from modelweightvis.cli import main; main()", "--diff"]
    command += [*words, "--report", str(report), "--out", str(folder / "out"), "--force"]
    ran = subprocess.run(
        command, env=env, capture_output=True, text=True, check=False, encoding="utf-8"
    )
    return ran.returncode, ran.stderr, json.loads(report.read_text()) if report.exists() else None


@pytest.fixture
def hub() -> Any:
    with Hub() as served:
        served.commit("maker/base", files(BASE))
        served.commit("maker/tuned", files(TUNED, README__md=CARD))
        served.commit("maker/new", files(NEW, README__md=CARD))
        yield served


def test_two_models_of_the_hub_with_what_lies_beside_them(hub: Hub, tmp_path: Path) -> None:
    code, said, report = compare(hub, tmp_path, "hf://maker/base", "hf://maker/tuned")
    assert code == 0, said
    (tensor,) = report["tensors"]
    assert tensor["relative_frobenius"] == pytest.approx(0.5)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    names = [[one["name"] for one in scene["placements"]] for scene in manifest["scenes"]]
    assert names == [[NAME], ["config.json"], ["README.md"]]
    commits = [hub.repos[f"maker/{name}"].refs["main"] for name in ("base", "tuned")]
    assert all(sha in json.dumps(one) for sha, one in zip(commits, manifest["inputs"], strict=True))


def test_the_card_makes_it_a_finetune_which_may_have_nothing_new(hub: Hub, tmp_path: Path) -> None:
    code, said, _ = compare(hub, tmp_path, "hf://maker/base", "hf://maker/new")
    assert code == 2
    assert "its model card" in said
    assert "model.layers.0.self_attn.k_proj.weight is new" in said
    code, said, report = compare(
        hub, tmp_path, "hf://maker/base", "hf://maker/new", "--no-finetune"
    )
    assert code == 0, said
    assert report["models"][0]["only_other"] == ["model.layers.0.self_attn.k_proj.weight"]


@pytest.mark.parametrize("swap", [False, True])
def test_a_folder_beside_a_model_of_the_hub(hub: Hub, tmp_path: Path, swap: bool) -> None:
    local = tmp_path / "local"
    local.mkdir()
    for name, content in files(TUNED).items():
        (local / name).write_bytes(content)
    words = [str(local), "hf://maker/base"]
    code, said, report = compare(hub, tmp_path, *(words[::-1] if swap else words))
    assert code == 0, said
    wanted = 0.5 if swap else 1 / 3
    assert report["tensors"][0]["relative_frobenius"] == pytest.approx(wanted)


def test_one_file_of_the_hub(hub: Hub, tmp_path: Path) -> None:
    words = [f"hf://maker/{name}/model.safetensors" for name in ("base", "tuned")]
    code, said, report = compare(hub, tmp_path, *words)
    assert code == 0, said
    assert report["tensors"][0]["changed"] == 1


def test_a_model_that_is_not_there_is_named(hub: Hub, tmp_path: Path) -> None:
    code, said, report = compare(hub, tmp_path, "hf://maker/base", "hf://maker/gone")
    assert (code, report) == (2, None)
    assert "hf://maker/gone" in said or "maker/gone" in said
    words = ("hf://maker/base", "hf://maker/gone", "hf://maker/tuned", "--keep-going")
    code, said, report = compare(hub, tmp_path, *words)
    assert code == 0, said
    assert [one["other"] for one in report["models"]] == ["hf://maker/tuned"]

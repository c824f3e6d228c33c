"""Differences in Python: the same figures as the report, measured once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import modelweightvis
from arbvis_core import api


def test_table_picture_and_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    base = {
        f"model.layers.{layer}.mlp.up_proj.weight": random.normal(0, 0.1, (24, 16)).astype("f4")
        for layer in range(3)
    }
    paths = []
    for scale in (1, 1.25, 1.5):
        paths.append(tmp_path / f"{scale}.safetensors")
        save_file({name: one * np.float32(scale) for name, one in base.items()}, paths[-1])
    found = modelweightvis.diff(*paths)
    assert len(found.picture().plan.scenes) == 2
    passes = []
    render = api.render
    monkeypatch.setattr(api, "render", lambda *a, **k: passes.append(a) or render(*a, **k))
    table = found.table()
    assert table["relative_frobenius"] == pytest.approx([0.25] * 3 + [0.5] * 3, rel=1e-6)
    assert found.report(tmp_path / "r.json") == str(tmp_path / "r.json")
    report = json.loads((tmp_path / "r.json").read_text())
    assert [row["sqnr_db"] for row in report["tensors"]] == table["sqnr_db"]
    assert len(passes) == 1
    assert table["shape"] == [(24, 16)] * 6

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import CONFIG, folder, llama
from safetensors.numpy import save_file

import modelweightvis
from arbvis_core.api import FormatError, SourceError, UsageError
from modelweightvis.measuring import FIGURES

Q = "model.layers.1.self_attn.q_proj.weight"


def test_importing_it_is_light() -> None:
    code = (
        "import modelweightvis, sys; modelweightvis.open\n"
        "print([m for m in ('numpy', 'numba', 'typer', 'arbvis_core.api') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"


def test_it_is_a_mapping_in_the_order_of_the_file(tmp_path: Path) -> None:
    stored = llama()
    model = modelweightvis.open(folder(tmp_path / "m", stored))
    raw = (tmp_path / "m/model.safetensors").read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    order = sorted(header.keys() - {"__metadata__"}, key=lambda n: header[n]["data_offsets"])
    assert [*model] == [*model.keys()] == order
    assert len(model) == len(stored)
    assert {name: tensor.name for name, tensor in model.items()} == {name: name for name in stored}
    assert Q in model
    assert repr(model) == f"<Model {str(tmp_path / 'm')!r}: {len(stored)} tensors>"


def test_a_tensor_has_two_names(tmp_path: Path) -> None:
    stored = llama()
    model = modelweightvis.open(folder(tmp_path / "m", stored))
    assert model[Q] is model["text.1.attention.q.weight"]
    assert np.array_equal(model["text.1.attention.q.weight"], stored[Q])


def test_a_glob_keeps_what_it_matches(tmp_path: Path) -> None:
    path = folder(tmp_path / "m", llama())
    model = modelweightvis.open(path, match="*.mlp.*")
    assert len(model) == 9
    assert all(".mlp." in name for name in model)
    assert model["model.layers.2.mlp.up_proj.weight"].canonical == "text.2.mlp.up.weight"
    with pytest.raises(UsageError, match=r"no tensor that matches '\*qproj\*'; the nearest is"):
        modelweightvis.open(path, match="*qproj*")
    with pytest.raises(UsageError, match=r"at most 1,000 letters, this one has 10,000: '\[\["):
        modelweightvis.open(path, match="[" * 10_000)


def test_models_of_one_folder_keep_their_names_apart(tmp_path: Path) -> None:
    for name, value in (("text_encoder", 1), ("text_encoder_2", 2)):
        (tmp_path / name).mkdir()
        held = {"shared.weight": np.full((2, 2), value, "f4"), f"own.{value}": np.ones(3, "f4")}
        save_file(held, tmp_path / name / "model.safetensors")
    model = modelweightvis.open(tmp_path)
    assert len(model.documents) == 2
    assert sorted(model) == [
        "own.1",
        "own.2",
        "text_encoder/model.safetensors:shared.weight",
        "text_encoder_2/model.safetensors:shared.weight",
    ]
    assert model["text_encoder_2/model.safetensors:shared.weight"][0, 0] == 2
    assert model["text_encoder_2/model.safetensors:shared.weight"].name == "shared.weight"
    assert len(modelweightvis.open(tmp_path, match="shared*")) == 2
    with pytest.raises(KeyError, match="shared"):
        model["shared.weight"]


def test_statistics_are_a_table(tmp_path: Path) -> None:
    stored = llama()
    model = modelweightvis.open(folder(tmp_path / "m", stored))
    table = model.stats("*.q_proj.*")
    assert table["name"] == [name for name in model if ".q_proj." in name]
    assert table.columns[-len(FIGURES) :] == FIGURES
    row = next(row for row in table if row["name"] == Q)
    assert (row["layer"], row["role"], row["shape"], row["count"]) == (
        1,
        "attention.q",
        (32, 32),
        1024,
    )
    assert (row["dtype"], row["bytes"], row["bits_per_weight"]) == ("F32", 4096, 32)
    assert row["std"] == pytest.approx(stored[Q].std(), rel=1e-6)
    assert len(model.stats()) == len(model)


def test_a_picture_is_that_of_the_command_line(tmp_path: Path) -> None:
    model = modelweightvis.open(folder(tmp_path / "m", llama()), match="*.mlp.*")
    picture = model.picture(columns=1, title="MLPs", overview="rms")
    assert picture.plan.title == "MLPs"
    assert picture.plan.brand == "modelweightvis"
    (scene,) = picture.plan.scenes
    names = {placement.name for placement in scene.placements}
    assert names == set(model)
    assert "text/html" in picture._repr_mimebundle_()


def test_a_model_without_tensors_is_shown_by_arbvis(tmp_path: Path) -> None:
    save_file({}, tmp_path / "model.safetensors")
    (tmp_path / "notes.txt").write_text("hello")
    for path in (tmp_path, tmp_path / "model.safetensors", tmp_path / "notes.txt"):
        with pytest.raises(UsageError, match=f"by: arbvis {path}"):
            modelweightvis.open(path)


def test_damaged_files_are_named_or_left_out(tmp_path: Path) -> None:
    path = folder(tmp_path / "m", llama())
    (path / "b.safetensors").write_bytes((path / "model.safetensors").read_bytes()[:-100])
    with pytest.raises(FormatError, match=r"b\.safetensors"):
        modelweightvis.open(path)
    model = modelweightvis.open(path, keep_going=True)
    assert len(model) == len(llama())
    assert any("b.safetensors" in warning for warning in model.warnings)
    with pytest.raises(SourceError, match="does not exist"):
        modelweightvis.open(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="gguf"):
        modelweightvis.open(tmp_path / "m" / "config.json", format="no such format")


def test_it_shows_its_tree_in_a_notebook_and_escapes(tmp_path: Path) -> None:
    names = {"<img src=x onerror=alert(1)>": np.ones(2, "f4")}
    path = folder(tmp_path / "<b>m", llama() | names)
    (path / "odd.bin").write_bytes(b"x")
    shown = modelweightvis.open(path)._repr_html_()
    assert "<img" not in shown
    assert "<p><b>&lt;b&gt;m</b>" in shown
    assert "model.layers.0–2  ×3" in shown
    assert CONFIG["model_type"] == "llama"


def test_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = Path(__file__).parents[2] / "docs/how-to/tensors-in-python.md"
    blocks = re.findall(r"```python\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 7
    monkeypatch.chdir(tmp_path)
    save_file(llama(), "model.safetensors")
    scope: dict[str, Any] = {"print": lambda *_: None}
    for block in blocks:
        if "to_pandas" in block:
            pytest.importorskip("pandas")
        exec(compile(block, guide.name, "exec"), scope)  # noqa: S102  our own guide
    assert scope["largest"] == abs(llama()[Q.replace(".1.", ".0.")]).max()
    assert (tmp_path / "picture/index.html").is_file()
    assert (tmp_path / "model.png").is_file()

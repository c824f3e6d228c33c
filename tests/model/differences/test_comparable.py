"""What cannot be compared is a sentence that names it; with --keep-going, the rest is compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from safetensors.numpy import save_file

from arbvis_core.cli.app import start
from modelweightvis.profile import MODELWEIGHTVIS

RANDOM = np.random.default_rng(29)
NAMES = [f"model.layers.{layer}.mlp.up_proj.weight" for layer in range(4)]
WEIGHTS = {name: RANDOM.standard_normal((8, 8)).astype("f4") for name in NAMES}
SHARDS = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]

Said = Callable[..., tuple[int, str, Any]]


def model(folder: Path, weights: Mapping[str, np.ndarray] = WEIGHTS, **config: Any) -> str:
    folder.mkdir()
    # As transformers writes it, with a word in its metadata that is not about the architecture.
    save_file(dict(weights), folder / "model.safetensors", metadata={"format": "pt"})
    if config:
        (folder / "config.json").write_text(json.dumps(config))
    return str(folder)


def sharded(folder: Path, *numbers: int) -> str:
    """Write a model of two files, as much of it as was fetched."""
    folder.mkdir()
    places = {name: SHARDS[index // 2] for index, name in enumerate(NAMES)}
    for number in numbers:
        held = {name: WEIGHTS[name] for name in NAMES if places[name] == SHARDS[number]}
        save_file(held, folder / SHARDS[number])
    index = {"metadata": {}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return str(folder)


def torn(folder: Path, size: int = 300) -> str:
    path = Path(model(folder)) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-size])
    return str(folder)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Said:
    """Return a function that compares and returns exit code, what was said, and the report."""

    def compare(*words: str) -> tuple[int, str, Any]:
        path = tmp_path / "report.json"
        path.unlink(missing_ok=True)
        code = start(MODELWEIGHTVIS, ["--diff", *words, "--report", str(path)])
        report = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
        assert (report is not None) == (code == 0)
        return code, capsys.readouterr().err, report

    return compare


def test_a_file_that_was_cut_short_is_named_with_its_input(tmp_path: Path, run: Said) -> None:
    base, broken, good = model(tmp_path / "a"), torn(tmp_path / "b"), model(tmp_path / "c")
    for words in ((base, broken), (broken, base), (base, good, broken)):
        code, said, _ = run(*words)
        assert code == 2
        assert f"{broken}: model.safetensors has" in said
        assert "it was cut short" in said
    code, said, _ = run(base, broken, "--keep-going")
    assert code == 2
    assert "nothing here can compare" in said
    assert "it was cut short" in said


def test_the_rest_of_several_is_compared_and_what_is_missing_is_listed(
    tmp_path: Path, run: Said
) -> None:
    base, broken, good = model(tmp_path / "a"), torn(tmp_path / "b"), model(tmp_path / "c")
    code, said, report = run(base, broken, good, str(tmp_path / "gone"), "--keep-going")
    assert code == 0
    assert [one["other"] for one in report["models"]] == [good]
    assert f"{broken}: model.safetensors has" in said
    assert "gone" in said
    assert any("it was cut short" in one for one in report["warnings"])


def test_shards_that_were_not_fetched_are_named(tmp_path: Path, run: Said) -> None:
    full, half = sharded(tmp_path / "full", 0, 1), sharded(tmp_path / "half", 0)
    for words in ((full, half), (half, full)):
        code, said, _ = run(*words)
        assert code == 2
        assert f"{half} is not whole, {SHARDS[1]} is not here" in said
        assert "--keep-going" in said
    code, said, report = run(full, half, "--keep-going")
    assert code == 0
    assert report["models"][0]["only_base"] == NAMES[2:]
    assert SHARDS[1] in said
    code, _, report = run(f"{full}/{SHARDS[0]}", f"{half}/{SHARDS[0]}")
    assert code == 0
    assert report["models"][0]["totals"]["changed"] == 0


@pytest.mark.parametrize("swap", [False, True])
def test_different_architectures_are_named(tmp_path: Path, run: Said, swap: bool) -> None:
    words = [
        model(tmp_path / "a", model_type="llama"),
        model(
            tmp_path / "b", {**WEIGHTS, "model.norm.weight": np.ones(8, "f4")}, model_type="gpt2"
        ),
    ]
    words = words[::-1] if swap else words
    code, said, _ = run(*words)
    kinds = ["gpt2", "llama"] if swap else ["llama", "gpt2"]
    assert code == 2
    assert f"{words[0]} is of the architecture {kinds[0]}, {words[1]} of {kinds[1]}" in said
    code, said, report = run(*words, "--keep-going")
    assert code == 0
    assert "only what pairs is compared" in said
    assert report["models"][0]["only_base" if swap else "only_other"] == ["model.norm.weight"]


def test_a_stack_inside_counts_as_its_architecture(tmp_path: Path, run: Said) -> None:
    left = model(tmp_path / "a", model_type="gemma3", text_config={"model_type": "gemma3_text"})
    assert run(left, model(tmp_path / "b", model_type="gemma3_text"))[0] == 0


def test_formats_name_architectures_in_their_own_ways(tmp_path: Path, run: Said) -> None:
    paths = []
    for architecture in ("llama", "qwen2"):
        paths.append(str(tmp_path / f"{architecture}.gguf"))
        writer = gguf.GGUFWriter(paths[-1], architecture)
        for layer, array in enumerate(WEIGHTS.values()):
            writer.add_tensor(f"blk.{layer}.ffn_up.weight", array)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    left = model(tmp_path / "a", model_type="mistral")
    assert run(left, paths[0])[0] == 0
    code, said, _ = run(*paths)
    assert code == 2
    assert "of the architecture llama" in said


def test_models_of_which_nothing_pairs_show_the_closest_names(tmp_path: Path, run: Said) -> None:
    other = {
        name.replace("mlp.up_proj.weight", "mlp.up_projection"): np.ones((3, 4, 5), "f4")
        for name in NAMES
    }
    code, said, _ = run(model(tmp_path / "a"), model(tmp_path / "b", other))
    assert code == 2
    assert f"the most alike are {NAMES[0]} and model.layers.0.mlp.up_projection" in said


def test_the_same_model_twice_is_zeros(tmp_path: Path, run: Said) -> None:
    path = model(tmp_path / "a")
    code, _, report = run(path, path)
    assert code == 0
    totals = report["models"][0]["totals"]
    assert (totals["changed"], totals["max_abs"], totals["relative_frobenius"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ((40, 50), (50, 40)),
        ((5000,), (4000,)),
        ((3, 20000), (3, 15001)),
        ((20000, 3), (15001, 2)),
        ((64, 4, 4), (64, 3, 4)),
        ((64, 4, 4), (7, 3, 2)),
        ((2, 3, 7000), (2, 2, 6000)),
        ((4, 3), (4, 0)),
        ((40, 50), (2000,)),
    ],
    ids=str,
)
def test_of_unequal_shapes_is_compared_what_both_have_and_the_rest_is_told(
    tmp_path: Path, run: Said, ours: tuple[int, ...], theirs: tuple[int, ...]
) -> None:
    sides = [RANDOM.standard_normal(shape).astype("f4") for shape in (ours, theirs)]
    paths = [
        model(tmp_path / name, {**WEIGHTS, NAMES[0]: side})
        for name, side in zip("ab", sides, strict=True)
    ]
    code, said, report = run(*paths)
    assert code == 0
    both: tuple[slice, ...] = ()
    if len(ours) == len(theirs):
        both = tuple(slice(0, min(pair)) for pair in zip(ours, theirs, strict=True))
    a, b = (side[both] if both else np.zeros(0) for side in sides)
    elements = sides[0].size + sides[1].size - a.size
    shapes = [" × ".join(map(str, shape)) for shape in (ours, theirs)]
    (warning,) = report["warnings"]
    assert warning == (
        f"1 tensor has another shape in {paths[1]}: {a.size:,} of {elements:,} elements are "
        f"compared; {NAMES[0]} is {shapes[0]} in {paths[0]}, {shapes[1]} in {paths[1]}"
    )
    assert warning in said
    (row,) = (one for one in report["tensors"] if one["name"] == NAMES[0])
    assert row["count"] == (a.size or None)
    assert report["models"][0]["not_compared"] == ([] if a.size else [NAMES[0]])
    if a.size:
        delta = b.astype("f8") - a.astype("f8")
        assert row["mean"] == pytest.approx(delta.mean(), rel=1e-9)
        assert row["max_abs"] == pytest.approx(np.abs(delta).max(), rel=1e-9)
        assert row["max_abs_index"] == list(np.unravel_index(np.abs(delta).argmax(), delta.shape))


def test_equal_shapes_need_no_word(tmp_path: Path, run: Said) -> None:
    _, _, report = run(model(tmp_path / "a"), model(tmp_path / "b"))
    assert report["warnings"] == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--diff"], "name at least two inputs"),
        (["--diff", "MODEL"], "name at least two inputs"),
        (
            ["MODEL", "--diff-metric", "rms"],
            "--diff-metric is about a comparison: use it with --diff",
        ),
        (["MODEL", "--diff-colors", "blue-orange"], "--diff-colors is about a comparison"),
        (["MODEL", "--summary-stat", "rms"], "--summary-stat is about the summary of experts"),
        (["MODEL", "--moe-norm", "max"], "--moe-norm is about the summary of experts"),
    ],
)
def test_flags_that_have_nothing_to_say_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], why: str
) -> None:
    path = model(tmp_path / "a")
    words = [path if word == "MODEL" else word for word in words]
    assert start(MODELWEIGHTVIS, [*words, "--out", str(tmp_path / "out")]) == 2
    assert why in capsys.readouterr().err


@pytest.mark.parametrize("flag", [["--diff-metric", "exact"], ["--diff-colors", "blue-orange"]])
def test_bytes_have_no_metric_and_one_pair_of_colours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: list[str]
) -> None:
    paths = [tmp_path / name for name in ("a.bin", "b.bin")]
    for path in paths:
        path.write_bytes(b"some bytes")
    words = [
        "--diff",
        *map(str, paths),
        *flag,
        "--layout",
        "hilbert",
        "--out",
        str(tmp_path / "out"),
    ]
    assert start(MODELWEIGHTVIS, words) == 2
    assert f"{flag[0]} is about tensors, and none are compared here" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

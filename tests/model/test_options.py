"""Flags that nothing looks at are refused, whichever layout or comparison keeps them from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from arbvis_core import api
from arbvis_core.cli.app import start
from modelweightvis.options import ColourOptions, DifferenceOptions
from modelweightvis.profile import MODELWEIGHTVIS

RANDOM = np.random.default_rng(31)
COLOURS = [
    ["--scale", "tensor"],
    ["--scale", "model"],  # as by default, and yet it was asked for
    ["--overview", "max"],
    ["--colormap", "vanimo"],
    ["--colormap", "green-red"],  # as a difference has it
    ["--overview-colormap", "viridis"],
]
TENSORS = [["--match", "*"], ["--match", "nothing"], ["--columns", "2"]]


@pytest.fixture
def models(tmp_path: Path) -> list[str]:
    """Return two models with a block, an expert and a head."""
    names = ("layers.0.mlp.up_proj", "layers.1.mlp.experts.0.up_proj", "embed_tokens")
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        arrays = {f"model.{name}.weight": RANDOM.standard_normal((8, 8)) for name in names}
        save_file(arrays, tmp_path / folder / "model.safetensors")
    return [str(tmp_path / folder) for folder in ("a", "b")]


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert start(MODELWEIGHTVIS, list(words)) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


@pytest.mark.parametrize("flag", COLOURS, ids=" ".join)
def test_a_difference_has_colours_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], models: list[str], flag: list[str]
) -> None:
    out = tmp_path / "out"
    said = refused(capsys, "--diff", *models, *flag, "-o", str(out))
    assert f"{flag[0]} is about the values of one model" in said
    assert "--diff-metric and --diff-colors" in said
    assert not out.exists()


@pytest.mark.parametrize(
    "flag", [*COLOURS, *TENSORS, ["--moe"], ["--report", "report.json"]], ids=" ".join
)
def test_bytes_have_no_tensors(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    models: list[str],
    flag: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    said = refused(capsys, models[0], "--layout", "hilbert", *flag, "-o", "out")
    assert f"{flag[0]} is about tensors, and no picture here shows any" in said
    assert f"leave --layout hilbert, or {flag[0]}, out" in said
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a", "b"]


def test_a_live_view_refuses_the_same(
    capsys: pytest.CaptureFixture[str], models: list[str]
) -> None:
    words = ["view", models[0], "--layout", "hilbert", "--scale", "tensor", "--no-browser"]
    assert "--scale is about tensors" in refused(capsys, *words)


def test_the_other_program_refuses_what_its_help_hides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], models: list[str]
) -> None:
    words = [models[0], "--match", "*", "-o", str(tmp_path / "out")]
    assert start(api.ARBVIS, words) == 2
    assert capsys.readouterr().err.endswith("no picture here shows any: leave it out\n")
    assert start(api.ARBVIS, [*words, "--layout", "arch"]) == 0


@pytest.mark.parametrize("flag", ["--finetune", "--no-finetune"])
def test_bytes_are_no_finetune(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], models: list[str], flag: str
) -> None:
    words = ["--diff", *models, "--format", "raw", "--layout", "hilbert", flag]
    said = refused(capsys, *words, "-o", str(tmp_path / "out"))
    assert f"{flag} is about tensors" in said


def test_columns_are_of_blocks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], models: list[str]
) -> None:
    words = [models[0], "--columns", "2", "-o", str(tmp_path / "out")]
    assert "--columns is about blocks" in refused(capsys, *words, "--match", "*embed*")
    assert start(MODELWEIGHTVIS, words) == 0


@pytest.mark.parametrize("flags", [*COLOURS[:4], *COLOURS[5:], TENSORS[0]], ids=" ".join)
def test_one_scene_that_looks_at_it_is_enough(
    tmp_path: Path, models: list[str], flags: list[str]
) -> None:
    words = [*models, "--moe", *flags, "-q", "-o", str(tmp_path / "out")]
    assert start(MODELWEIGHTVIS, words) == 0


def test_a_live_difference_has_models_beside_it_that_look_at_colours(models: list[str]) -> None:
    colours = ColourOptions(scale="tensor", overview="max")
    changes = DifferenceOptions(diff_metric="exact")
    request = api.Request(
        tuple(models),
        MODELWEIGHTVIS,
        diff=True,
        live=True,
        options={ColourOptions: colours, DifferenceOptions: changes},
    )
    views = [(scene.view.scale, scene.view.metric) for scene in api.plan(request).scenes]
    assert views == [(None, "exact"), ("tensor", None), ("tensor", None)]
    with pytest.raises(api.UsageError, match="--scale is about the values of one model"):
        api.plan(replace(request, live=False))


@pytest.mark.parametrize(("suffix", "code"), [("json", 0), ("html", 2), ("csv", 2)])
def test_a_title_is_of_pages_and_of_reports_that_have_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], models: list[str], suffix: str, code: int
) -> None:
    report = tmp_path / f"report.{suffix}"
    words = [models[0], "--title", "A title", "--report", str(report)]
    assert start(MODELWEIGHTVIS, words) == code
    assert report.exists() == (code == 0)
    if code == 0:
        assert '"title": "A title"' in report.read_text(encoding="utf-8")
    else:
        assert "--title changes nothing here" in capsys.readouterr().err


@pytest.mark.parametrize("profile", [api.ARBVIS, MODELWEIGHTVIS], ids=lambda one: one.name)
def test_a_difference_that_a_layout_cannot_show_names_what_can(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], models: list[str], profile: api.Profile
) -> None:
    out = str(tmp_path / "out")
    assert start(profile, ["--diff", *models, "--layout", "hilbert", "-o", out]) == 2
    said = capsys.readouterr().err.rstrip()
    assert "it cannot show b \u2212 a, but arch can" in said
    command = said.rpartition("arbvis ")[2].split()
    assert command == ["--diff", *models, "--format", "raw"]
    assert start(api.ARBVIS, [*command, "-o", out]) == 0
    assert '"renderer":"byte-differences"' in Path(out, "manifest.json").read_text().replace(
        " ", ""
    )

"""Reports of models and of differences, against numpy and in every form."""

from __future__ import annotations

import csv
import html.parser
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file

from arbvis_core.cli.app import start
from modelweightvis.profile import MODELWEIGHTVIS

RANDOM = np.random.default_rng(3)
ROOT = Path(__file__).parents[3]


def _random(*shape: int) -> np.ndarray:
    return (RANDOM.standard_normal(shape) * 0.02).astype(np.float32)


BASE = {
    "model.embed_tokens.weight": _random(300, 64),
    **{
        f"model.layers.{layer}.{name}.weight": _random(*shape)
        for layer in range(2)
        for name, shape in (
            ("self_attn.q_proj", (64, 64)),
            ("mlp.down_proj", (64, 160)),
            ("input_layernorm", (64,)),
        )
    },
}
OTHER = {name: array + _random(*array.shape) * 0.1 for name, array in BASE.items()}


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> str:
    save_file({**arrays}, path)
    return str(path)


def _run(*args: str) -> int:
    return start(MODELWEIGHTVIS, [*args, "-q"])


def _report(tmp_path: Path, *models: Mapping[str, np.ndarray], flags: tuple[str, ...] = ()) -> Any:
    paths = [_write(tmp_path / f"{number}.safetensors", one) for number, one in enumerate(models)]
    out = tmp_path / "report.json"
    assert _run(*(["--diff"] if len(paths) > 1 else []), *paths, "--report", str(out), *flags) == 0
    report = json.loads(out.read_text())
    text = (ROOT / "docs/reference/report.schema.json").read_text(encoding="utf-8")
    jsonschema.Draft202012Validator(json.loads(text)).validate(report)
    return report


def _figures(left: list[np.ndarray], right: list[np.ndarray]) -> dict[str, float]:
    a = np.concatenate([one.ravel() for one in left]).astype(np.float64)
    b = np.concatenate([one.ravel() for one in right]).astype(np.float64)
    delta = b - a
    return {
        "count": a.size,
        "relative_frobenius": np.linalg.norm(delta) / np.linalg.norm(a),
        "sqnr_db": 10 * np.log10((a @ a) / (delta @ delta)),
        "cosine": (a @ b) / np.linalg.norm(a) / np.linalg.norm(b),
        "max_abs": np.abs(delta).max(),
        "changed": (delta != 0).mean(),
        "std": delta.std(),
    }


def test_totals_are_those_of_all_values_together(tmp_path: Path) -> None:
    (model,) = _report(tmp_path, BASE, OTHER)["models"]
    assert model["totals"]["tensors"] == len(BASE)
    found = _figures([*BASE.values()], [*OTHER.values()])
    assert {name: model["totals"][name] for name in found} == pytest.approx(found, rel=1e-9)
    for one in model["by_role"]:
        words = {"attention.q": "q_proj", "mlp.down": "down_proj", "embedding.token": "embed"}
        names = [name for name in BASE if words.get(one["role"], "layernorm") in name]
        found = _figures([BASE[name] for name in names], [OTHER[name] for name in names])
        assert {name: one[name] for name in found} == pytest.approx(found, rel=1e-9)
    assert [one["layer"] for one in model["by_layer"]] == [0, 1]
    names = [name for name in BASE if ".1." in name]
    found = _figures([BASE[name] for name in names], [OTHER[name] for name in names])
    assert {name: model["by_layer"][1][name] for name in found} == pytest.approx(found, rel=1e-9)


def test_a_bundle_and_its_report_say_the_same(tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = _report(tmp_path, BASE, OTHER, flags=("--out", str(out)))
    (scene,) = json.loads((out / "manifest.json").read_text())["scenes"]
    stats = {one["name"]: one["stats"] for one in scene["placements"]}
    for row in report["tensors"]:
        known = stats[row["name"]]
        assert {name: row[name] for name in known if name in row} == known
    alone = _report(tmp_path, BASE, OTHER)
    assert alone["tensors"] == report["tensors"]


def test_several_models_are_one_report(tmp_path: Path) -> None:
    third = {name: array * np.float32(1.5) for name, array in BASE.items()}
    report = _report(tmp_path, BASE, OTHER, third)
    assert len(report["models"]) == 2
    assert len(report["tensors"]) == 2 * len(BASE)
    keys = [one["key"] for one in report["models"]]
    assert {row["model"] for row in report["tensors"]} == set(keys)
    assert report["models"][1]["totals"]["relative_frobenius"] == pytest.approx(0.5, rel=1e-6)


def test_one_sided_and_ambiguous_tensors_are_listed(tmp_path: Path) -> None:
    other = {name: array for name, array in OTHER.items() if "0.mlp" not in name}
    other["model.layers.1.self_attn.k_proj.weight"] = _random(64, 64)
    report = _report(tmp_path, BASE, other)
    (model,) = report["models"]
    assert model["only_base"] == ["model.layers.0.mlp.down_proj.weight"]
    assert model["only_other"] == ["model.layers.1.self_attn.k_proj.weight"]
    assert model["totals"]["one_sided"] == 2
    (row,) = (one for one in report["tensors"] if one["pairing"] == "only in B")
    assert row["relative_frobenius"] is None
    assert row["other_bits_per_weight"] == 32


def test_tables_have_the_same_rows(tmp_path: Path) -> None:
    report = _report(tmp_path, BASE, OTHER)
    paths = [str(tmp_path / f"{number}.safetensors") for number in range(2)]
    for suffix in ("csv", "parquet"):
        assert _run("--diff", *paths, "--report", str(tmp_path / f"t.{suffix}")) == 0
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(tmp_path / "t.parquet").to_pylist()
    assert len(rows) == len(table) == len(report["tensors"])
    for row, record, known in zip(rows, table, report["tensors"], strict=True):
        assert record == known
        assert row["name"] == known["name"]
        assert float(row["relative_frobenius"]) == known["relative_frobenius"]
        assert json.loads(row["shape"]) == known["shape"]


class _Page(html.parser.HTMLParser):
    """What a browser would make of a page, as far as it concerns us."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_nothing_and_escapes_names(tmp_path: Path) -> None:
    evil = '"><img src=x onerror=alert(1)>'
    models = [{**one, f"model.{evil}.weight": _random(64, 64)} for one in (BASE, OTHER)]
    paths = [_write(tmp_path / f"{number}.safetensors", one) for number, one in enumerate(models)]
    out = tmp_path / "report.html"
    assert _run("--diff", *paths, paths[1], "--report", str(out)) == 0
    page = _Page()
    page.feed(out.read_text(encoding="utf-8"))
    assert evil in page.text
    assert not [attrs for _, attrs in page.tags if "onerror" in attrs]
    sources = [str(attrs["src"]) for tag, attrs in page.tags if tag == "img"]
    assert len(sources) >= 4
    assert all(one.startswith("data:image/webp;base64,") for one in sources)
    assert not [tag for tag, attrs in page.tags if tag in {"link", "iframe"} or "href" in attrs]
    assert page.text.count("model.layers.1.mlp.down_proj.weight") >= 2


def test_markdown_escapes_names(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.safetensors", {"a|b<c>.weight": _random(8, 8)})
    assert _run(path, "--report", str(tmp_path / "r.md")) == 0
    text = (tmp_path / "r.md").read_text(encoding="utf-8")
    assert "a\\|b\\<c\\>.weight" in text
    assert "a|b" not in text


def test_tables_of_markdown_are_headed_by_words(tmp_path: Path) -> None:
    paths = [_write(tmp_path / f"{name}.safetensors", BASE) for name in "abc"]
    assert _run("--diff", *paths, "--report", str(tmp_path / "r.md")) == 0
    lines = (tmp_path / "r.md").read_text(encoding="utf-8").splitlines()
    heads = [lines[number - 1] for number, line in enumerate(lines) if line.startswith("|---")]
    assert heads[0].startswith("| model | size | bits/weight | tensors | relative error |")
    assert len(heads) == 5
    assert not [one for one in heads if "_" in one]


def test_findings_name_their_rules(tmp_path: Path) -> None:
    arrays = {name: array.copy() for name, array in BASE.items()}
    arrays["model.layers.0.self_attn.q_proj.weight"][3, 5] = np.nan
    arrays["model.layers.1.self_attn.q_proj.weight"][:, 7] *= 40
    arrays["model.layers.0.mlp.down_proj.weight"][9] = 0
    arrays["model.layers.1.mlp.down_proj.weight"][:] = 0
    arrays["model.layers.0.mlp.up_proj.weight"] = arrays["model.embed_tokens.weight"].copy()
    heavy = np.zeros((64, 64), np.float32)
    heavy[0, 0], heavy[1:, 1:] = 90, _random(63, 63)
    arrays["model.layers.1.mlp.up_proj.weight"] = heavy
    report = _report(tmp_path, arrays)
    kinds: dict[str, list[dict[str, Any]]] = {}
    for one in report["models"][0]["findings"]:
        kinds.setdefault(one["kind"], []).append(one)
        assert one["rule"]
    names = {kind: [one["tensors"] for one in found] for kind, found in kinds.items()}
    assert names["non-finite"] == [["model.layers.0.self_attn.q_proj.weight"]]
    assert names["zero tensor"] == [["model.layers.1.mlp.down_proj.weight"]]
    assert ["model.layers.0.mlp.down_proj.weight"] in names["zero rows"]
    assert names["duplicate"] == [
        ["model.embed_tokens.weight", "model.layers.0.mlp.up_proj.weight"]
    ]
    assert ["model.layers.1.mlp.up_proj.weight"] in names["heavy tail"]
    outliers = {one["tensors"][0]: one["text"] for one in kinds["outlier channel"]}
    assert "columns 7 (" in outliers["model.layers.1.self_attn.q_proj.weight"]


def test_totals_of_one_model(tmp_path: Path) -> None:
    (model,) = _report(tmp_path, BASE)["models"]
    values = np.concatenate([one.ravel() for one in BASE.values()]).astype(np.float64)
    known = {
        "count": values.size,
        "bytes": 4 * values.size,
        "bits_per_weight": 32,
        "mean": values.mean(),
        "std": values.std(),
        "max_abs": np.abs(values).max(),
        "mean_abs": np.abs(values).mean(),
    }
    assert {name: model["totals"][name] for name in known} == pytest.approx(known, rel=1e-6)
    assert {one["dtypes"][0] for one in model["types"]} == {"F32"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("report.pdf", "its suffix says what it is, one of .html, .md, .json, .csv, .parquet"),
        ("report", "its suffix says"),
        ("none/report.json", "is not a folder"),
        ("0.json", "is a file of the model"),
        ("kept.json", "exists; name another file"),
    ],
)
def test_what_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    model = _write(tmp_path / "0.json", BASE)
    (tmp_path / "kept.json").write_text("{}")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert _run(model, "--format", "safetensors", "--report", str(tmp_path / name)) == 2
    assert said in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("suffix", ["html", "md", "json", "csv", "parquet"])
def test_a_report_replaces_a_report(tmp_path: Path, suffix: str) -> None:
    model = _write(tmp_path / "0.safetensors", BASE)
    out = tmp_path / f"report.{suffix}"
    for _ in range(2):
        assert _run(model, "--report", str(out)) == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == ["0.safetensors", out.name]


def test_parquet_names_the_extra(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    model = _write(tmp_path / "0.safetensors", BASE)
    assert _run(model, "--report", str(tmp_path / "r.parquet")) == 2
    assert "modelweightvis[tables]" in capsys.readouterr().err


def test_bytes_have_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = _write(tmp_path / "0.safetensors", BASE)
    out = str(tmp_path / "r.json")
    assert _run(model, "--layout", "hilbert", "--report", out) == 2
    assert "leave --layout hilbert, or --report, out" in capsys.readouterr().err
    assert not Path(out).exists()

"""Lists, figures, profiles and findings over HTTP, against numpy and against a bundle."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from arbvis_core import api
from arbvis_core.server import measuring
from arbvis_core.server.listing import Listing, fit
from arbvis_core.sinks.memory import MemorySink
from arbvis_core.values import Plan


def planned(*inputs: Path, diff: bool = False) -> Plan:
    from modelweightvis.profile import MODELWEIGHTVIS

    return api.plan(api.Request(tuple(map(str, inputs)), profile=MODELWEIGHTVIS, diff=diff))


def address_of(running: Any) -> str:
    return f"/api/scenes/{running.get('/manifest.json').json['scenes'][0]['key']}"


def measured(running: Any, address: str) -> dict[str, Any]:
    """Ask for findings until everything was measured, as the page does."""
    for _ in range(600):
        running.get("/api/progress?since=0")
        found: dict[str, Any] = running.get(f"{address}/findings").json
        if found["complete"]:
            return found
        time.sleep(0.05)
    raise AssertionError("it is never measured")


def as_matrix(values: Any) -> Any:
    array = np.asarray(values, np.float64)
    return array.reshape(-1, array.shape[-1] if array.ndim else 1)


def rms(values: Any) -> float:
    finite = values[np.isfinite(values)].astype(np.float64)
    return float(np.sqrt(np.square(finite).mean()))


def test_lists_are_filtered_and_cut(shown_model: Any, tensors: dict[str, Any]) -> None:
    address = address_of(shown_model)
    everything = shown_model.get(f"{address}/tensors").json
    assert {one["name"] for one in everything["tensors"]} == tensors.keys()
    for one in everything["tensors"]:
        array = np.asarray(tensors[one["name"]])
        assert one["shape"] == list(array.shape)
        assert (one["elements"], one["bytes"]) == (array.size, array.nbytes)
    found = shown_model.get(f"{address}/tensors?filter=UP_proj+mlp&sort=layer&order=desc").json
    names = [f"model.layers.{layer}.mlp.up_proj.weight" for layer in (1, 0)]
    assert [one["name"] for one in found["tensors"]] == names
    by_size = sorted(tensors, key=lambda name: np.asarray(tensors[name]).size, reverse=True)
    for offset in range(0, 6, 2):
        query = f"sort=elements&order=desc&limit=2&offset={offset}"
        page = shown_model.get(f"{address}/tensors?{query}").json
        sizes = [np.asarray(tensors[name]).size for name in by_size[offset : offset + 2]]
        assert [one["elements"] for one in page["tensors"]] == sizes
        assert (page["total"], page["offset"]) == (len(tensors), offset)


def test_figures_are_those_of_a_bundle(serve: Any, model: Path, tensors: dict[str, Any]) -> None:
    plan, sink = planned(model), MemorySink()
    api.render(plan, sink, jobs=1, executor="serial")
    drawn = json.loads(sink.blobs[f"data/{plan.scenes[0].key}/stats.json"])["placements"]
    with serve(lambda: plan) as running:
        address = address_of(running)
        for name in tensors:
            found = running.get(f"{address}/stats?tensor={name}").json
            assert found["stats"] == drawn[name]["stats"]
            assert found["histogram"] == drawn[name]["histogram"]
        measured(running, address)
        listed = running.get(f"{address}/tensors?sort=rms&order=desc").json
        assert listed["complete"]
        assert {one["name"]: one["stats"] for one in listed["tensors"]} == {
            name: one["stats"] for name, one in drawn.items()
        }
        order = sorted(tensors, key=lambda name: -rms(np.asarray(tensors[name])))
        assert [one["name"] for one in listed["tensors"]] == order


@pytest.mark.parametrize("diff", [False, True])
def test_what_is_no_figure_cannot_be_sorted_by(serve: Any, model: Path, diff: bool) -> None:
    inputs, own = ((model, model), "sqnr_db") if diff else ((model,), "kurtosis")
    with serve(lambda: planned(*inputs, diff=diff)) as running:
        address = address_of(running)
        known = ["name", "role", "layer", "expert", "dtype", "elements", "bytes", "bits_per_weight"]
        for _ in range(2):  # before anything was measured, and after all was
            for key in (own, "rms", "std", "layer"):
                assert running.get(f"{address}/tensors?sort={key}").status == 200
            refused = running.get(f"{address}/tensors?sort=kurtosys")
            assert refused.status == 400
            said = refused.json["error"]["message"]
            assert said.startswith(f"sort is one of {', '.join(known)}, ")
            assert f", {own}, " in said
            assert said.endswith(", not 'kurtosys'")
            measured(running, address)


def test_of_bytes_no_figure_is_known_to_be_refused(serve: Any, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    with serve(lambda: api.plan(api.Request((str(tmp_path / "a"),)))) as running:
        assert running.get(f"{address_of(running)}/tensors?sort=mean").status == 200


def test_figures_of_a_rectangle(shown_model: Any) -> None:
    address = address_of(shown_model)
    canvas = shown_model.get("/manifest.json").json["scenes"][0]["canvas"]
    query = f"x=3&y=2&width={canvas['width'] // 2}&height={min(60, canvas['height'] - 2)}"
    rows = shown_model.get(f"{address}/window?{query}").json["values"]
    values = np.array([float(one) for row in rows for one in row if one is not None])
    found = shown_model.get(f"{address}/stats?{query}").json
    finite = values[np.isfinite(values)]
    assert found["stats"]["count"] == values.size
    assert found["stats"]["non_finite"] == values.size - finite.size
    assert found["stats"]["mean"] == pytest.approx(finite.mean(), rel=1e-6)
    assert found["stats"]["max"] == finite.max()
    counted = sum(found["histogram"]["positive"]) + sum(found["histogram"]["negative"])
    assert counted == np.count_nonzero(finite)


@pytest.mark.parametrize("axis", ["rows", "columns"])
def test_profiles_are_exact(shown_model: Any, tensors: dict[str, Any], axis: str) -> None:
    address, over = address_of(shown_model), 1 if axis == "rows" else 0
    for name, values in tensors.items():
        matrix = as_matrix(values)
        found = shown_model.get(f"{address}/profile?tensor={name}&axis={axis}").json
        assert (found["axis"], found["count"]) == (axis, matrix.shape[1 - over])
        finite = np.where(np.isfinite(matrix), matrix, 0)
        there = np.isfinite(matrix).sum(axis=over)
        own = np.sqrt(np.square(finite).sum(axis=over) / there)
        size = found["bin"]
        assert size == -(-own.size // 4096)
        assert found["non_finite"] == (~np.isfinite(matrix)).sum()
        for at, entry in enumerate(range(0, own.size, size)):
            part = own[entry : entry + size]
            assert found["largest_rms"][at] == pytest.approx(part.max())
            assert found["largest"][at] == entry + int(part.argmax())
        peaks = np.maximum.reduceat(np.abs(finite).max(axis=over), range(0, own.size, size))
        assert found["max_abs"] == pytest.approx(peaks)
        if size == 1:
            assert found["rms"] == pytest.approx(own)


def test_a_profile_in_bands_and_bins_loses_no_spike(
    shown_model: Any, tensors: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "BINS", 7)
    monkeypatch.setattr(measuring, "BAND", 1000)
    address, name = address_of(shown_model), "bank"
    matrix = as_matrix(tensors[name])
    found = shown_model.get(f"{address}/profile?tensor={name}&axis=rows&v=1").json
    assert len(found["rms"]) <= 7
    starts = range(0, len(matrix), found["bin"])
    pooled = [np.sqrt(np.square(matrix[at : at + found["bin"]]).mean()) for at in starts]
    assert found["rms"] == pytest.approx(pooled)
    assert max(found["largest_rms"]) == pytest.approx(np.sqrt(np.square(matrix).mean(1)).max())
    assert max(found["max_abs"]) == pytest.approx(np.abs(matrix).max())


def test_what_stands_out_is_found_and_placed(serve: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    base = "model.layers.{}.mlp.{}_proj.weight"
    outlying = random.standard_normal((600, 700)).astype(np.float32)
    outlying[123] *= 50
    broken = random.standard_normal((600, 700)).astype(np.float32)
    broken[1, 1] = np.nan
    stored = {
        base.format(0, "up"): outlying,
        base.format(0, "gate"): broken,
        base.format(1, "up"): np.zeros((600, 700), np.float32),
        base.format(1, "gate"): random.standard_normal((600, 700)).astype(np.float32),
    }
    stored[base.format(2, "gate")] = stored[base.format(1, "gate")].copy()
    for layer in range(3):
        stored[base.format(layer, "down")] = random.standard_normal((700, 600)).astype(np.float32)
    stored[base.format(1, "down")][321, 45] = -60
    path = tmp_path / "model.safetensors"
    save_file(stored, path)
    plan = planned(path)
    with serve(lambda: plan) as running:
        address = address_of(running)
        found = measured(running, address)
        by_kind = {one["kind"]: one for one in found["findings"]}
        assert by_kind["non-finite"]["tensor"] == base.format(0, "gate")
        assert by_kind["non-finite"]["severity"] == "error"
        assert by_kind["zero tensor"]["tensor"] == base.format(1, "up")
        assert set(by_kind["duplicate"]["tensors"]) == {
            base.format(layer, "gate") for layer in (1, 2)
        }
        spike = by_kind["outlier channel"]
        assert spike["channels"][0]["index"] == 123
        shown = running.get(f"{address}/value?x={spike['x']}&y={spike['y']}").json
        assert (shown["tensor"], shown["index"]) == (base.format(0, "up"), [123, 0])
        assert spike["rule"]
        weight = by_kind["super-weight candidate"]
        assert (weight["width"], weight["height"], weight["severity"]) == (1, 1, "note")
        shown = running.get(f"{address}/value?x={weight['x']}&y={weight['y']}").json
        assert (shown["tensor"], shown["index"]) == (base.format(1, "down"), [321, 45])
        assert shown["value"] == -60


class _Overtaking:
    """Figures of which the background measures the rest while somebody asks for some."""

    def __init__(self) -> None:
        self.done, self.of = 3, 15

    @property
    def complete(self) -> bool:
        return self.done == self.of

    def summary(self) -> dict[str, Any]:
        self.done = self.of
        return {"placements": {}}

    def whole(self) -> tuple[()]:
        return ()


def test_what_is_done_is_what_was_done_when_it_was_asked(plan: Plan) -> None:
    """A page that is told that all is done asks no more."""
    figures = _Overtaking()
    item = SimpleNamespace(findings=lambda *_, **__: ())
    registry = SimpleNamespace(
        renderer_entry=lambda _: SimpleNamespace(item=item, plugin="a plugin")
    )
    scene: Any = SimpleNamespace(plan=plan.scenes[0], figures=figures, registry=registry)
    found = measuring.findings(scene)
    assert (found["complete"], found["done"], found["of"]) == (False, 3, 15)
    figures.done = 3
    listing = Listing(scene)
    assert listing.page("", None, descending=False, offset=0, limit=1)["complete"] is False


def test_figures_of_a_difference(
    serve: Any, tmp_path: Path, tensors: dict[str, Any], model: Path
) -> None:
    other = tmp_path / "other.safetensors"
    save_file({**tensors, "tall": tensors["tall"] + np.float32(0.5)}, other)
    plan = planned(model, other, diff=True)
    with serve(lambda: plan) as running:
        address = address_of(running)
        found = running.get(f"{address}/stats?tensor=tall").json["stats"]
        assert found["changed"] == 1
        assert found["rms"] == pytest.approx(0.5, rel=1e-4)
        place = running.get(f"{address}/tensors?filter=tall").json["tensors"][0]
        query = f"x={place['x']}&y={place['y']}&width={place['width']}&height={place['height']}"
        part = running.get(f"{address}/stats?{query}").json
        assert part["stats"]["rms"] == pytest.approx(0.5, rel=1e-4)
        profile = running.get(f"{address}/profile?tensor=tall&axis=columns").json
        assert profile["rms"] == pytest.approx([0.5] * 3, rel=1e-4)
        base = running.get(f"{address}/profile?tensor=tall&axis=columns&side=base").json
        assert base["rms"] == pytest.approx(np.sqrt(np.square(tensors["tall"]).mean(0)), rel=1e-5)


def test_files_are_counted(running: Any, plan: Plan, big_file: Path) -> None:
    address = f"/api/scenes/{plan.scenes[0].key}"
    counts = np.bincount(np.frombuffer(big_file.read_bytes(), np.uint8), minlength=256)
    found = running.get(f"{address}/stats?tensor={big_file.name}").json
    assert found["histogram"] == counts.tolist()
    assert found["stats"]["entropy"] == pytest.approx(8)
    part = running.get(f"{address}/stats?x=0&y=0&width=512&height=512").json
    assert sum(part["histogram"]) == part["stats"]["bytes"] == 512 * 512
    assert running.get(f"{address}/profile?tensor={big_file.name}&axis=rows").status == 400
    assert running.get(f"{address}/findings").json["findings"] == []


def test_letters_find_names(shown_model: Any, tensors: dict[str, Any]) -> None:
    for text, name in (
        ("norm", "model.norm.weight"),
        ("l1up", "model.layers.1.mlp.up_proj.weight"),
        ("q_proj", "model.layers.0.self_attn.q_proj.weight"),
        ("scalar", "scalar"),
        ("layers.0+up", "model.layers.0.mlp.up_proj.weight"),
    ):
        found = shown_model.get(f"/api/search?q={text}").json["results"]
        assert found[0]["name"] == name
        assert found[0]["kind"] == "tensor"
        scores = [one["score"] for one in found]
        assert scores == sorted(scores, reverse=True)
        assert {one["name"] for one in found} <= tensors.keys()
    assert shown_model.get("/api/search?q=zzzz").json["results"] == []


@pytest.mark.parametrize(
    ("better", "worse"),
    [("norm.weight", "a.norm.weight"), ("x.norm", "x.abnorm"), ("n.o.r.m", "n..o..r..m")],
)
def test_nearer_names_come_first(better: str, worse: str) -> None:
    scores = fit("norm", better), fit("norm", worse)
    assert None not in scores
    assert scores[0] > scores[1]  # type: ignore[operator]
    assert fit("norm", "morn") is None


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("tensors?order=up", 400),
        ("tensors?limit=2000", 400),
        ("tensors?offset=-1", 400),
        ("stats", 400),
        ("stats?tensor=nothing", 404),
        ("stats?x=0&y=0&width=5", 400),
        ("profile?tensor=tall", 400),
        ("profile?tensor=tall&axis=depth", 400),
        ("profile?tensor=tall&axis=rows&side=base", 400),
        ("findings?a=1", 400),
    ],
)
def test_what_cannot_be_answered_is_said(shown_model: Any, query: str, status: int) -> None:
    answer = shown_model.get(f"{address_of(shown_model)}/{query}")
    assert answer.status == status, answer.body
    assert answer.json["error"]["message"]

"""Single values of tensors over HTTP, against numpy and gguf."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from safetensors.numpy import save_file

from arbvis_core import api

ROOT = Path(__file__).parents[3]
QUANTISED = ROOT / "examples/models/llama-code-gguf/llama-code-Q4_K_M.gguf"


def planned(*inputs: Path, diff: bool = False) -> Any:
    from modelweightvis.profile import MODELWEIGHTVIS

    return api.plan(api.Request(tuple(map(str, inputs)), profile=MODELWEIGHTVIS, diff=diff))


def scene_of(running: Any) -> dict[str, Any]:
    found: dict[str, Any] = running.get("/manifest.json").json["scenes"][0]
    return found


def some_pixels(scene: dict[str, Any]) -> list[tuple[int, int]]:
    """Return pixels all over a canvas, some of every placement."""
    random = np.random.default_rng(1)
    found = []
    for one in scene["placements"]:
        for _ in range(6):
            x = one["x"] + int(random.integers(0, one["width"]))
            found.append((x, one["y"] + int(random.integers(0, one["height"]))))
    return found


def test_a_pixel_tells_its_element(shown_model: Any, tensors: dict[str, Any], model: Path) -> None:
    scene, stored = scene_of(shown_model), model.read_bytes()
    told = set()
    for x, y in some_pixels(scene):
        found = shown_model.get(f"/api/scenes/{scene['key']}/value?x={x}&y={y}").json
        if found["tensor"] is None:
            continue
        expected = np.asarray(tensors[found["tensor"]])[tuple(found["index"])]
        told.add(found["tensor"])
        assert found["ggml_index"] == found["index"][::-1]
        assert found["file"] == model.name
        raw = bytes.fromhex(found["raw"])
        assert raw == expected.tobytes()
        assert stored[found["offset"] : found["offset"] + len(raw)] == raw
        if np.isfinite(expected):
            assert found["value"] == float(expected)
    assert told == tensors.keys()


def test_what_is_not_finite_has_a_word(shown_model: Any, tensors: dict[str, Any]) -> None:
    scene = scene_of(shown_model)
    name = "model.layers.0.mlp.up_proj.weight"
    (place,) = [one for one in scene["placements"] if one["name"] == name]
    for column, word in ((5, "nan"), (6, "inf"), (7, "-inf")):
        at = f"x={place['x'] + column}&y={place['y'] + 3}"
        found = shown_model.get(f"/api/scenes/{scene['key']}/value?{at}").json
        assert (found["index"], found["value"], found["special"]) == ([3, column], None, word)
    address = f"/api/scenes/{scene['key']}/window?tensor={name}&rows=3:4&columns=4:8"
    value = float(tensors[name][3, 4])
    assert shown_model.get(address).json["values"] == [[value, "nan", "inf", "-inf"]]


def test_a_rectangle_is_what_its_pixels_are(shown_model: Any) -> None:
    scene = scene_of(shown_model)
    canvas, address = scene["canvas"], f"/api/scenes/{scene['key']}"
    box = {"x": canvas["width"] // 3, "y": canvas["height"] // 4, "width": 90, "height": 70}
    query = "&".join(f"{name}={value}" for name, value in box.items())
    found = shown_model.get(f"{address}/window?{query}").json
    assert {name: found[name] for name in box} == box
    array = np.load(io.BytesIO(shown_model.get(f"{address}/window?{query}&format=npy").body))
    assert (array.shape, array.dtype) == ((70, 90), np.float32)
    random = np.random.default_rng(2)
    seen = set()
    for x, y in zip(random.integers(0, 90, 40), random.integers(0, 70, 40), strict=True):
        at = f"x={box['x'] + int(x)}&y={box['y'] + int(y)}"
        one = shown_model.get(f"{address}/value?{at}").json
        expected = None if one["tensor"] is None else one.get("special", one["value"])
        assert found["values"][y][x] == expected
        if isinstance(expected, float):
            assert array[y, x] == expected
        seen.add(one["tensor"])
    assert len(seen) > 1


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("tall", (8990, 9000), (0, 3)),
        ("bank", (17, 64), (3, 30)),
        ("model.norm.weight", (0, 1), (100, 130)),
        ("scalar", (0, 1), (0, 1)),
        ("model.layers.0.self_attn.q_proj.weight", (90, 96), (0, 64)),
    ],
)
def test_a_window_of_a_tensor(
    shown_model: Any, tensors: dict[str, Any], name: str, rows: Any, columns: Any
) -> None:
    scene = scene_of(shown_model)
    query = f"tensor={quote(name)}&rows={rows[0]}:{rows[1]}&columns={columns[0]}:{columns[1]}"
    answer = shown_model.get(f"/api/scenes/{scene['key']}/window?{query}&format=npy")
    whole = np.asarray(tensors[name], np.float32)
    matrix = whole.reshape(-1, whole.shape[-1] if whole.ndim else 1)
    expected = matrix[slice(*rows), slice(*columns)]
    assert np.array_equal(np.load(io.BytesIO(answer.body)), expected)


def test_blocks_of_quantised_types_are_told(serve: Any) -> None:
    gguf = pytest.importorskip("gguf")
    if not QUANTISED.is_file():
        pytest.skip("only where the examples are")
    plan = planned(QUANTISED)
    stored = {one.name: one for one in gguf.GGUFReader(QUANTISED).tensors}
    kinds = set()
    with serve(lambda: plan) as running:
        scene = scene_of(running)
        for one in scene["placements"]:
            x, y = one["x"] + one["width"] // 3, one["y"] + one["height"] // 2
            found = running.get(f"/api/scenes/{scene['key']}/value?x={x}&y={y}").json
            tensor = stored[found["tensor"]]
            kinds.add(tensor.tensor_type.name)
            data = QUANTISED.read_bytes()[found["offset"] :]
            assert bytes.fromhex(found["raw"]) == data[: len(found["raw"]) // 2]
            if "attn_q" in one["name"] or "attn_k" in one["name"]:
                continue  # their rows are put back into the order that they had before llama.cpp
            values = gguf.dequantize(tensor.data, tensor.tensor_type)
            assert found["value"] == float(values[tuple(found["index"])])
            if "block" in found:
                block = found["block"]
                made = block["scale"] * block["code"] + block["min"]
                assert found["value"] == pytest.approx(made, rel=1e-5, abs=1e-6)
    assert {"Q4_K", "Q6_K"} <= kinds


def test_a_difference_has_both_sides(
    serve: Any, tmp_path: Path, tensors: dict[str, Any], model: Path
) -> None:
    changed = {
        **tensors,
        "scalar": np.array(3.0, np.float32),
        "tall": tensors["tall"] + np.float32(0.5),
    }
    del changed["bank"]
    other = tmp_path / "other.safetensors"
    save_file(changed, other)
    plan = planned(model, other, diff=True)
    with serve(lambda: plan) as running:
        scene = scene_of(running)
        address = f"/api/scenes/{scene['key']}"
        places = {one["name"]: one for one in scene["placements"]}
        for name in ("tall", "scalar", "bank"):
            at = f"x={places[name]['x']}&y={places[name]['y']}"
            found = running.get(f"{address}/value?{at}").json
            base = float(tensors[name].flat[0])
            assert (found["tensor"], found["base"]) == (name, base)
            if name == "bank":
                assert (found["modified"], found["delta"]) == (None, None)
                continue
            modified = float(np.asarray(changed[name]).flat[0])
            assert (found["modified"], found["value"]) == (modified, found["delta"])
            assert found["delta"] == modified - base
            assert found["sides"]["modified"]["file"] == other.name
        query = "window?tensor=tall&rows=0:50&format=npy"
        for side, expected in (
            ("base", tensors["tall"][:50]),
            ("modified", changed["tall"][:50]),
            ("delta", changed["tall"][:50] - tensors["tall"][:50]),
        ):
            body = running.get(f"{address}/{query}&side={side}").body
            assert np.array_equal(np.load(io.BytesIO(body)), expected)
        assert running.get(f"{address}/{query}&side=left").status == 400


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("value", 400),
        ("value?x=1", 400),
        ("value?x=-1&y=0", 400),
        ("value?x=0&y=99999999", 400),
        ("value?x=0&y=0&z=0", 400),
        ("window?x=0&y=0&width=300&height=300", 413),
        ("window?x=0&y=0&width=0&height=3", 400),
        ("window?x=0&y=0&width=2&height=3&side=base", 400),
        ("window?x=0&y=0&width=2&height=3&format=csv", 400),
        ("window?tensor=nothing", 404),
        ("window?tensor=tall", 200),
        ("window?tensor=bank&rows=0:400", 400),
        ("window?tensor=bank&rows=5:5", 400),
        ("window?tensor=bank&rows=b", 400),
        ("bytes?x=0&y=0&length=5000", 400),
        ("bytes/selection?start=0&stop=5", 400),
    ],
)
def test_what_cannot_be_answered_is_said(shown_model: Any, query: str, status: int) -> None:
    answer = shown_model.get(f"/api/scenes/{scene_of(shown_model)['key']}/{query}")
    assert answer.status == status, answer.body
    if status != 200:
        assert answer.json["error"]["message"]


def test_bytes_of_a_tensor_begin_at_a_line(shown_model: Any, model: Path) -> None:
    scene = scene_of(shown_model)
    address = f"/api/scenes/{scene['key']}"
    place = scene["placements"][0]
    at = f"x={place['x']}&y={place['y']}"
    value = shown_model.get(f"{address}/value?{at}").json
    found = shown_model.get(f"{address}/bytes?{at}&length=64").json
    assert found["offset"] == value["offset"] // 16 * 16
    start = found["offset"]
    assert bytes.fromhex(found["hex"]) == model.read_bytes()[start : start + 64]

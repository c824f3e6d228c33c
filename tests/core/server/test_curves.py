"""Single bytes over HTTP, against the files and the curve's own kernel."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arbvis_core import api
from arbvis_core.kernels.hilbert import point


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("files")
    random = np.random.default_rng(3)
    found = []
    for name, size in (("a.bin", 100_000), ("b.bin", 33), ("c.bin", 450_000)):
        found.append(folder / name)
        found[-1].write_bytes(random.integers(0, 256, size, dtype=np.uint8).tobytes())
    return found


@pytest.fixture(scope="module")
def shown(files: list[Path]) -> Any:
    return api.plan(api.Request(tuple(map(str, files))))


def picture(plan: Any, data: bytes) -> Any:
    """Return the byte at every pixel, -1 where there is none."""
    canvas = plan.scenes[0].canvas
    order = canvas.height.bit_length() - 1
    found = np.full((canvas.height, canvas.width), -1)
    for position, value in enumerate(data):
        x, y = point(position, order)
        found[y, x] = value
    return found


def test_pixels_tell_their_bytes(serve: Any, shown: Any, files: list[Path]) -> None:
    data = b"".join(path.read_bytes() for path in files)
    expected = picture(shown, data)
    height, width = expected.shape
    with serve(lambda: shown) as running:
        address = f"/api/scenes/{shown.scenes[0].key}"
        random = np.random.default_rng(4)
        for x, y in zip(random.integers(0, width, 30), random.integers(0, height, 30), strict=True):
            found = running.get(f"{address}/value?x={x}&y={y}").json
            if expected[y, x] < 0:
                assert found == {"tensor": None}
                continue
            assert found["value"] == expected[y, x]
            (path,) = [one for one in files if one.name == found["file"]]
            assert path.read_bytes()[found["offset"]] == found["value"]
            line = running.get(f"{address}/bytes?x={x}&y={y}").json
            assert line["offset"] == found["offset"] // 16 * 16
            assert bytes.fromhex(line["hex"]) == path.read_bytes()[line["offset"] :][:256]
        for x, y, wide, tall in ((0, 0, 256, 256), (300, 200, 64, 640), (width - 9, 5, 90, 40)):
            query = f"x={x}&y={y}&width={wide}&height={tall}"
            part = expected[y : y + tall, x : x + wide]
            rows = running.get(f"{address}/window?{query}").json["values"]
            assert [[-1 if one is None else one for one in row] for row in rows] == part.tolist()
            array = np.load(io.BytesIO(running.get(f"{address}/window?{query}&format=npy").body))
            assert np.array_equal(np.nan_to_num(array, nan=-1), part)


def test_a_selection_is_counted(serve: Any, shown: Any, files: list[Path]) -> None:
    data = b"".join(path.read_bytes() for path in files)
    with serve(lambda: shown) as running:
        address = f"/api/scenes/{shown.scenes[0].key}/bytes/selection"
        for start, stop in ((0, 500), (99_000, 101_000), (5, 1 << 40), (7, 7)):
            found = running.get(f"{address}?start={start}&stop={stop}").json
            counts = np.bincount(np.frombuffer(data[start:stop], np.uint8), minlength=256)
            assert found["histogram"] == counts.tolist()
            assert found["bytes"] == len(data[start:stop])
            shares = counts[counts > 0] / max(1, counts.sum())
            assert found["entropy"] == pytest.approx(-(shares * np.log2(shares)).sum())
            assert not found["sampled"]
        assert running.get(f"{address}?start=9&stop=3").status == 400


def test_long_selections_are_sampled(
    serve: Any, shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from arbvis_core.server import curves

    monkeypatch.setattr(curves, "WHOLE", 100_000)
    monkeypatch.setattr(curves, "RUN", 64)
    with serve(lambda: shown) as running:
        address = f"/api/scenes/{shown.scenes[0].key}/bytes/selection?start=0&stop=400000"
        found = running.get(address).json
        assert found["sampled"]
        assert found["bytes"] == 400_000
        assert found["counted"] == sum(found["histogram"]) == 1024 * 64
        assert found["entropy"] == pytest.approx(8, abs=0.05)


def test_differences_of_files_have_both_sides(
    serve: Any, files: list[Path], tmp_path: Path
) -> None:
    changed = bytearray(files[2].read_bytes()[:300_000])
    changed[1000:1100] = bytes(100)
    other = tmp_path / "other.bin"
    other.write_bytes(changed)
    plan = api.plan(api.Request((str(files[2]), str(other)), diff=True))
    scene = next(one for one in plan.scenes if one.renderer == "byte-differences")
    base, order = files[2].read_bytes(), scene.canvas.height.bit_length() - 1
    with serve(lambda: plan) as running:
        address = f"/api/scenes/{scene.key}"
        for position in (1000, 1050, 2000, 299_999, 300_000, 449_999):
            x, y = point(position, order)
            found = running.get(f"{address}/value?x={x}&y={y}").json
            modified = changed[position] if position < len(changed) else None
            assert (found["base"], found["modified"]) == (base[position], modified)
            delta = None if modified is None else modified - base[position]
            assert found["delta"] == found["value"] == delta
            for side, value in (("base", base[position]), ("modified", modified), ("delta", delta)):
                query = f"window?x={x}&y={y}&width=1&height=1&side={side}"
                assert running.get(f"{address}/{query}").json["values"] == [[value]]


def test_values_of_json_are_those_that_lie_beside_each_other(serve: Any, tmp_path: Path) -> None:
    left = b'{"name": "abc", "list": [1, 2, 3], "gone": null}'
    right = b'{"new": {"x": 1}, "name": "abXYZc", "list": [1, 7, 3]}'
    paths = tmp_path / "a.json", tmp_path / "b.json"
    for path, data in zip(paths, (left, right), strict=True):
        path.write_bytes(data)
    plan = api.plan(api.Request(tuple(map(str, paths)), diff=True))
    (scene,) = plan.scenes
    (placement,) = scene.placements
    order = scene.canvas.height.bit_length() - 1
    with serve(lambda: plan) as running:
        address = f"/api/scenes/{scene.key}"
        told = []
        for position in range(placement.start, placement.stop):
            x, y = point(position, order)
            told.append(running.get(f"{address}/value?x={x}&y={y}").json)
            for side in ("base", "modified", "delta"):
                query = f"window?x={x}&y={y}&width=1&height=1&side={side}"
                assert running.get(f"{address}/{query}").json["values"] == [[told[-1][side]]]
    assert bytes(one["base"] for one in told if one["base"] is not None) == left
    for name, data in (("base", left), ("modified", right)):
        known = [one["sides"][name] for one in told if "offset" in one["sides"][name]]
        assert known
        assert all(data[one["offset"]] == one["value"] for one in known)
    added = [one["modified"] for one in told if one["base"] is None]
    assert b'"new": {"x": 1}' in bytes(added)
    assert b"XYZ" in bytes(added)
    changed = [(one["base"], one["modified"]) for one in told if one["delta"]]
    assert changed == [(ord("2"), ord("7"))]


def test_a_selection_of_a_difference_is_counted_by_side(serve: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(9)
    sides = {"base": random.bytes(5000), "modified": random.bytes(3000)}
    for name, data in sides.items():
        (tmp_path / name).write_bytes(data)
    paths = tuple(str(tmp_path / name) for name in sides)
    plan = api.plan(api.Request(paths, diff=True))
    with serve(lambda: plan) as running:
        address = f"/api/scenes/{plan.scenes[0].key}/bytes/selection"
        for start, stop in ((0, 700), (2_500, 4_000), (3_500, 4_500)):
            for name, data in sides.items():
                found = running.get(f"{address}?start={start}&stop={stop}&side={name}").json
                counts = np.bincount(np.frombuffer(data[start:stop], np.uint8), minlength=256)
                assert found["histogram"] == counts.tolist()
                assert found["bytes"] == len(data[start:stop])
        for query in ("start=0&stop=9", "start=0&stop=9&side=delta"):
            refused = running.get(f"{address}?{query}")
            assert refused.status == 400
            assert "base or modified" in refused.json["error"]["message"]


def test_a_question_about_nothing_is_told_what_it_may_be_about(serve: Any, shown: Any) -> None:
    with serve(lambda: shown) as running:
        for path in ("window", "stats"):
            refused = running.get(f"/api/scenes/{shown.scenes[0].key}/{path}")
            assert refused.status == 400
            assert "tensor=…, or a rectangle" in refused.json["error"]["message"]

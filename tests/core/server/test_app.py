"""The addresses of a live view, asked over a real socket."""

from __future__ import annotations

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from arbvis_core import api
from arbvis_core.errors import FormatError
from arbvis_core.server import app
from arbvis_core.sinks.memory import MemorySink
from arbvis_core.values import Plan

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "examples/models/llama-code"


def model_plan() -> Plan:
    from modelweightvis.profile import MODELWEIGHTVIS

    return api.plan(api.Request((str(MODEL),), profile=MODELWEIGHTVIS))


def bundle(plan: Plan) -> dict[str, bytes]:
    sink = MemorySink()
    api.render(plan, sink, jobs=1, executor="serial")
    return sink.blobs


@pytest.mark.parametrize("model", [False, True])
def test_every_tile_is_byte_for_byte_that_of_the_bundle(
    plan: Plan, serve: Any, *, model: bool
) -> None:
    if model and not MODEL.is_dir():
        pytest.skip("only where the examples are")
    shown = model_plan() if model else plan
    tiles = {path: data for path, data in bundle(shown).items() if path.startswith("tiles/")}
    assert len(tiles) > 10
    with serve(lambda: shown) as running, ThreadPoolExecutor(8) as clients:
        answers = clients.map(lambda path: running.get(f"/{path}"), tiles)
        for (path, data), answer in zip(tiles.items(), answers, strict=True):
            assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
            assert answer.body == data, path


def test_the_manifest_is_that_of_a_bundle_before_anything_is_measured(
    running: Any, plan: Plan
) -> None:
    answer = running.get("/manifest.json")
    assert answer.headers["content-type"] == "application/json"
    schema = json.loads((ROOT / "docs/reference/manifest.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(answer.json)
    drawn, live = json.loads(bundle(plan)["manifest.json"]), answer.json
    for facts in (*drawn["scenes"], *live["scenes"]):
        facts["legend"] = [
            {**one, "entries": [{**entry, "share": None} for entry in one["entries"]]}
            for one in facts["legend"]
        ]
        for level in facts["canvas"]["levels"]:  # of a live view some tiles may be empty
            assert level.pop("present")
    assert live == drawn


def test_the_page_loads_nothing_that_the_server_does_not_have(running: Any) -> None:
    page = running.get("/")
    assert page.headers["content-type"].startswith("text/html")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.body.decode())
    assert len(loaded) == 4
    for address in loaded:
        if not address.startswith("data:"):
            assert running.get(f"/{address}").status == 200
    assert b"live:{" in running.get("/manifest.js").body


def test_the_page_is_there_before_the_picture(
    plan: Plan, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "HELD", 0.0)
    go = threading.Event()

    def slowly() -> Plan:
        assert go.wait(30)
        return plan

    with serve(slowly, prepare=False) as running:
        thread = threading.Thread(target=running.server.live.prepare)
        thread.start()
        assert running.get("/").status == 200
        waiting = running.get("/manifest.json")
        assert (waiting.status, waiting.kind) == (503, "preparing")
        assert int(waiting.headers["retry-after"]) >= 1
        go.set()
        thread.join()
        assert running.get("/manifest.json").status == 200


def test_the_manifest_comes_as_soon_as_it_is_there(
    plan: Plan, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "HELD", 30.0)
    asked = threading.Event()

    def slowly() -> Plan:
        assert asked.wait(30)
        return plan

    with serve(slowly, prepare=False) as running, ThreadPoolExecutor(2) as threads:
        live = running.server.live
        wait = live.wait

        async def told(seconds: float) -> None:
            asked.set()
            await wait(seconds)

        monkeypatch.setattr(live, "wait", told)
        threads.submit(live.prepare)
        assert running.get("/manifest.json").status == 200


def test_nobody_waits_for_the_manifest_of_a_server_that_ends(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "HELD", 30.0)
    with serve(lambda: None, prepare=False) as running, ThreadPoolExecutor(1) as threads:
        answer = threads.submit(running.get, "/manifest.json")
        for _ in range(1000):
            running.server.live.stop()
            if answer.done():
                break
            time.sleep(0.01)
        assert answer.result(0).kind == "preparing"


def test_why_there_is_no_picture_is_told(serve: Any) -> None:
    def refuse() -> Plan:
        raise FormatError("model.gguf: byte 8: too many tensors")

    with serve(refuse) as running:
        answer = running.get("/manifest.json")
        assert (answer.status, answer.kind) == (422, "format")
        assert answer.json["error"]["message"] == "model.gguf: byte 8: too many tensors"
        assert running.server.live.told.is_set()


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/tiles/{scene}/9/0/0.png", 404, "not-found"),
        ("/tiles/{scene}/0/1/0.png", 404, "not-found"),
        ("/tiles/{scene}/2/0/999999999999999999.png", 404, "not-found"),
        ("/tiles/{scene}/-1/0/0.png", 404, "not-found"),
        ("/tiles/elsewhere/0/0/0.png", 404, "not-found"),
        ("/tiles/..%2f..%2fetc/0/0/0.png", 404, "not-found"),
        ("/tiles/{scene}/0/0/0.png?colormap=red", 400, "bad-request"),
        ("/tiles/{scene}/0/0/0.png?surprise=1", 400, "bad-request"),
        ("/tiles/{scene}/0/0/0.png?gain=nan", 400, "bad-request"),
        ("/tiles/{scene}/0/0/0.png?clip=1e999", 400, "bad-request"),
        ("/viewer/../../../../etc/passwd", 404, "not-found"),
        ("/viewer/%2e%2e%2fbundle.py", 404, "not-found"),
        ("/viewer/index.html", 404, "not-found"),
        ("/data/elsewhere/stats.js", 404, "not-found"),
        ("//etc/passwd", 404, "not-found"),
    ],
)
def test_what_is_not_there_is_not_served(
    running: Any, plan: Plan, path: str, status: int, kind: str
) -> None:
    answer = running.get(path.format(scene=plan.scenes[0].key))
    assert (answer.status, answer.kind) == (status, kind)
    assert answer.json["error"]["message"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_changed(running: Any, method: str) -> None:
    answer = running.get("/manifest.json", method)
    assert (answer.status, answer.kind) == (405, "bad-method")


def test_a_defect_is_told_without_its_insides(
    running: Any, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    from arbvis_core.server.scenes import LiveScene

    def broken(*_: object) -> bytes:
        raise KeyError("/mnt/secret")

    monkeypatch.setattr(LiveScene, "draw", broken)
    monkeypatch.setattr(LiveScene, "known", lambda *_: None)
    answer = running.get(f"/tiles/{plan.scenes[0].key}/0/0/0.png")
    assert (answer.status, answer.kind) == (500, "defect")
    assert b"secret" not in answer.body

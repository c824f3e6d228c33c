"""The description of what may be asked, against the routes and against what is answered."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import jsonschema
import pytest
from starlette.routing import Route

from arbvis_core.server.app import Service
from arbvis_core.server.guard import Access
from arbvis_core.server.jobs import Jobs, Pools
from arbvis_core.server.live import Live
from arbvis_core.values import Plan


@pytest.fixture(scope="module")
def document(running: Any) -> Any:
    answer = running.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    return answer.json


def routes() -> list[Route]:
    pools = Pools(Jobs(1), Jobs(1), Jobs(1))
    guarded: Any = Service(Live("", None, None), pools, Access(1)).app()  # type: ignore[arg-type]
    pools.close()
    return [one for one in guarded._app.routes if isinstance(one, Route)]


def test_every_route_is_described(document: Any) -> None:
    paths = {re.sub(r"{(\w+):\w+}", r"{\1}", one.path) for one in routes()}
    assert paths == document["paths"].keys()
    for path, methods in document["paths"].items():
        told = methods["get"]["parameters"]
        blanks = {one["name"] for one in told if one["in"] == "path"}
        assert blanks == set(re.findall(r"{(\w+)}", path))
        for one in told:
            jsonschema.Draft202012Validator.check_schema(one["schema"])
            assert one["description"]
    names = [one["get"]["operationId"] for one in document["paths"].values()]
    assert len(set(names)) == len(names)


def test_what_is_described_is_known_and_nothing_else_is(
    running: Any, plan: Plan, document: Any
) -> None:
    blanks = {"scene": plan.scenes[0].key, "name": "viewer.js", "zoom": "0", "x": "0", "y": "0"}
    for path, methods in document["paths"].items():
        if path == "/":
            continue
        address = path.format(**blanks)
        asked = [one for one in methods["get"]["parameters"] if one["in"] == "query"]
        refused = running.get(f"{address}?surprise=1")
        assert refused.status == 400
        assert "surprise" in refused.json["error"]["message"]
        for one in asked:
            answer = running.get(f"{address}?{one['name']}=!")
            if answer.status == 400:
                assert f"'{one['name']}'" not in answer.json["error"]["message"]


def test_what_has_to_be_given_is_asked_for(running: Any, plan: Plan, document: Any) -> None:
    for path, methods in document["paths"].items():
        needed = [one["name"] for one in methods["get"]["parameters"] if one["required"]]
        needed = [name for name in needed if f"{{{name}}}" not in path]
        if needed:
            answer = running.get(path.replace("{scene}", plan.scenes[0].key))
            assert answer.status == 400
            assert answer.json["error"]["message"].startswith(f"say {needed[0]}=")


def test_errors_are_as_described(running: Any, document: Any) -> None:
    schema = document["components"]["schemas"]["Error"]
    for path in ("/nowhere", "/api/search", "/tiles/a/0/0/0.png", "/api/scenes/a/value?x=1&y=2"):
        jsonschema.validate(running.get(path).json, schema)


def test_the_page_loads_nothing_from_elsewhere(running: Any, document: Any) -> None:
    answer = running.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    loaded, text = [], answer.body.decode()

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in {"script", "style", "iframe", "img"}
            assert not {name for name, _ in attrs} & {"style", "onclick", "onload"}
            loaded.extend(value for name, value in attrs if name in {"href", "src"})

    Links().feed(text)
    assert sorted(map(str, loaded)) == ["data:,", "docs.css", "openapi.json"]
    assert running.get("/docs.css").headers["content-type"].startswith("text/css")
    for path, methods in document["paths"].items():
        assert f"<code>{path}</code>" in text
        for one in methods["get"]["parameters"]:
            assert one["in"] == "path" or f"<code>{one['name']}</code>" in text

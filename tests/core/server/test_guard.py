"""Only the page that the server handed out may ask, and whoever has the token."""

from __future__ import annotations

from typing import Any

import pytest

from arbvis_core.values import Plan


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "[::1]:1"]
)
def test_a_host_that_is_not_ours_is_refused(running: Any, host: str) -> None:
    answer = running.get("/manifest.json", Host=host.format(port=running.port))
    assert (answer.status, answer.kind) == (403, "forbidden")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_names_of_this_machine_are_ours(running: Any, host: str) -> None:
    assert running.get("/manifest.json", Host=f"{host}:{running.port}").status == 200


def test_pages_from_elsewhere_are_refused(running: Any) -> None:
    assert running.get("/manifest.json", Origin="https://evil.example").status == 403
    assert running.get("/manifest.json", Origin="null").status == 403
    assert running.get("/manifest.json", Origin=f"http://localhost:{running.port}").status == 403
    assert running.get("/manifest.json", Origin=f"http://127.0.0.1:{running.port}").status == 200


def test_what_browsers_say_of_a_request_has_to_agree(running: Any) -> None:
    tile = "/tiles/files/0/0/0.png"
    tile = f"/tiles/{running.server.live.picture.plan.scenes[0].key}/0/0/0.png"
    assert running.get(tile, Sec_Fetch_Site="same-origin").status == 200
    assert running.get(tile, Sec_Fetch_Site="cross-site").status == 403
    assert running.get(tile, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 403
    assert running.get("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 200


def test_requests_are_small(running: Any) -> None:
    assert running.get("/?v=" + 5000 * "1").status == 413
    assert running.get("/", body=b"x").status == 413
    assert running.get("/tiles/a/" + 4000 * "9" + "/0/0.png").status in {404, 413}


@pytest.mark.parametrize("path", ["/", "/nowhere", "/manifest.json", "/tiles/a/0/0/0.png"])
def test_every_answer_carries_the_policy(running: Any, path: str) -> None:
    for extra in ({}, {"Host": "evil.example"}):
        headers = running.get(path, **extra).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


def test_from_elsewhere_a_token_is_needed(serve: Any, plan: Plan) -> None:
    with serve(lambda: plan, host="0.0.0.0") as running:  # noqa: S104  that is what is tested
        token = running.server.access.token
        assert len(token) >= 20
        assert running.server.url.endswith(f"/?token={token}")
        for path in ("/", "/manifest.json", "/viewer/viewer.js", "/?token=wrong", "/?token=é"):
            assert running.get(path.replace("é", "%C3%A9")).status == 403
        assert running.get(f"/manifest.json?token={token}").status == 200
        assert running.get("/manifest.json", Authorization=f"Bearer {token}").status == 200


def test_the_page_keeps_the_token_in_a_cookie_not_in_its_address(serve: Any, plan: Plan) -> None:
    with serve(lambda: plan, host="0.0.0.0") as running:  # noqa: S104  that is what is tested
        entered = running.get(f"/?token={running.server.access.token}")
        assert (entered.status, entered.headers["location"]) == (303, ".")
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        mine = cookie.split(";")[0]
        assert running.get("/manifest.json", Cookie=mine).status == 200
        assert running.get("/manifest.json", Cookie=mine[:-1]).status == 403
        assert running.get("/manifest.json", Cookie="\x7f=;;;,").status == 403

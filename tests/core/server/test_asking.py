"""What can be chosen of how a scene is looked at, and what its colours mean."""

from __future__ import annotations

from typing import Any

from arbvis_core import api
from arbvis_core.values import Plan


def test_of_bytes_nothing_can_be_chosen(running: Any, plan: Plan) -> None:
    address = f"/api/scenes/{plan.scenes[0].key}"
    assert running.get(f"{address}/choices").json == {"chosen": {}}
    (shown,) = running.get("/manifest.json").json["scenes"]
    assert running.get(f"{address}/legend").json == shown["legend"]
    refused = running.get(f"{address}/legend?colormap=magma")
    assert (refused.status, refused.kind) == (400, "bad-request")


def test_what_no_address_knows_is_refused(running: Any, plan: Plan) -> None:
    for address in ("/manifest.json?a=1", f"/api/scenes/{plan.scenes[0].key}/choices?gain=2"):
        refused = running.get(address)
        assert (refused.status, refused.kind) == (400, "bad-request")
    assert running.get("/api/scenes/elsewhere/choices").status == 404
    assert running.get("/manifest.json?v=7").status == 200


def test_what_flags_chose_is_among_what_can_be_chosen(serve: Any, plan: Plan) -> None:
    from dataclasses import replace

    from arbvis_core.registry import load
    from arbvis_core.render.bytes import ByteRenderer
    from arbvis_core.server.asking import choices_of
    from arbvis_core.server.live import picture_of
    from arbvis_core.values import View

    del serve
    registry = load()
    owner = registry.renderer_entry("bytes")

    class Choosing(ByteRenderer):
        views = frozenset({"colormap", "gain", "clip"})

        def choices(self, plan: Any) -> Any:
            return {"colormap": ("red", "blue"), "gain": (0.5, 2.0), "clip": (0.0, 0.4)}

    choosing = replace(registry, renderers=(replace(owner, item=Choosing()),))
    scene = replace(plan.scenes[0], view=View(colormap="green", gain=1.5))
    for shown, chosen in (
        (plan.scenes[0], {"colormap": "red", "gain": 1.0, "clip": None}),
        (scene, {"colormap": "green", "gain": 1.5, "clip": None}),
    ):
        picture = picture_of(api.Plan("", "", (), (shown,)), choosing)
        found = choices_of(picture.scene(shown.key))
        assert found["chosen"] == chosen
        assert chosen["colormap"] in found["colormap"]
        assert (found["gain"], found["clip"]) == ([0.5, 2.0], [0.0, 0.4])

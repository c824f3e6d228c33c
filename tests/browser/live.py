"""A live view behind a socket, and what tests ask of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode
from urllib.request import urlopen

from arbvis_core import api
from arbvis_core.registry import load
from arbvis_core.server.live import Live
from arbvis_core.server.running import Address, Server, listen


@contextmanager
def serving(
    *inputs: Path, diff: bool = False, weights: bool = True, port: int = 0
) -> Iterator[str]:
    """Serve files, and yield the address of their page."""
    from modelweightvis.profile import MODELWEIGHTVIS

    profile = MODELWEIGHTVIS if weights else api.ARBVIS
    request = api.Request(tuple(map(str, inputs)), profile=profile, diff=diff, live=True)
    live = Live("a view", load(), lambda: api.plan(request))
    with patch.dict(os.environ, ARBVIS_CACHE_SIZE="0"):  # nothing is known from runs before
        live.prepare()
    server = Server(live, listen(Address(port=port)), "127.0.0.1")
    begun = Event()
    thread = Thread(target=server.serve_until_ended, args=(lambda _: begun.set(),))
    thread.start()
    try:
        assert begun.wait(30)
        yield server.url
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


def ask(url: str, path: str, **query: object) -> Any:
    """What the server answers, as JSON."""
    with urlopen(f"{url}{path}?{urlencode(query)}") as answer:  # noqa: S310  it is our own
        return json.load(answer)


def placements(url: str, scene: int = 0) -> dict[str, dict[str, Any]]:
    """What the manifest says of each tensor, by name."""
    facts = ask(url, "manifest.json")["scenes"][scene]
    return {one["name"]: one for one in facts["placements"]}

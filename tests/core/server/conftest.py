from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from arbvis_core import api
from arbvis_core.registry import load
from arbvis_core.server.live import Live
from arbvis_core.server.running import Address, Server, listen
from arbvis_core.values import Plan

ROOT = Path(__file__).parents[3]


@dataclass
class Answer:
    """What a request was answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def kind(self) -> str:
        return str(self.json["error"]["kind"])


@dataclass
class Running:
    """A server on this machine, with what it shows."""

    server: Server

    @property
    def port(self) -> int:
        return self.server.access.port

    def get(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> Answer:
        """Ask; names of headers have `_` for `-`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, names)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()


Serve = Callable[..., Any]


@contextmanager
def serving(
    plan: Callable[[], Plan], *, host: str = "127.0.0.1", prepare: bool = True
) -> Iterator[Running]:
    """Serve a plan with uvicorn, on a port that is free."""
    live = Live("a view", load(), plan)
    if prepare:
        live.prepare()
    server = Server(live, listen(Address(host, 0)), host)
    begun = Event()
    thread = Thread(target=server.serve_until_ended, args=(lambda _: begun.set(),))
    thread.start()
    try:
        assert begun.wait(30)
        yield Running(server)
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def big_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of 3 MB: three zooms."""
    path = tmp_path_factory.mktemp("server") / "file.bin"
    path.write_bytes(bytes(range(256)) * 12_000)
    return path


@pytest.fixture(scope="session")
def plan(big_file: Path) -> Plan:
    return api.plan(api.Request((str(big_file),)))


@pytest.fixture(scope="session")
def running(plan: Plan) -> Iterator[Running]:
    with serving(lambda: plan) as found:
        yield found


@pytest.fixture(scope="session")
def tensors() -> dict[str, Any]:
    """Return tensors of several shapes, some with values that are no numbers."""
    import numpy as np

    random = np.random.default_rng(5)
    matrix = random.standard_normal((40, 700)).astype(np.float32)
    matrix[3, 5], matrix[3, 6], matrix[3, 7] = np.nan, np.inf, -np.inf
    return {
        "model.layers.0.mlp.up_proj.weight": matrix,
        "model.layers.1.mlp.up_proj.weight": random.standard_normal((40, 700)).astype(np.float32),
        "model.layers.0.self_attn.q_proj.weight": random.standard_normal((96, 64)).astype("f2"),
        "model.norm.weight": random.standard_normal(700).astype(np.float32),
        "bank": random.standard_normal((3, 5, 20, 30)).astype(np.float32),
        "tall": random.standard_normal((9000, 3)).astype(np.float32),
        "scalar": np.array(2.5, np.float32),
    }


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory, tensors: dict[str, Any]) -> Path:
    """Return a safetensors file of these tensors."""
    from safetensors.numpy import save_file

    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save_file(tensors, path)
    return path


def planned(*inputs: Path, diff: bool = False) -> Plan:
    from modelweightvis.profile import MODELWEIGHTVIS

    return api.plan(api.Request(tuple(map(str, inputs)), profile=MODELWEIGHTVIS, diff=diff))


@pytest.fixture(scope="session")
def shown_model(model: Path) -> Iterator[Running]:
    plan = planned(model)
    with serving(lambda: plan) as found:
        yield found


@pytest.fixture
def serve() -> Serve:
    """Serve a plan that is made when the server has begun."""
    return serving

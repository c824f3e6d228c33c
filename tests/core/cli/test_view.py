"""`view`: the program as a process of its own, from the command line to Ctrl-C."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from arbvis_core.cli import view

Command = Callable[..., Sequence[str]]


@contextmanager
def started(words: Sequence[str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def ask(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  our own
        body: bytes = answer.read()
        return body


def manifest(url: str) -> dict[str, Any]:
    while True:
        try:
            found: dict[str, Any] = json.loads(ask(f"{url}manifest.json"))
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
        else:
            return found


@pytest.mark.skipif(sys.platform == "win32", reason="no Ctrl-C for one process there")
def test_it_says_where_it_is_and_ends_at_ctrl_c(command: Command, sample: Path) -> None:
    with started(command("view", str(sample), "--no-browser", "--port", "0")) as (process, url):
        assert url.startswith("http://127.0.0.1:")
        assert b"<!doctype html>" in ask(url)
        assert manifest(url)["title"] == sample.name
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 0
        assert "Traceback" not in err


def test_an_input_that_cannot_be_shown_ends_it(command: Command, tmp_path: Path) -> None:
    words = command("view", str(tmp_path / "missing.bin"), "--no-browser", "--port", "0")
    with started(words) as (process, _):
        _, err = process.communicate(timeout=30)
        assert process.returncode == 2
        assert "missing.bin" in err
        assert "Traceback" not in err


def test_a_port_that_is_taken_is_refused(cli: Any, sample: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = cli("view", str(sample), "--no-browser", "--port", str(port))
    assert outcome.code == 2
    assert f"--port {port}" in outcome.err
    assert outcome.out == ""


def test_a_host_that_is_not_ours_is_refused(cli: Any, sample: Path) -> None:
    outcome = cli("view", str(sample), "--no-browser", "--host", "192.0.2.1")
    assert outcome.code == 2
    assert "--host 192.0.2.1" in outcome.err


@pytest.mark.parametrize("args", [("--port", "70000"), ("--surprise",), ("--out", "x")])
def test_flags_that_mean_nothing_are_refused(cli: Any, sample: Path, args: Sequence[str]) -> None:
    assert cli("view", str(sample), *args).code == 2


def test_flags_of_plugins_reach_the_plan(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from arbvis_core import api
    from arbvis_core.server import running
    from modelweightvis.options import ColourOptions, TensorOptions
    from modelweightvis.profile import MODELWEIGHTVIS

    asked: list[api.Plan] = []
    monkeypatch.setattr(api, "plan", lambda request, **_: asked.append(request))
    monkeypatch.setattr(running, "serve", lambda live, *_, **__: live.prepare())
    flags = ("--match", "*.q*", "--scale", "role", "--title", "T", "--layout", "arch")
    assert cli("view", "model", "more", *flags, profile=MODELWEIGHTVIS).code == 0
    (request,) = asked
    assert (request.inputs, request.title, request.layout) == (("model", "more"), "T", "arch")
    assert request.options[TensorOptions].match == "*.q*"
    assert request.options[ColourOptions].scale == "role"
    assert not any(group.__module__ == view.__name__ for group in request.options)

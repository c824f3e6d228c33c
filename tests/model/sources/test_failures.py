"""Whatever goes wrong is one sentence that names the address."""

from __future__ import annotations

import errno
import os
import shutil
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import huggingface_hub
import pytest
from hub import File, Hub
from served import MODEL, NOISE, TOKEN, contents, refusal

from arbvis_core.api import Range, SourceChangedError, SourceError
from modelweightvis.sources import HuggingFaceSourceProvider as Provider
from modelweightvis.sources import cache
from modelweightvis.sources import hub as client


def test_after_a_lost_connection_only_the_rest_is_fetched(
    hub: Hub, provider: Provider, tmp_path: Path
) -> None:
    hub.commit("a/b", MODEL)
    hub.cuts["model.safetensors"] = [100_000, *[0] * 20]
    told = refusal(provider, "hf://a/b")
    assert "the download of model.safetensors broke off" in told
    assert "run the same command again" in told
    assert not (tmp_path / "cache/models--a--b/blobs" / File(NOISE, large=True).etag).exists()
    hub.cuts.clear()
    hub.bulk()
    assert contents(provider, "hf://a/b")["model.safetensors"] == NOISE
    assert [one.server for one in hub.bulk()] == ["cdn"]


def test_a_store_that_lost_a_file_is_a_sentence(tmp_path: Path) -> None:
    with Hub(xet=tmp_path / "store") as hub:
        hub.commit("a/b", MODEL)
        hub.xet_hashes = dict.fromkeys(hub.xet_hashes, "0" * 63 + "1")
        told = refusal(Provider(hub.url, str(tmp_path / "cache")), "hf://a/b")
    assert "the download of model.safetensors broke off" in told


def test_private_models_are_as_good_as_missing(
    hub: Hub, provider: Provider, log_in: Callable[[str], None]
) -> None:
    hub.commit("a/b", MODEL)
    hub.repos["a/b"].private = True
    assert "no model a/b on the Hub, or it is private" in refusal(provider, "hf://a/b")
    log_in(TOKEN)
    assert len(provider.open("hf://a/b")) == 3


@pytest.mark.parametrize("token", ["hf_line\nbreak00000", "hf_späße0000000"])
def test_a_token_that_cannot_be_sent_is_not_shown(
    hub: Hub, provider: Provider, log_in: Callable[[str], None], token: str
) -> None:
    hub.commit("a/b", MODEL)
    log_in(token)
    with suppress(SourceError):
        provider.open("hf://a/b")
    hub.statuses["/api/"] = (401, "")
    with pytest.raises(SourceError) as caught:
        provider.open("hf://a/b")
    told = "".join(traceback.format_exception(caught.value))
    assert "break0" not in told
    assert "späße" not in told


@pytest.mark.parametrize(
    ("pattern", "status", "code", "told"),
    [
        ("/api/", 429, "", "the Hub asks to slow down (429)"),
        ("/api/", 500, "", "the Hub is in trouble (500)"),
        ("/api/", 503, "", "HF_HUB_OFFLINE=1"),
        ("/api/", 403, "", "HF_TOKEN or run 'hf auth login'"),
        ("/api/", 418, "", "refuses the request (418)"),
        ("/resolve/", 403, "", "HF_TOKEN or run 'hf auth login'"),
        ("/resolve/", 404, "EntryNotFound", "README.md is no longer there"),
        ("/resolve/", 404, "RevisionNotFound", "a/b has no revision 'main'"),
        ("/[0-9a-f]{64}", 500, "", "the Hub is in trouble (500)"),
    ],
)
def test_what_the_hub_refuses_is_a_sentence(
    hub: Hub, provider: Provider, pattern: str, status: int, code: str, told: str
) -> None:
    hub.commit("a/b", MODEL)
    hub.statuses[pattern] = (status, code)
    assert told in refusal(provider, "hf://a/b")


def test_a_disabled_model_is_a_sentence(hub: Hub, provider: Provider) -> None:
    hub.commit("a/b", MODEL)
    hub.repos["a/b"].disabled = True
    assert "a/b has been disabled" in refusal(provider, "hf://a/b")


def test_revisions_that_are_not_there_are_a_sentence(hub: Hub, provider: Provider) -> None:
    hub.commit("a/b", MODEL)
    hub.commit("a/b", MODEL, "v1.0")
    assert "no revision 'mian'; did you mean main?" in refusal(provider, "hf://a/b@mian")
    assert "no revision 'zzzz'; it has main, v1.0" in refusal(provider, "hf://a/b@zzzz")
    hub.statuses["/refs"] = (500, "")
    assert refusal(provider, "hf://a/b@mian").endswith("no revision 'mian'")


def test_files_that_are_not_there_are_a_sentence(hub: Hub, provider: Provider) -> None:
    hub.commit("a/b", MODEL)
    told = refusal(provider, "hf://a/b/modle.safetensors")
    assert "did you mean model.safetensors" in told
    hub.commit("a/b", {"README.md": b"soon", "x.h5": b"h"})
    assert "holds no weights" in refusal(provider, "hf://a/b")
    hub.commit("a/b", {})
    assert "is empty" in refusal(provider, "hf://a/b")
    assert hub.bulk() == []


def test_a_hub_that_cannot_be_reached_is_a_sentence(tmp_path: Path) -> None:
    with Hub() as gone:
        pass
    provider = Provider(gone.url, str(tmp_path))
    told = refusal(provider, "hf://a/b")
    assert "cannot be reached (ConnectError)" in told
    assert "HF_HUB_OFFLINE=1" in told


def test_too_small_a_disk_is_told_before_anything_is_fetched(
    hub: Hub, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.commit("a/b", MODEL)
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    told = refusal(provider, "hf://a/b")
    assert "300 kB are to be downloaded" in told
    assert "room for 1 kB" in told
    assert hub.bulk() == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full; make room"),
        (RuntimeError("I/O: No space left on device (os error 28)"), "the disk is full; make room"),
        (PermissionError(errno.EACCES, "denied"), "the cache cannot be written to"),
        (RuntimeError(f"Bearer {TOKEN}"), "broke off (RuntimeError)"),
    ],
)
def test_what_the_client_raises_is_a_sentence(
    hub: Hub, provider: Provider, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    def fail(*_args: object, **_kwargs: object) -> NoReturn:
        raise error

    hub.commit("a/b", MODEL)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fail)
    assert told in refusal(provider, "hf://a/b")


def test_a_cache_that_is_a_file_is_a_sentence(hub: Hub, tmp_path: Path) -> None:
    hub.commit("a/b", MODEL)
    (tmp_path / "cache").write_bytes(b"")
    provider = Provider(hub.url, str(tmp_path / "cache"))
    assert "the cache cannot be written to" in refusal(provider, "hf://a/b")


def test_a_damaged_file_of_the_cache_is_named(hub: Hub, provider: Provider) -> None:
    hub.commit("a/b", MODEL)
    model = provider.open("hf://a/b")[2]
    os.truncate(model.key, 1000)
    told = refusal(provider, "hf://a/b")
    assert f"{model.key} is damaged" in told
    assert "has 1,000 bytes and should have 300,000" in told
    with pytest.raises(SourceChangedError):
        model.read([Range(0, 1)])


@pytest.mark.parametrize(
    "name",
    ["../../x", "/etc/x", "a\\..\\x", "a\nb/x", "\u202ex", "a/./x", "a//x", "x" * 300, "con\0/x"],
)
def test_hostile_names_of_files_are_refused(hub: Hub, provider: Provider, name: str) -> None:
    hub.commit("a/b", {f"{name}.safetensors": b"x"})
    told = refusal(provider, "hf://a/b")
    assert "is no name for a file" in told
    assert hub.bulk() == []


def test_absurdly_many_files_are_refused(
    hub: Hub, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MOST", 5)
    hub.commit("a/b", {f"{number}.txt": b"x" for number in range(6)})
    assert "more than 5 files; fetch those you want with 'hf download" in refusal(
        provider, "hf://a/b"
    )


def test_an_answer_of_another_commit_is_refused(
    hub: Hub, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.commit("a/b", MODEL)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *_args, **_kwargs: "elsewhere")
    assert "of another commit" in refusal(provider, "hf://a/b")

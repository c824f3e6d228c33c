"""The real client against a Hub on this machine."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
from hub import File, Hub
from huggingface_hub import constants
from served import MODEL, NOISE, TOKEN, content, contents, refusal

from arbvis_core.api import Source
from arbvis_core.testing import SourceContract, SourceProviderContract
from modelweightvis.sources import HuggingFaceSourceProvider as Provider
from modelweightvis.sources import cache
from modelweightvis.sources import hub as client


class TestProvider(SourceProviderContract):
    contents = (*(b"# A model\n", b'{"model_type": "llama"}'), NOISE)
    strangers = ("", "-", "a/b", "hf:/a/b", "https://huggingface.co/a/b", "./hf://a/b")
    missing = "hf://a/gone"

    @pytest.fixture(autouse=True)
    def _served(self, hub: Hub, provider: Provider) -> None:
        hub.commit("a/b", MODEL)
        self.provider = provider

    def spec(self, folder: Path) -> str:
        return "hf://a/b"


class TestSource(SourceContract):
    content = NOISE
    secrets = (TOKEN,)

    @pytest.fixture(autouse=True)
    def _served(self, hub: Hub, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
        hub.commit("a/b", MODEL)
        hub.repos["a/b"].gated = True
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        self.opener = provider

    def source(self, folder: Path) -> Source:
        return self.opener.open("hf://a/b/model.safetensors")[0]

    def change(self, source: Source) -> None:
        with Path(source.key).open("ab") as file:
            file.write(b"more")


def test_files_are_those_of_the_cache(hub: Hub, provider: Provider, tmp_path: Path) -> None:
    commit = hub.commit("a/b", {**MODEL, "vae/model.safetensors": b"x"})
    card, _, model = provider.open("hf://a/b")
    assert (card.name, model.name) == ("README.md", "model.safetensors")
    folder = tmp_path / "cache" / "models--a--b" / "snapshots" / commit
    assert Path(model.key) == folder / "model.safetensors"
    assert model.folder == f"hf://a/b@{commit}"
    assert model.identity == f"{commit}:model.safetensors"
    (deep,) = provider.open("hf://a/b/vae/model.safetensors")
    assert deep.folder == f"hf://a/b@{commit}/vae"
    assert huggingface_hub.try_to_load_from_cache("a/b", "config.json", tmp_path / "cache")


def test_what_is_in_the_cache_is_not_asked_for_again(hub: Hub, provider: Provider) -> None:
    hub.commit("a/b", MODEL)
    first = contents(provider, "hf://a/b")
    assert len(hub.bulk()) == 3
    assert contents(provider, "hf://a/b") == first
    assert [one.path for one in hub.requests] == ["/api/models/a/b/revision/main?blobs=true"]


def test_only_what_changed_is_fetched_again(hub: Hub, provider: Provider) -> None:
    old = hub.commit("a/b", MODEL)
    before = provider.open("hf://a/b")
    hub.bulk()
    new = hub.commit("a/b", {**MODEL, "config.json": b"{}"})
    after = provider.open("hf://a/b")
    assert [one.path for one in hub.bulk()] == [f"/a/b/resolve/{new}/config.json"]
    assert {one.identity for one in before}.isdisjoint(one.identity for one in after)
    assert content(before[1]) == MODEL["config.json"]
    assert contents(provider, f"hf://a/b@{old}")["config.json"] == MODEL["config.json"]


@pytest.mark.parametrize("ref", ["v1.0", "refs/pr/1", "fix/it"])
def test_revisions_are_found(hub: Hub, provider: Provider, ref: str) -> None:
    hub.commit("a/b", MODEL)
    commit = hub.commit("a/b", {"model.safetensors": b"other"}, ref)
    (source,) = provider.open(f"hf://a/b@{ref.replace('/', '%2F')}")
    assert (content(source), source.commit) == (b"other", commit)


def test_what_describes_a_file_is_of_the_commit_it_was_opened_at(
    hub: Hub, provider: Provider
) -> None:
    old = hub.commit("a/b", MODEL)
    (source,) = provider.open("hf://a/b/model.safetensors")
    hub.commit("a/b", {**MODEL, "config.json": b"{}"})
    beside = provider.beside("hf://a/b/model.safetensors")
    assert [one.name for one in beside] == ["README.md", "config.json"]
    assert {one.commit for one in (source, *beside)} == {old}
    assert provider.beside("hf://a/b/onnx/model.onnx") == []


def test_shards_come_with_all_that_their_index_names(hub: Hub, provider: Provider) -> None:
    shards = [f"model-{one:05d}-of-00002.safetensors" for one in (1, 2)]
    table = {"a": shards[0], "b": shards[1], "c": "mtp.safetensors", "d": "../../gone"}
    index = {"model.safetensors.index.json": json.dumps({"weight_map": table}).encode()}
    files = {**dict.fromkeys((*shards, "mtp.safetensors", "stray.safetensors"), b"x"), **index}
    hub.commit("a/b", files)
    expected = sorted({*files} - {"stray.safetensors"})
    assert [one.name for one in provider.open("hf://a/b")] == expected
    named = provider.open("hf://a/b/model.safetensors.index.json")
    assert [one.name for one in named] == expected


@pytest.mark.parametrize("index", [b"", b"[]", b'{"weight_map": 5}', b"[" * 100_000, b"\xff"])
def test_an_index_that_is_none_is_left_to_the_format(
    hub: Hub, provider: Provider, index: bytes
) -> None:
    hub.commit("a/b", {"model.safetensors": b"x", "model.safetensors.index.json": index})
    assert len(provider.open("hf://a/b")) == 2


def test_pipelines_come_with_all_components(hub: Hub, provider: Provider) -> None:
    unet = "unet/diffusion_pytorch_model.safetensors"
    weights = {unet: b"u", "text_encoder/model.safetensors": b"t", "all_in_one.safetensors": b"a"}
    hub.commit("a/b", {"model_index.json": b"{}", "unet/config.json": b"{}", **weights})
    found = provider.open("hf://a/b")
    assert {one.name for one in found} >= {unet, "text_encoder/model.safetensors"}
    assert "all_in_one.safetensors" not in {one.name for one in found}
    assert len({one.folder for one in found}) == 3


def test_of_several_gguf_files_one_has_to_be_named(hub: Hub, provider: Provider) -> None:
    parts = [f"Q8_0/m-Q8_0-{one:05d}-of-00002.gguf" for one in (1, 2)]
    hub.commit("a/b", {"m-Q4_K_M.gguf": NOISE[:2500], **dict.fromkeys(parts, b"x")})
    told = refusal(provider, "hf://a/b")
    assert "m-Q4_K_M.gguf (2.5 kB)" in told
    assert hub.bulk() == []
    assert list(contents(provider, "hf://a/b/m-Q4_K_M.gguf")) == ["m-Q4_K_M.gguf"]
    assert list(contents(provider, "hf://a/b/Q8_0")) == parts
    assert list(contents(provider, f"hf://a/b/{parts[1]}")) == parts


def test_a_download_that_breaks_off_goes_on_where_it_was(
    hub: Hub, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 10_000)
    hub.commit("a/b", MODEL)
    cuts = [100_000, 70_000]
    hub.cuts["model.safetensors"] = [*cuts]
    assert contents(provider, "hf://a/b")["model.safetensors"] == NOISE
    ranges = [one.range for one in hub.bulk() if one.server == "cdn"]
    assert ranges == ["", "bytes=100000-", "bytes=170000-"]


def test_files_kept_with_xet_come_through_it(tmp_path: Path) -> None:
    with Hub(xet=tmp_path / "store") as hub:
        hub.commit("a/b", MODEL)
        provider = Provider(hub.url, str(tmp_path / "cache"))
        assert contents(provider, "hf://a/b")["model.safetensors"] == NOISE
        assert [one.server for one in hub.bulk()] == ["hub", "hub"]
        assert contents(provider, "hf://a/b")["model.safetensors"] == NOISE
        assert len(hub.requests) == 1


def test_gated_models_need_a_token(
    hub: Hub, provider: Provider, log_in: Callable[[str], None]
) -> None:
    hub.commit("a/b", MODEL)
    hub.repos["a/b"].gated = True
    assert "is gated; ask for access" in refusal(provider, "hf://a/b")
    assert "HF_TOKEN" in refusal(provider, "hf://a/b")
    log_in("hf_ofsomebodyelse")
    assert "is gated" in refusal(provider, "hf://a/b")
    log_in(TOKEN)
    found = provider.open("hf://a/b")
    assert [content(one) for one in found] == [*TestProvider.contents]
    assert TOKEN.encode() not in pickle.dumps((found, provider))
    assert {one.token for one in hub.requests if one.server == "cdn"} == {""}


def test_without_a_connection_the_cache_is_used_if_that_is_asked_for(
    hub: Hub, provider: Provider, go_offline: Callable[[], None]
) -> None:
    commit = hub.commit("a/b", MODEL)
    online = contents(provider, "hf://a/b")
    hub.bulk()
    go_offline()
    assert contents(provider, "hf://a/b") == online
    assert contents(provider, f"hf://a/b@{commit}") == online
    assert contents(provider, "hf://a/b/config.json") == {"config.json": MODEL["config.json"]}
    assert "the cache has no revision 'v2'" in refusal(provider, "hf://a/b@v2")
    assert "the cache has no revision 'main'" in refusal(provider, "hf://a/c")
    assert "there is no 'model.fp16.safetensors' in it" in refusal(
        provider, "hf://a/b/model.fp16.safetensors"
    )
    assert hub.requests == []


def test_of_a_model_that_is_cached_in_part_nothing_is_shown(
    hub: Hub, provider: Provider, go_offline: Callable[[], None]
) -> None:
    shards = [f"model-{one:05d}-of-00002.safetensors" for one in (1, 2)]
    parts = [f"q/m-{one:05d}-of-00002.gguf" for one in (1, 2)]
    hub.commit("a/b", dict.fromkeys((*shards, *parts), b"x"))
    provider.open(f"hf://a/b/{shards[0]}")
    go_offline()
    assert "the cache has 1 of the 2 files model-…-of-00002.safetensors" in refusal(
        provider, "hf://a/b"
    )
    assert list(contents(provider, f"hf://a/b/{shards[0]}")) == shards[:1]


def test_what_is_there_needs_no_room(
    hub: Hub, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.commit("a/b", MODEL)
    provider.open("hf://a/b")
    hub.commit("a/b", {**MODEL, "config.json": b"{}"})
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda _path: usage._replace(free=100))
    assert contents(provider, "hf://a/b")["config.json"] == b"{}"


class Terminal(io.StringIO):
    """Standard error that people look at."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_how_far_large_files_are(
    hub: Hub, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "QUICK", 1000)
    monkeypatch.setattr(sys, "stderr", Terminal())
    hub.commit("a/b", MODEL)
    provider.open("hf://a/b")
    shown = sys.stderr.getvalue()
    assert "model.safetensors: 100%" in shown
    assert "config.json" not in shown
    assert File(NOISE, large=True).sha256[-20:] not in shown


def test_a_pipe_shows_nothing(
    hub: Hub, provider: Provider, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(client, "QUICK", 0)
    hub.commit("a/b", MODEL)
    hub.cuts["model.safetensors"] = [1000, 1000]
    provider.open("hf://a/b")
    assert capfd.readouterr() == ("", "")


def run(program: str, *words: str, hub: Hub, folder: Path, **more: str) -> tuple[int, str, str]:
    code = f"from {program} import main; raise SystemExit(main())"
    env = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(folder / "home"), **more}
    command = [sys.executable, "-c", code, *words]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=env, timeout=120
    )
    return ran.returncode, ran.stdout, ran.stderr


def test_the_programs_open_addresses(hub: Hub, tmp_path: Path) -> None:
    commit = hub.commit("a/b", MODEL)
    hub.repos["a/b"].gated = True
    code, out, told = run(
        *("arbvis_core.cli.launch", "hf://a/b", "--out", "out", "--jobs", "1"),
        hub=hub,
        folder=tmp_path,
        HF_TOKEN=TOKEN,
    )
    assert code == 0, told
    assert out.strip().endswith("index.html")
    assert "%|" not in told
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert manifest["inputs"][0]["size"] == sum(map(len, TestProvider.contents))
    assert (tmp_path / "home" / "hub" / "models--a--b" / "snapshots" / commit).is_dir()
    bundle = b"".join(one.read_bytes() for one in (tmp_path / "out").rglob("*") if one.is_file())
    assert TOKEN.encode() not in bundle
    assert TOKEN not in told


def test_the_programs_say_what_is_wrong_in_a_line(hub: Hub, tmp_path: Path) -> None:
    hub.commit("a/b", MODEL)
    code, _, told = run(
        *("modelweightvis.cli", "hf://a/b", "--layout", "hilbert", "--out", "out"),
        hub=hub,
        folder=tmp_path,
        HF_HUB_OFFLINE="1",
    )
    assert code == 2
    assert told.count("\n") == 1
    assert "hf://a/b: HF_HUB_OFFLINE is set, and the cache has no revision 'main' of it" in told
    assert not (tmp_path / "out").exists()
    assert hub.requests == []

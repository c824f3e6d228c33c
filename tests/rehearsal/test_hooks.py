"""Every hook is filled, every object does what it says, and what is wrong is named."""

from __future__ import annotations

import http.client
import json
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rehearsal_server import RangeServer
from rehearsal_tables import Table, write

from arbvis_core import api, hookspecs

if TYPE_CHECKING:
    from arbvis_core.registry import Registry


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "model", [Table("t", 40, 70), Table("u", 3, 5, bits=4)], seed=1)
    return tmp_path


def parsed(registry: Registry, folder: Path) -> api.Plan:
    return api.plan(api.Request((str(folder),), layout="rehearsal-shelves"), registry=registry)


def test_every_hook_is_filled_through_the_entry_point(registry: Registry) -> None:
    (info,) = [one for one in registry.plugins if one.name == "rehearsal"]
    assert info.error is None
    assert not info.heavy
    assert info.version == "0.1.0"
    assert set(info.hooks) == {name for name in vars(hookspecs) if name.startswith("arbvis_")}


#: Under which name of the registry the objects of each hook are found.
FIELDS = {
    "arbvis_source_providers": "source_providers",
    "arbvis_formats": "formats",
    "arbvis_prepare_sources": "enrichers",
    "arbvis_diff_builders": "diff_builders",
    "arbvis_derivations": "derivations",
    "arbvis_layouts": "layouts",
    "arbvis_leaf_renderers": "renderers",
    "arbvis_options": "options",
    "arbvis_commands": "commands",
}


@pytest.mark.parametrize(("hook", "field"), FIELDS.items())
def test_what_a_hook_hands_over_is_what_is_dispatched_to(
    registry: Registry, hook: str, field: str
) -> None:
    import arbvis_rehearsal

    handed = [type(one) for one in getattr(arbvis_rehearsal, hook)()]
    found = [type(one.item) for one in getattr(registry, field) if one.plugin == "rehearsal"]
    assert found == handed != []


def test_the_command_prints_figures(
    registry: Registry, folder: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("ARBVIS_PLUGINS", "rehearsal")
    (command,) = [one.item for one in registry.commands if one.item.name == "rehearsal-stats"]
    command.load()(str(folder))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["t", "u"]
    assert "2800 of 2800 finite" in lines[0]


def test_files_are_known_by_content_and_read_together(registry: Registry, folder: Path) -> None:
    (folder / "model.tbc").rename(folder / "other.tbc")
    with pytest.raises(api.FormatError, match=r"other\.tbc: the \.tbs file of its scales"):
        strictly(registry, folder)
    (folder / "other.tbc").unlink()
    with pytest.raises(api.FormatError, match=r"model\.tbs: the \.tbc file of its codes"):
        strictly(registry, folder)


def strictly(registry: Registry, folder: Path) -> api.Plan:
    profile = api.Profile("rehearsal", "rehearsal-shelves", strict=True)
    return api.plan(api.Request((str(folder),), profile), registry=registry)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"bits": 5}, "table 1"),
        ({"rows": -3}, "table 1"),
        ({"rows": 10**12}, "table 1"),
        ({"codes": 0}, "table 1"),
        ({"zeros": 10**9}, "table 1"),
        ({"order": [0, 0]}, "table 1"),
        ({"columns": "many"}, "table 1"),
    ],
)
def test_a_header_that_lies_is_refused(
    registry: Registry, folder: Path, changed: dict[str, object], says: str
) -> None:
    path = folder / "model.tbc"
    content = path.read_bytes()
    tables = json.loads(content[12 : 12 + 8192])
    tables["tables"][0] |= changed
    path.write_bytes(content[:12] + json.dumps(tables).encode().ljust(8192) + content[12 + 8192 :])
    with pytest.raises(api.FormatError, match=says):
        strictly(registry, folder)


@pytest.mark.parametrize("length", [8, 11, 12, 100, 8203])
def test_a_file_that_is_cut_off_is_refused(registry: Registry, folder: Path, length: int) -> None:
    path = folder / "model.tbc"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(api.FormatError, match=r"model\.tbc"):
        strictly(registry, folder)


def test_a_lenient_profile_shows_the_bytes_of_what_cannot_be_parsed(
    registry: Registry, folder: Path
) -> None:
    (folder / "model.tbc").write_bytes(b"TBLCODES")
    plan = api.plan(api.Request((str(folder),)), registry=registry)
    assert [scene.renderer for scene in plan.scenes] == ["bytes"]
    assert any("model.tbc" in warning for warning in plan.warnings)


def test_a_sidecar_that_is_no_object_is_named(registry: Registry, folder: Path) -> None:
    (folder / "rehearsal.json").write_text("[1, 2")
    with pytest.raises(api.FormatError, match=r"rehearsal\.json"):
        strictly(registry, folder)


def test_tables_lend_their_outlines_to_the_bytes(registry: Registry, folder: Path) -> None:
    (scene,) = api.plan(api.Request((str(folder),)), registry=registry).scenes
    assert scene.renderer == "bytes"
    assert {"t", "u"} <= {label.name for label in scene.labels}


def test_two_sides_without_a_table_in_common(
    registry: Registry, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    write(other, "model", [Table("v", 4, 4)], seed=2)
    with pytest.raises(api.FormatError, match="no table of one name"):
        api.plan(api.Request((str(folder), str(other)), diff=True), registry=registry)


def test_a_server_source_coalesces_travels_and_knows_its_version(
    registry: Registry, folder: Path
) -> None:
    content = (folder / "model.tbc").read_bytes()
    with RangeServer(folder) as server:
        (provider,) = [one.item for one in registry.source_providers if one.name == "count-http"]
        assert provider.matches(server.url)
        assert not provider.matches("http://example.org/")
        source = pickle.loads(pickle.dumps(provider.open(server.url)[0]))
        assert (source.name, source.size) == ("model.tbc", len(content))
        server.reset()
        ranges = [api.Range(start, start + 7) for start in (900, 0, 300, 304, 4000)]
        assert [bytes(one) for one in source.read(ranges)] == [content[a:b] for a, b in ranges]
        assert server.requests == 1
        source.verify()
        server.version += 1
        with pytest.raises(api.SourceChangedError, match=r"model\.tbc"):
            source.read(ranges)
        with pytest.raises(api.SourceChangedError, match=r"model\.tbc"):
            source.verify()


def test_the_server_answers_ranges_only(folder: Path) -> None:
    with RangeServer(folder) as server:
        connection = http.client.HTTPConnection(server.address)
        connection.request("GET", "/model.tbc")
        assert connection.getresponse().status == 400
        connection.close()


@pytest.mark.parametrize(
    ("path", "error", "says"),
    [
        ("nothing.tbc", api.SourceError, r"nothing\.tbc"),
        ("empty", api.LayoutError, "'empty' is empty"),
    ],
)
def test_an_address_that_cannot_be_shown_is_named(
    registry: Registry, folder: Path, path: str, error: type[Exception], says: str
) -> None:
    (folder / "empty").touch()
    with RangeServer(folder) as server, pytest.raises(error, match=says):
        api.plan(api.Request((f"{server.url}{path}",)), registry=registry)


def test_a_server_that_is_gone_is_named(registry: Registry, folder: Path) -> None:
    with RangeServer(folder) as server:
        url = server.url
    with pytest.raises(api.SourceError, match=r"127\.0\.0\.1"):
        api.plan(api.Request((url,)), registry=registry)

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from arbvis_core.cli import plugins
from arbvis_core.registry import PluginInfo, Registry, RegistrySpec
from arbvis_core.values import ARBVIS

GOOD = PluginInfo("good", "1.0", "good (good.plugin)", counts={"formats": 2, "layouts": 1})
BAD = PluginInfo("bad", "0.2.1", "bad (bad)", error="ImportError: No module named 'torch'")


def broken() -> Registry:
    sentence = f"plugin bad 0.2.1 was left out: {BAD.error}"
    return Registry(RegistrySpec(), plugins=(GOOD, BAD), faults=[sentence, "another fault"])


def listed(capsys: pytest.CaptureFixture[str], registry: Registry, **options: bool) -> str:
    defaults = {"as_json": False, "check": False, "explain": None}
    plugins.make(ARBVIS, registry)(**{**defaults, **options})
    return capsys.readouterr().out


def test_lists_what_was_loaded(cli: Any) -> None:
    outcome = cli("plugins")
    assert outcome.code == 0
    assert outcome.out.startswith("ok ")
    assert "2 sources, 1 format, " in outcome.out


def test_names_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = listed(capsys, broken()).splitlines()
    assert lines[0].split()[:7] == ["ok", "good", "1.0", "2", "formats,", "1", "layout"]
    assert lines[1] == "BAD bad   0.2.1  ImportError: No module named 'torch'  (bad (bad))"
    assert lines[2:] == ["another fault"]


def test_check_is_for_scripts(cli: Any) -> None:
    assert cli("plugins", "--check").code == 0
    with pytest.raises(typer.Exit) as caught:
        plugins.make(ARBVIS, broken())(as_json=False, check=True, explain=None)
    assert caught.value.exit_code == 1


def test_json_is_for_tools(cli: Any, capsys: pytest.CaptureFixture[str]) -> None:
    facts = json.loads(cli("plugins", "--json").out)
    assert facts["plugins"][0]["name"] == "arbvis"
    assert facts["plugins"][0]["counts"]["layouts"] == 1
    facts = json.loads(listed(capsys, broken(), as_json=True))
    assert facts["plugins"][1]["error"] == BAD.error
    assert "another fault" in facts["faults"]


def test_explain_names_the_winners(cli: Any, sample: Path) -> None:
    outcome = cli("plugins", "--explain", str(sample))
    assert outcome.code == 0
    winners = [line.split()[1] for line in outcome.out.splitlines() if line.startswith("  → ")]
    assert winners == ["local", "raw", "hilbert", "bytes"]


def test_explain_of_a_folder_and_in_json(cli: Any, tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(b"x")
    said = cli("plugins", "--explain", str(tmp_path)).out.splitlines()
    assert said[0] == f"{tmp_path} holds 2 files"
    assert "parse a, b" in said
    facts = json.loads(cli("plugins", "--explain", str(tmp_path), "--json").out)
    assert facts["explanation"]["sources"] == 2
    assert facts["explanation"]["stages"][1]["files"] == ["a", "b"]
    assert [stage["name"] for stage in facts["explanation"]["stages"]] == [
        *("open", "parse", "arrange", "render"),
    ]


def test_explain_of_what_is_not_there(cli: Any, tmp_path: Path) -> None:
    outcome = cli("plugins", "--explain", str(tmp_path / "gone"))
    assert outcome.code == 2
    assert "gone does not exist" in outcome.out

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arbvis_core import manifest
from arbvis_core.sinks import bundles


def test_the_mark_is_the_manifest_s() -> None:
    assert bundles.GENERATOR == manifest.GENERATOR


def test_reads_ours(tmp_path: Path) -> None:
    ours = {"schema": 7, "generator": {"name": "arbvis", "version": "9"}, "title": "é"}
    (tmp_path / "manifest.json").write_text(json.dumps(ours), encoding="utf-8")
    assert bundles.read_manifest(str(tmp_path)) == ours


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"schema": 1}',
        '{"schema": true, "generator": {"name": "arbvis"}}',
        '{"schema": "1", "generator": {"name": "arbvis"}}',
        '{"schema": 1, "generator": "arbvis"}',
        '{"schema": 1, "generator": {"name": "webpack"}}',
        "[" * 100_000,
        "\udcff",
    ],
)
def test_does_not_take_others_for_ours(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert bundles.read_manifest(str(tmp_path)) is None


def test_no_manifest(tmp_path: Path) -> None:
    assert bundles.read_manifest(str(tmp_path)) is None
    (tmp_path / "manifest.json").mkdir()
    assert bundles.read_manifest(str(tmp_path)) is None

from __future__ import annotations

from pathlib import Path

import pytest

from arbvis_core.cli.image import MAGIC, check_image
from arbvis_core.errors import SinkError


def test_a_new_file_and_an_old_png(tmp_path: Path) -> None:
    check_image(str(tmp_path / "a.png"), [], force=False)
    (tmp_path / "a.png").write_bytes(MAGIC + b"rest")
    check_image(str(tmp_path / "a.png"), ["-", str(tmp_path / "gone")], force=False)


def test_something_else_is_kept(tmp_path: Path) -> None:
    (tmp_path / "thesis").write_bytes(b"dear")
    with pytest.raises(SinkError, match=r"is a file that is no PNG.*--force"):
        check_image(str(tmp_path / "thesis"), [], force=False)
    check_image(str(tmp_path / "thesis"), [], force=True)


def test_an_input_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(MAGIC)
    with pytest.raises(SinkError, match="is an input"):
        check_image(str(tmp_path / "a.png"), [str(tmp_path / "." / "a.png")], force=True)


@pytest.mark.parametrize("path", ["", ".", "gone/a.png", "a\0b"])
def test_impossible_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SinkError, match="--png"):
        check_image(path, [], force=True)

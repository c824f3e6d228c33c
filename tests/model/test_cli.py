from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from arbvis_core.cli.app import start
from arbvis_core.values import ARBVIS
from modelweightvis.profile import MODELWEIGHTVIS


def test_the_program_says_who_it_is() -> None:
    words = [sys.executable, "-c", "from modelweightvis.cli import main; main()", "--version"]
    done = subprocess.run(words, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0
    assert done.stdout.startswith(b"modelweightvis ")


def test_the_same_bytes_by_either_program(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(bytes(range(256)) * 3000)
    layout = ("--layout", "hilbert", "-q")
    assert start(ARBVIS, [str(tmp_path / "in"), "-q", "-o", str(tmp_path / "a")]) == 0
    assert start(MODELWEIGHTVIS, [str(tmp_path / "in"), *layout, "-o", str(tmp_path / "m")]) == 0
    tiles = [one.relative_to(tmp_path / "a") for one in (tmp_path / "a" / "tiles").rglob("*.png")]
    assert tiles
    for tile in tiles:
        assert (tmp_path / "a" / tile).read_bytes() == (tmp_path / "m" / tile).read_bytes()

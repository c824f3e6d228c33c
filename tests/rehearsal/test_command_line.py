"""The rehearsal from the command line, as someone who installed it would use it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from rehearsal_tables import Table, assert_same, decoded, energy, picture, write

if TYPE_CHECKING:
    from arbvis_core.registry import Registry

TABLES = (Table("t", 611, 733), Table("u", 30, 40, bits=4))


@pytest.fixture
def folder(tmp_path: Path, registry: Registry) -> Path:
    """A place to work in, for programs that find the rehearsal installed."""
    assert registry.plugins
    return tmp_path


def arbvis(*arguments: object) -> str:
    code = "from arbvis_core.cli.launch import main; main()"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


def bundle(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def written(folder: Path, tables: tuple[Table, ...], seed: int) -> dict[str, Any]:
    folder.mkdir()
    return write(folder, "model", tables, seed)


def test_flags_of_the_plugin_change_the_picture(folder: Path) -> None:
    values = written(folder / "in", TABLES, 1)
    flags = ("--layout", "rehearsal-shelves", "--rehearsal-grey", "--rehearsal-energy")
    arbvis(folder / "in", *flags, "--out", folder / "out", "--jobs", 1)
    blobs = bundle(folder / "out")
    places = [(0, 0, values["t"]), (736, 0, values["u"])]
    assert_same(decoded(blobs, "tables"), picture(places, grey=True))
    panels = [(0, 0, energy(values["t"])), (15, 0, energy(values["u"]))]
    assert_same(decoded(blobs, "panels"), picture(panels, grey=True))


def test_a_difference(folder: Path) -> None:
    order = tuple(np.random.default_rng(3).permutation(611).tolist())
    left = written(folder / "left", TABLES, 1)
    right = written(folder / "right", (Table("t", 611, 733, order=order),), 2)
    inputs = (folder / "left", folder / "right")
    arbvis("--diff", *inputs, "--out", folder / "out")  # not the bytes of the two, whatever fits
    assert_same(
        decoded(bundle(folder / "out"), "tables"), picture([(0, 0, right["t"] - left["t"])])
    )


def test_the_command_and_the_check_of_plugins(folder: Path) -> None:
    values = written(folder / "in", TABLES, 1)
    lines = arbvis("rehearsal-stats", folder / "in").splitlines()
    assert lines[0].endswith(f"rms {np.sqrt((values['t'].astype(float) ** 2).mean()):.6g}")
    assert "rehearsal" in arbvis("plugins", "--check")

"""How fast a gigabyte of real bytes becomes a bundle, beside what else could be done with it.

Everything is measured in one run, alternately, and printed as a table. `nox -s bench` runs it;
`nox -s bench -- --quick` proves in seconds that it still works, `-- --write` keeps the figures.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import venv
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import measure
import racing
import workload

OURS, COPY = "`arbvis`, whole process", "`cp` of the input"
THEIRS, FLOOR = racing.THEIRS, racing.FLOOR


def race(ring: racing.Ring, chosen: argparse.Namespace) -> list[str]:
    """Run the programs in turn, and return the table of their medians."""
    size, file = chosen.mib << 20, ring.folder / "input.bin"
    unique = workload.concatenate(size, file)
    arbvis = partial(ring.ours, "arbvis", file)
    arbvis()  # compiles the kernels, and draws what the others are given
    bundle = ring.ready_made()
    copy = partial(ring.copy, file)
    programs = {OURS: arbvis, THEIRS: ring.dzsave, FLOOR: ring.floor, COPY: copy}
    runs = racing.alternate(programs, chosen.rounds)
    medians = racing.medians(runs)
    peak = arbvis(watch=True).private_bytes
    again = "" if unique == size else f", {unique >> 20} MiB of them different"
    setting = (
        f"{chosen.mib} MiB of executables and libraries{again}, {bundle}; {chosen.rounds} "
        "alternating rounds, input in the page cache. Mpx/s counts pixels of the maximum zoom."
    )
    return [
        setting,
        "",
        *racing.table(runs, dict.fromkeys(runs, bundle.width * bundle.height)),
        "",
        f"- `arbvis` ÷ `vips dzsave`: **{medians[THEIRS] / medians[OURS]:.1f} ×** the pixel rate",
        f"- `arbvis` ÷ floor: {medians[OURS] / medians[FLOOR]:.2f} × the time",
        f"- peak private memory of `arbvis`: {peak / 2**20:.0f} MiB",
    ]


def help_time(rounds: int) -> str:
    """Time `arbvis --help`."""
    command = (racing.BINARIES / "arbvis", "--help")
    seconds = [measure.run(command).seconds for _ in range(max(3, 2 * rounds))]
    return f"- `arbvis --help`: {statistics.median(seconds):.2f} s"


def first_run(folder: Path, wheel: Path) -> str:
    """Time the first run in a brand-new environment, where no kernel was ever compiled."""
    venv.create(folder / "venv", with_pip=True)
    binaries = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    install = (binaries / "python", "-m", "pip", "install", "-q", wheel.resolve())
    subprocess.run(install, check=True)
    workload.concatenate(1 << 20, folder / "small.bin")
    env = {**os.environ, "ARBVIS_CACHE_DIR": str(folder / "cache")}
    command = (binaries / "arbvis", folder / "small.bin", "--out", folder / "small", "--quiet")
    first, second = (measure.run((*command, "--force"), env).seconds for _ in range(2))
    return f"- first run after installation, 1 MiB: {first:.1f} s; the second: {second:.2f} s"


def main() -> None:
    """Print the figures, and write them into the page when asked."""
    taken = racing.parser(__doc__)
    taken.add_argument("--wheel", type=Path, help="measure a first run of this wheel, too")
    chosen = racing.parsed(taken)
    with racing.folder() as folder:
        lines = race(racing.Ring(folder, chosen.cores), chosen)
        lines.append(help_time(chosen.rounds))
        if chosen.wheel:
            lines.append(first_run(folder, chosen.wheel))
    racing.conclude("spine", lines, chosen)


if __name__ == "__main__":
    main()

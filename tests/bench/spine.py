"""How fast a gigabyte of real bytes becomes a bundle, beside what else could be done with it.

Everything is measured in one run, alternately, and printed as a table. `nox -s bench` runs it;
`nox -s bench -- --quick` proves in seconds that it still works, `-- --write` keeps the figures.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import measure
import workload

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "performance.md"
BINARIES = Path(sys.executable).parent


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024, help="size of the input")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program")
    parser.add_argument("--cores", type=int, default=2, help="cores that each program may use")
    parser.add_argument("--wheel", type=Path, help="measure a first run of this wheel, too")
    parser.add_argument("--quick", action="store_true", help="a small input, one round")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name}")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.mib, chosen.rounds = 32, 1
    return chosen


class Race:
    """The programs that are compared, on one input, in one temporary folder."""

    def __init__(self, folder: Path, size: int, cores: int) -> None:
        self.folder, self.size, self.cores = folder, size, cores
        self.input = folder / "input.bin"
        self.unique = workload.concatenate(size, self.input)
        self.out = folder / "out"
        self.arbvis()  # compiles the kernels, and draws what the others are given
        pixels, codes = folder / "pixels.rgb", folder / "codes.bin"
        self.width, self.height = workload.ready_made(self.out, pixels, codes)
        self.files = sum(1 for path in self.out.rglob("*") if path.is_file())
        self.bytes = sum(path.stat().st_size for path in self.out.rglob("*") if path.is_file())
        self.pixels, self.codes = pixels, codes

    def fresh(self) -> Path:
        """Return a target that does not exist."""
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.unlink(missing_ok=True)
        return self.out

    def arbvis(self, *, watch: bool = False) -> measure.Run:
        """Time the whole program."""
        options = ("--quiet", "--jobs", str(self.cores))
        command = (BINARIES / "arbvis", self.input, "--out", self.fresh(), *options)
        return measure.run(command, watch=watch)

    def dzsave(self) -> measure.Run:
        """Time libvips."""
        size = (str(self.width), str(self.height))
        script = (sys.executable, HERE / "dzsave.py")
        env = {**os.environ, "VIPS_CONCURRENCY": str(self.cores)}
        return measure.run((*script, self.pixels, *size, self.fresh()), env)

    def floor(self) -> measure.Run:
        """Time the deflater and the disk."""
        script = (sys.executable, HERE / "floor.py")
        return measure.run((*script, self.codes, self.fresh(), str(self.cores)))

    def copy(self) -> measure.Run:
        """Time `cp`."""
        return measure.run(("cp", self.input, self.fresh()))


def race(folder: Path, chosen: argparse.Namespace) -> list[str]:
    """Run the programs in turn, and return the table of their medians."""
    ring = Race(folder, chosen.mib << 20, chosen.cores)
    runs: dict[str, tuple[Callable[[], measure.Run], list[measure.Run]]] = {
        "`arbvis`, whole process": (ring.arbvis, []),
        "`vips dzsave`, from ready-made RGB pixels": (ring.dzsave, []),
        "floor: deflate the leaf codes and write them": (ring.floor, []),
        "`cp` of the input": (ring.copy, []),
    }
    for _ in range(chosen.rounds):
        for program, done in runs.values():
            done.append(program())
    medians = {
        name: statistics.median(one.seconds for one in done) for name, (_, done) in runs.items()
    }
    ours, theirs, floor, _ = medians.values()
    leaf = ring.width * ring.height / 1e6
    peak = ring.arbvis(watch=True).private_bytes
    table = ["| median of runs | seconds | spread | CPU seconds | Mpx/s |", "|---|--:|--:|--:|--:|"]
    for name, (_, done) in runs.items():
        seconds = sorted(one.seconds for one in done)
        cpu = statistics.median(one.cpu for one in done)
        spread, rate = f"{seconds[0]:.2f}–{seconds[-1]:.2f}", leaf / medians[name]
        table.append(f"| {name} | {medians[name]:.2f} | {spread} | {cpu:.2f} | {rate:.0f} |")
    again = "" if ring.unique == ring.size else f", {ring.unique >> 20} MiB of them different"
    setting = (
        f"{ring.size >> 20} MiB of executables and libraries{again}, {ring.width} × {ring.height} "
        f"pixels, {ring.files:,} files of {ring.bytes / 2**20:.0f} MiB; {chosen.rounds} alternating "
        "rounds, input in the page cache. Mpx/s counts pixels of the maximum zoom."
    )
    return [
        setting,
        "",
        *table,
        "",
        f"- `arbvis` ÷ `vips dzsave`: **{theirs / ours:.1f} ×** the pixel rate",
        f"- `arbvis` ÷ floor: {ours / floor:.2f} × the time",
        f"- peak private memory of `arbvis`: {peak / 2**20:.0f} MiB",
    ]


def help_time(rounds: int) -> str:
    """Time `arbvis --help`."""
    command = (BINARIES / "arbvis", "--help")
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
    chosen = arguments()
    measure.keep_to(chosen.cores)
    with tempfile.TemporaryDirectory(prefix="arbvis-bench-") as name:
        lines = [f"{datetime.now(UTC):%Y-%m-%d}, {measure.machine(chosen.cores)}.", ""]
        lines += race(Path(name), chosen)
        lines.append(help_time(chosen.rounds))
        if chosen.wheel:
            lines.append(first_run(Path(name), chosen.wheel))
    table = "\n".join(lines)
    print(table)
    if chosen.write:
        before, rest = PAGE.read_text(encoding="utf-8").split("<!-- spine -->\n")
        after = rest.split("<!-- /spine -->\n")[1]
        page = f"{before}<!-- spine -->\n{table}\n<!-- /spine -->\n{after}"
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()

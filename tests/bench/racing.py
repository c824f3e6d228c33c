"""Programs that run in turn on one machine, their table, and its place in the documentation."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import measure
import workload

MEMORY = Path("/dev/shm")  # noqa: S108 - a temporary folder of a random name is made in it
HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "performance.md"
BINARIES = Path(sys.executable).parent

#: What the programs of every race are called.
THEIRS = "`vips dzsave`, from ready-made RGB pixels"
FLOOR = "floor: deflate the leaf codes and write them"

Programs = Mapping[str, Callable[[], measure.Run]]
Runs = Mapping[str, Sequence[measure.Run]]


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return what every benchmark takes."""
    taken = argparse.ArgumentParser(description=description)
    taken.add_argument("--mib", type=int, default=1024, help="size of the input")
    taken.add_argument("--rounds", type=int, default=5, help="runs of each program")
    taken.add_argument("--cores", type=int, default=2, help="cores that each program may use")
    taken.add_argument("--quick", action="store_true", help="a small input, one round")
    taken.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name}")
    return taken


def parsed(taken: argparse.ArgumentParser) -> argparse.Namespace:
    """Return what was chosen on the command line, and keep to so many cores."""
    chosen = taken.parse_args()
    if chosen.quick:
        chosen.mib, chosen.rounds = 32, 1
    measure.keep_to(chosen.cores)
    return chosen


@contextmanager
def folder() -> Iterator[Path]:
    """Make a folder for inputs and outputs, and delete it at the end.

    It lies in `$TMPDIR`, or else in memory where the system has a file system there: what a disk does
    meanwhile is none of the programs' merits.
    """
    place = MEMORY if "TMPDIR" not in os.environ and MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="arbvis-bench-", dir=place) as name:
        yield Path(name)


class Ring:
    """A temporary folder with room for inputs and one output, and the programs of every race."""

    def __init__(self, folder: Path, cores: int) -> None:
        self.folder, self.cores = folder, cores
        self._out = folder / "out"
        self._pixels, self._codes = folder / "pixels.rgb", folder / "codes.bin"
        self.width = self.height = 0

    def fresh(self) -> Path:
        """Return a target that does not exist."""
        shutil.rmtree(self._out, ignore_errors=True)
        self._out.unlink(missing_ok=True)
        return self._out

    def ours(
        self, program: str, *arguments: str | os.PathLike[str], watch: bool = False
    ) -> measure.Run:
        """Time one of our programs, whole."""
        options = ("--quiet", "--jobs", str(self.cores))
        command = (BINARIES / program, *arguments, "--out", self.fresh(), *options)
        return measure.run(command, watch=watch)

    def ready_made(self) -> workload.Bundle:
        """Prepare for the others what the bundle that was drawn last shows, and describe it."""
        bundle = workload.ready_made(self._out, self._pixels, self._codes)
        self.width, self.height = bundle.width, bundle.height
        return bundle

    def dzsave(self) -> measure.Run:
        """Time libvips."""
        size = (str(self.width), str(self.height))
        script = (sys.executable, HERE / "dzsave.py")
        env = {**os.environ, "VIPS_CONCURRENCY": str(self.cores)}
        return measure.run((*script, self._pixels, *size, self.fresh()), env)

    def floor(self) -> measure.Run:
        """Time the deflater and the disk."""
        script = (sys.executable, HERE / "floor.py")
        return measure.run((*script, self._codes, self.fresh(), str(self.cores)))

    def copy(self, file: Path) -> measure.Run:
        """Time `cp`."""
        return measure.run(("cp", file, self.fresh()))


def alternate(programs: Programs, rounds: int) -> Runs:
    """Run the programs in turn, so many times."""
    runs: dict[str, list[measure.Run]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            runs[name].append(program())
    return runs


def medians(runs: Runs) -> dict[str, float]:
    """Return the median of the seconds of each program."""
    return {name: statistics.median(one.seconds for one in done) for name, done in runs.items()}


def table(runs: Runs, pixels: Mapping[str, int]) -> list[str]:
    """Return the lines of a table of medians.

    Args:
        runs: by program.
        pixels: what each program made or copied, of the maximum zoom.
    """
    lines = ["| median of runs | seconds | spread | CPU seconds | Mpx/s |", "|---|--:|--:|--:|--:|"]
    for name, median in medians(runs).items():
        seconds = sorted(one.seconds for one in runs[name])
        cpu = statistics.median(one.cpu for one in runs[name])
        spread, rate = f"{seconds[0]:.2f}–{seconds[-1]:.2f}", pixels[name] / 1e6 / median
        lines.append(f"| {name} | {median:.2f} | {spread} | {cpu:.2f} | {rate:.0f} |")
    return lines


def conclude(mark: str, lines: Sequence[str], chosen: argparse.Namespace) -> None:
    """Print the figures, and write them into their section of the page when asked."""
    head = f"{datetime.now(UTC):%Y-%m-%d}, {measure.machine(chosen.cores)}."
    told = "\n".join((head, "", *lines))
    print(told)
    if chosen.write:
        before, rest = PAGE.read_text(encoding="utf-8").split(f"<!-- {mark} -->\n")
        after = rest.split(f"<!-- /{mark} -->\n")[1]
        page = f"{before}<!-- {mark} -->\n{told}\n<!-- /{mark} -->\n{after}"
        PAGE.write_text(page, encoding="utf-8")

"""How fast checkpoints become bundles: BF16, Q4_K_M, and the difference of two.

Everything is measured in one run, alternately, and printed as a table. `nox -s bench` runs it after
`spine.py`, with the same options; `python tests/bench/checkpoint.py --mib 128` is a smaller race.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import models
import racing
import workload

BF16, Q4_K_M = "BF16 checkpoint to a bundle", "Q4_K_M checkpoint to a bundle"
DIFF = "two BF16 checkpoints to a bundle of their difference"
THEIRS, FLOOR, COPY = racing.THEIRS, racing.FLOOR, "`cp` of the BF16 checkpoint"

#: A model of 64 GiB in BF16, of which some is drawn: a block, or where that takes too long its attention.
SPARSE = models.Shape(8192, 28672, 32000, 39)
PART, SMALL_PART = "model.layers.3.*", "model.layers.3.self_attn.*"


class Models:
    """The checkpoints of the race."""

    def __init__(self, folder: Path, size: int) -> None:
        self.shape = models.shape_of(size)
        self.base = models.write_safetensors(folder / "base", self.shape)
        self.finetune = models.write_safetensors(folder / "finetune", self.shape, finetuned=True)
        self.q4_k_m = models.write_q4_k_m(folder / "model.gguf", self.shape)
        self.sparse = models.write_sparse(folder / "sparse", SPARSE)

    @property
    def bytes(self) -> int:
        """How many bytes the tensors take in BF16."""
        return 2 * self.shape.elements


def race(ring: racing.Ring, chosen: argparse.Namespace) -> list[str]:
    """Run the programs in turn, and return the table of their medians."""
    made = Models(ring.folder, chosen.mib << 20)
    ours = partial(ring.ours, "modelweightvis")
    bf16, q4_k_m = partial(ours, made.base), partial(ours, made.q4_k_m)
    difference = partial(ours, "--diff", made.base, made.finetune)
    for one in (q4_k_m, difference, bf16):
        one()  # compiles its kernels; the last one draws what the others are given
    bundle = ring.ready_made()
    programs = {
        BF16: bf16,
        THEIRS: ring.dzsave,
        FLOOR: ring.floor,
        COPY: partial(ring.copy, made.base),
        Q4_K_M: q4_k_m,
        DIFF: difference,
    }
    runs = racing.alternate(programs, chosen.rounds)
    part = PART if chosen.mib >= 1024 else SMALL_PART
    of_part = partial(ours, made.sparse, "--match", part)
    watched = {"BF16": bf16, "Q4_K_M": q4_k_m, "difference": difference, "part of 64 GiB": of_part}
    peaks = {name: program(watch=True).private_bytes >> 20 for name, program in watched.items()}
    peak = ", ".join(f"{name} {mib} MiB" for name, mib in peaks.items())
    return [
        _setting(made, bundle, chosen.rounds),
        "",
        *racing.table(runs, dict.fromkeys(runs, made.shape.elements)),
        "",
        *_ratios(racing.medians(runs)),
        _asked(ring, made),
        f"- peak private memory (aim: ≤ 1024 MiB): {peak}",
    ]


def _setting(made: Models, bundle: workload.Bundle, rounds: int) -> str:
    shape, packed = made.shape, made.q4_k_m.stat().st_size
    painted = shape.elements / (bundle.width * bundle.height)
    return (
        f"{made.bytes / 2**20:.0f} MiB of BF16 in {len(shape.tensors())} tensors "
        f"({shape.layers} blocks of width {shape.hidden}), {bundle}, {100 * painted:.0f} % of the "
        f"pixels are elements; Q4_K_M takes {packed / 2**20:.0f} MiB; {rounds} alternating rounds, "
        "inputs in the page cache. Mpx/s counts elements."
    )


def _ratios(medians: dict[str, float]) -> list[str]:
    ours = medians[BF16]
    return [
        f"- BF16 ÷ `vips dzsave`: **{medians[THEIRS] / ours:.1f} ×** the pixel rate (aim: ≥ 5)",
        f"- BF16 ÷ floor: {ours / medians[FLOOR]:.2f} × the time (aim: ≤ 2.2)",
        f"- Q4_K_M ÷ BF16: {medians[Q4_K_M] / ours:.2f} × the time (aim: ≤ 1.5)",
        f"- difference ÷ BF16: {medians[DIFF] / ours:.2f} × the time (aim: ≤ 2.2)",
    ]


def _asked(ring: racing.Ring, made: Models) -> str:
    """Tell how many bytes are asked for of every byte there is, samples and trials included."""
    options = ("--out", ring.fresh(), "--force", "--quiet", "--jobs", str(ring.cores))
    one = asked(made.base, *options) / made.bytes
    two = asked("--diff", made.base, made.finetune, *options) / (2 * made.bytes)
    found = f"BF16 {one:.3f}, difference {two:.3f}"
    return f"- bytes asked for ÷ bytes of the tensors (aim: ≤ 1.05): {found}"


def asked(*arguments: str | os.PathLike[str]) -> int:
    """Return how many bytes a command line asks its files for."""
    command = (sys.executable, racing.HERE / "counting.py", *arguments)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stderr.splitlines()[-1])


def main() -> None:
    """Print the figures, and write them into the page when asked."""
    chosen = racing.parsed(racing.parser(__doc__))
    with racing.folder() as folder:
        lines = race(racing.Ring(folder, chosen.cores), chosen)
    racing.conclude("checkpoint", lines, chosen)


if __name__ == "__main__":
    main()

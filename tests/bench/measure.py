"""Time and memory of other processes, and the machine they ran on."""

from __future__ import annotations

import os
import platform
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Command = Sequence[str | os.PathLike[str]]


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took.

    Attributes:
        seconds: from its start to its end.
        cpu: seconds of all its threads and children, which other programs disturb less.
        private_bytes: its peak private memory, where it was watched.
    """

    seconds: float
    cpu: float
    private_bytes: int = 0


def run(command: Command, env: Mapping[str, str] | None = None, *, watch: bool = False) -> Run:
    """Run a process to its end; with `watch`, sample its memory, which slows it a little."""
    if hasattr(os, "sync"):
        os.sync()  # what earlier runs left to write must not cost this one
    began, spent = time.perf_counter(), children_cpu()
    with subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:
        peak = _Peak(process.pid) if watch else None
        code = process.wait()
        seconds = time.perf_counter() - began
    if code:
        raise SystemExit(f"{command[0]} ended with {code}")
    return Run(seconds, children_cpu() - spent, peak.stop() if peak else 0)


def children_cpu() -> float:
    """Return the processor seconds of all children that have ended."""
    times = os.times()
    return times.children_user + times.children_system


class _Peak:
    """Samples the private memory of a process every 50 ms."""

    def __init__(self, pid: int) -> None:
        self._rollup = Path(f"/proc/{pid}/smaps_rollup")
        self._most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> int:
        self._over.set()
        self._thread.join()
        return self._most

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            try:
                lines = self._rollup.read_text().splitlines()
            except OSError:  # it has ended, or this is not Linux
                return
            private = sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
            self._most = max(self._most, private * 1024)


def keep_to(cores: int) -> None:
    """Let this process and those it starts use no more than so many cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def machine(cores: int) -> str:
    """Describe the machine in one line."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = models[0].split(":", 1)[1].strip() if models else model
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return f"{cores} cores of {model}, {system}, Python {platform.python_version()}"

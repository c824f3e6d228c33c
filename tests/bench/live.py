"""How soon a live view stands, how long tiles take, and what it needs while people fly about.

A dense model of random weights whose pages were evicted, a sparse one of 30,000 tensors and 100 GB,
and a GGUF of few weights and 128,000 words. `nox -s bench` runs it last; it takes disk space for the
dense one. `python tests/bench/live.py --gib 1 --seconds 10` is a smaller one, and `--only dense
--seconds 600` flies for ten minutes.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import gguf
import numpy as np

TILE = 512
#: Tiles of a screen, and requests in flight.
SCREEN, FLYING = 16, 8
#: Tiles whose latency is taken.
TILES = 300
SPARSE_LAYERS, SPARSE_EXPERTS, SPARSE_SHAPE = 39, 256, (2048, 816)
WORDS = 128_000


def dense(path: Path, size: int) -> None:
    """Write a model of random BF16 weights, every byte of them different from its neighbours."""
    hidden, inner = 4096, 11008
    block = {
        **{f"self_attn.{one}_proj": (hidden, hidden) for one in "qkvo"},
        **{f"mlp.{one}_proj": (inner, hidden) for one in ("gate", "up")},
        "mlp.down_proj": (hidden, inner),
    }
    weights = 2 * sum(rows * columns for rows, columns in block.values())
    shapes = {
        f"model.layers.{layer}.{name}.weight": shape
        for layer in range(-(-size // weights))
        for name, shape in block.items()
    }
    random = np.random.default_rng(0)
    pool = random.standard_normal(64 << 20, np.float32) * np.float32(0.02)
    values = (pool.view(np.uint32) >> 16).astype("<u2")
    with path.open("wb") as file:
        file.write(header(shapes))
        for rows, columns in shapes.values():
            left = rows * columns
            while left:
                start = int(random.integers(0, values.size // 2))
                part = values[start : start + min(left, values.size - start)]
                file.write(part.data)
                left -= part.size
        file.flush()
        os.fsync(file.fileno())


def sparse(path: Path) -> None:
    """Write a mixture of experts of zeros that takes no room on disk."""
    shapes = {
        f"model.layers.{layer}.mlp.experts.{expert}.{one}_proj.weight": SPARSE_SHAPE
        for layer in range(SPARSE_LAYERS)
        for expert in range(SPARSE_EXPERTS)
        for one in ("gate", "up", "down")
    }
    text = header(shapes)
    with path.open("wb") as file:
        file.write(text)
        file.truncate(len(text) + 2 * len(shapes) * SPARSE_SHAPE[0] * SPARSE_SHAPE[1])


def header(shapes: dict[str, tuple[int, int]]) -> bytes:
    """Return how a safetensors file of BF16 begins."""
    facts: dict[str, Any] = {}
    start = 0
    for name, shape in shapes.items():
        stop = start + 2 * shape[0] * shape[1]
        facts[name] = {"dtype": "BF16", "shape": shape, "data_offsets": (start, stop)}
        start = stop
    text = json.dumps(facts).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def wordy(path: Path) -> None:
    """Write a GGUF whose header has more bytes than people expect of one."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(2)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([f"word{number}".encode() for number in range(WORDS)])
    writer.add_token_merges([f"wo rd{number}" for number in range(WORDS)])
    writer.add_token_scores([float(number) for number in range(WORDS)])
    random = np.random.default_rng(1)
    writer.add_tensor("token_embd.weight", random.standard_normal((WORDS, 256), np.float32))
    for layer in range(2):
        for name in ("attn_q", "attn_k", "ffn_up"):
            tensor = random.standard_normal((256, 256), np.float32)
            writer.add_tensor(f"blk.{layer}.{name}.weight", tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def evict(path: Path) -> None:
    """Let the system forget what it holds of a file."""
    with path.open("rb") as file:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@dataclass
class View:
    """A live view that runs."""

    process: subprocess.Popen[bytes]
    port: int
    began: float
    local: threading.local = field(default_factory=threading.local)

    def get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Ask; each thread keeps its connection."""
        for again in (True, False):
            connection = getattr(self.local, "connection", None)
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                self.local.connection = connection
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                headers = {name.lower(): value for name, value in answer.getheaders()}
                return answer.status, headers, answer.read()
            except (OSError, http.client.HTTPException):
                self.local.connection = None
                if not again:
                    raise
        raise AssertionError

    def ready(self, path: str) -> tuple[float, bytes]:
        """Ask until there is an answer; return when it came."""
        while True:
            try:
                status, _, body = self.get(path)
            except OSError:
                status = 0
            if status == 200:
                return time.perf_counter() - self.began, body
            if self.process.poll() is not None:
                raise SystemExit(f"it ended with {self.process.returncode}")
            time.sleep(0.005)

    def cpu(self) -> float:
        """Return the processor seconds that it has taken, which other programs disturb less."""
        fields = (
            Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        )
        return sum(map(int, fields.split()[11:13])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Return its private memory."""
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text(encoding="ascii")
        return 1024 * sum(int(one) for one in re.findall(r"Private_\w+: +(\d+)", text))


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def viewed(path: Path, cache: Path) -> Iterator[View]:
    """Start a live view of a file, and end it with Ctrl-C."""
    command = [str(Path(sys.executable).with_name("modelweightvis")), "view", str(path)]
    port = free_port()  # another view may have the one that is taken by default
    command += ["--no-browser", "-q", "--port", str(port)]
    env = {**os.environ, "ARBVIS_CACHE_SIZE": "0", "TMPDIR": str(cache)}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody's installation compiles Python on every start
    began = time.perf_counter()
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as process:
        try:
            yield View(process, port, began)
        finally:
            if process.poll() is None:
                process.kill()


def ended(view: View) -> float:
    """End a view with Ctrl-C; return how long that took."""
    began = time.perf_counter()
    view.process.send_signal(signal.SIGINT)
    view.process.wait(30)
    return time.perf_counter() - began


def screen(scene: dict[str, Any]) -> list[str]:
    """Return the tiles of the first screen: of the deepest zoom that has no more than fit."""
    levels = [one for one in scene["canvas"]["levels"] if one["columns"] * one["rows"] <= SCREEN]
    last = levels[-1]
    return [
        f"/tiles/{scene['key']}/{last['zoom']}/{x}/{y}.png"
        for y in range(last["rows"])
        for x in range(last["columns"])
    ]


def timed(view: View, paths: list[str]) -> list[float]:
    """Return how long each of these takes, so many in flight."""

    def one(path: str) -> float:
        began = time.perf_counter()
        status, _, body = view.get(path)
        if status != 200:
            raise SystemExit(f"{path}: {status} {body[:200]!r}")
        return time.perf_counter() - began

    with ThreadPoolExecutor(FLYING) as clients:
        return [*clients.map(one, paths)]


def first_screen(view: View) -> dict[str, Any]:
    """Wait for the page and the first screen, and say what they took."""
    page, _ = view.ready("/")
    spent = [view.cpu()]
    described, body = view.ready("/manifest.json")
    spent.append(view.cpu())
    scene = json.loads(body)["scenes"][0]
    with ThreadPoolExecutor(FLYING) as clients:
        answers = [*clients.map(view.get, screen(scene))]
    stands = time.perf_counter() - view.began
    spent.append(view.cpu())
    sample = scene["sample"]
    read, runs = int(sample.get("bytes", 0)), int(sample.get("reads", 0))
    for _, headers, _ in answers:
        told = dict(one.split("=") for one in headers.get("arbvis-sample", "").split("; ") if one)
        read, runs = read + int(told.get("bytes", 0)), runs + int(told.get("reads", 0))
    return {
        "cpu": " + ".join(f"{one:.2f}" for one in np.diff([0, *spent])),
        "page": page,
        "manifest": described,
        "screen": stands,
        "tiles": len(answers),
        "sampled": sum("arbvis-sample" in headers for _, headers, _ in answers),
        "mib": read / 2**20,
        "reads": runs,
        "scene": scene,
    }


def leaves(scene: dict[str, Any], random: Random, count: int) -> list[str]:
    """Return tiles of the maximum zoom in which something lies."""
    zoom = scene["canvas"]["max_zoom"]
    found = []
    for _ in range(count):
        one = random.choice(scene["placements"])
        x = (one["x"] + random.randrange(one["width"])) // TILE
        y = (one["y"] + random.randrange(one["height"])) // TILE
        found.append(f"/tiles/{scene['key']}/{zoom}/{x}/{y}.png")
    return found


def latencies(view: View, scene: dict[str, Any], path: Path) -> Iterator[tuple[str, list[float]]]:
    """Yield how long tiles of the maximum zoom take: read from disk, from memory, and kept."""
    paths = leaves(scene, Random(2), TILES)  # noqa: S311
    timed(view, paths[:FLYING])
    evict(path)
    yield "cold: read from disk", timed(view, paths[FLYING:])
    yield "warm: drawn anew, in other colours", timed(view, [f"{one}?gain=2" for one in paths])
    yield "asked for again", timed(view, paths)


def flying(view: View, scene: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Let clients ask for random tiles and values for a while."""
    over, errors = time.monotonic() + seconds, 0
    memory: list[int] = []
    key, canvas, counts = scene["key"], scene["canvas"], [0] * FLYING

    def fly(number: int) -> int:
        random, failed = Random(number), 0  # noqa: S311
        while time.monotonic() < over:
            level = random.choice(canvas["levels"])
            x, y = random.randrange(level["columns"]), random.randrange(level["rows"])
            address = f"/tiles/{key}/{level['zoom']}/{x}/{y}.png"
            if random.random() < 0.2:
                at = f"x={random.randrange(canvas['width'])}&y={random.randrange(canvas['height'])}"
                address = f"/api/scenes/{key}/value?{at}"
            if random.random() < 0.05:
                address = "/api/progress?since=0"
            failed += view.get(address)[0] != 200
            counts[number] += 1
        return failed

    with ThreadPoolExecutor(FLYING) as clients:
        flights = [clients.submit(fly, number) for number in range(FLYING)]
        while time.monotonic() < over:
            memory.append(view.memory())
            time.sleep(1)
        errors = sum(one.result() for one in flights)
    half, step = len(memory) // 2, max(1, len(memory) // 10)
    return {
        "answers": sum(counts),
        "errors": errors,
        "half": max(memory[:half], default=0) / 2**20,
        "most": max(memory) / 2**20,
        "course": [max(memory[at : at + step]) / 2**20 for at in range(0, len(memory), step)],
    }


def share(values: list[float], part: float) -> float:
    """Return the value below which such a part lies."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def report(name: str, make: Callable[[Path], None], path: Path, seconds: float) -> None:
    """Measure one file and print what was found."""
    make(path)
    size = path.stat().st_size / 2**30
    print(f"\n### {name}: {size:,.2f} GiB\n", flush=True)
    print("| run | page | manifest | first screen | CPU of each | tiles (sampled) | read | reads |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for run in range(3):
        evict(path)
        with viewed(path, path.parent) as view:
            found = first_screen(view)
            scene = found.pop("scene")
            told = "kernels compiled" if not run else "evicted"
            print(
                f"| {told} | {found['page']:.2f} s | {found['manifest']:.2f} s "
                f"| {found['screen']:.2f} s | {found['cpu']} s | {found['tiles']} ({found['sampled']}) "
                f"| {found['mib']:.1f} MiB | {found['reads']:,} |",
                flush=True,
            )
            if run < 2:
                ended(view)
                continue
            print("\n| tiles of the maximum zoom, 8 in flight | median | p99 |\n|---|---:|---:|")
            for kind, taken in latencies(view, scene, path):
                middle, last = statistics.median(taken), share(taken, 0.99)
                print(f"| {kind} | {1000 * middle:.1f} ms | {1000 * last:.1f} ms |", flush=True)
            flown = flying(view, scene, seconds)
            print(
                f"\n{FLYING} clients for {seconds:.0f} s: {flown['answers']:,} answers, "
                f"{flown['errors']} errors, at most {flown['half']:.0f} MiB of private memory in the "
                f"first half and {flown['most']:.0f} MiB over all; ended {ended(view):.2f} s after "
                f"Ctrl-C. The most in each tenth of the time: "
                f"{', '.join(f'{one:.0f}' for one in flown['course'])} MiB.",
                flush=True,
            )


def main() -> None:
    """Measure all three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gib", type=float, default=8.0, help="of the dense model")
    parser.add_argument("--seconds", type=float, default=120.0, help="of flying about")
    parser.add_argument("--folder", help="where the models are written for a while")
    parser.add_argument("--only", choices=("dense", "sparse", "wordy"))
    chosen, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        made: dict[str, tuple[str, Callable[[Path], None], str]] = {
            "dense": (
                "dense BF16",
                lambda path: dense(path, int(chosen.gib * 2**30)),
                "dense.safetensors",
            ),
            "sparse": ("sparse, 29,952 tensors", sparse, "sparse.safetensors"),
            "wordy": ("GGUF of 128,000 words", wordy, "wordy.gguf"),
        }
        for key, (name, make, file) in made.items():
            if chosen.only in {None, key}:
                path = Path(folder, file)
                report(name, make, path, chosen.seconds)
                path.unlink()


if __name__ == "__main__":
    main()

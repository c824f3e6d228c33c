"""Measure the models on text they never saw, and write the tables of ../README.md.

Usage: python figures.py  (needs torch, transformers, sentencepiece, gguf)
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import texts
import tokenizer
import torch
import transformers
from transformers import AutoModelForCausalLM

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transformers import PreTrainedModel

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
CONTEXT = 256
#: At most so many windows of each held-out text are measured, evenly spaced.
WINDOWS = 256
MODELS = ("llama-code", "llama-prose", "mixtral-code-prose")


@dataclass(frozen=True, slots=True)
class Measured:
    """What one model did with one text: nats per token, and each layer's share of each expert."""

    loss: float
    shares: np.ndarray | None
    noise: np.ndarray | None


def windows(kind: str) -> torch.Tensor:
    """Return held-out windows of one kind of text."""
    row = texts.tokens(tokenizer.load(HERE / MODELS[0]), texts.split(kind)[1])
    rows = row[: len(row) // CONTEXT * CONTEXT].reshape(-1, CONTEXT)
    chosen = np.linspace(0, len(rows) - 1, min(WINDOWS, len(rows))).round().astype(int)
    return torch.from_numpy(rows[chosen])


def experts(logits: Sequence[torch.Tensor], used: int, count: int) -> np.ndarray:
    """Return for each layer and window how often each expert was chosen: layers × windows × n."""
    chosen = [layer.topk(used).indices.reshape(-1, CONTEXT * used) for layer in logits]
    counts = [
        [np.bincount(window.numpy(), minlength=count) for window in layer] for layer in chosen
    ]
    return np.array(counts)


@torch.no_grad()
def measure(model: PreTrainedModel, rows: torch.Tensor) -> Measured:
    """Return the mean loss within the windows, and where a mixture sent the tokens."""
    model.eval()
    total, counted, chosen = 0.0, 0, []
    for batch in rows.split(16):
        out = model(input_ids=batch, use_cache=False)
        total += torch.nn.functional.cross_entropy(
            out.logits[:, :-1].flatten(0, 1).float(), batch[:, 1:].flatten(), reduction="sum"
        ).item()
        counted += batch[:, 1:].numel()
        if getattr(out, "router_logits", None):
            config = model.config
            chosen.append(
                experts(out.router_logits, config.num_experts_per_tok, config.num_local_experts)
            )
    if not chosen:
        return Measured(total / counted, None, None)
    counts = np.concatenate(chosen, axis=1)
    halves = share(counts[:, 0::2]), share(counts[:, 1::2])
    return Measured(total / counted, share(counts), distance(*halves))


def share(counts: np.ndarray) -> np.ndarray:
    """Return each expert's share of a layer's choices: layers × experts."""
    summed = counts.sum(axis=1)
    return summed / summed.sum(axis=1, keepdims=True)


def distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the total variation of two rows of shares, of each layer."""
    return np.abs(one - other).sum(axis=1) / 2


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown; all columns but the first are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def losses(rows: dict[str, torch.Tensor]) -> tuple[str, dict[str, dict[str, Measured]]]:
    """Measure every model on every text; return the table, and the figures by model and text."""
    found: dict[str, dict[str, Measured]] = {}
    for name in MODELS:
        model = AutoModelForCausalLM.from_pretrained(HERE / name, dtype=torch.float32)
        found[name] = {kind: measure(model, row) for kind, row in rows.items()}
    for path in sorted((HERE / "llama-code-gguf").glob("*.gguf")):
        model = AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=torch.float32
        )
        found[path.name] = {kind: measure(model, row) for kind, row in rows.items()}
    entropy = [
        f"{texts.unigram_entropy(row[:, 1:].flatten().numpy()):.3f}" for row in rows.values()
    ]
    lines = [[f"`{name}`", *(f"{found[name][kind].loss:.3f}" for kind in rows)] for name in found]
    head = ["held-out loss, nats per token", *rows]
    return table(head, [["unigram entropy of the same tokens", *entropy], *lines]), found


def routing(measured: dict[str, Measured]) -> str:
    """Return how differently a mixture routes code and prose, layer by layer."""
    code, prose = measured["code"], measured["prose"]
    assert code.shares is not None  # noqa: S101
    assert prose.shares is not None  # noqa: S101
    between = distance(code.shares, prose.shares)
    columns = [
        [f"layer {layer}" for layer in range(len(between))],
        *([f"{value:.3f}" for value in row] for row in (between, code.noise, prose.noise)),
        *([percent(row) for row in shares] for shares in (code.shares, prose.shares)),
    ]
    head = ["total variation of expert shares", "code to prose", "code, two halves"]
    head += ["prose, two halves", "shares on code, %", "shares on prose, %"]
    return table(head, zip(*columns, strict=True))


def percent(shares: np.ndarray) -> str:
    """Return shares as whole percents."""
    return " ".join(f"{value:.0%}".rstrip("%") for value in shares)


def files() -> str:
    """Return the table of files, with sizes and digests."""
    kept = {".safetensors", ".gguf", ".json", ".model"}
    paths = sorted(path for path in HERE.rglob("*") if path.suffix in kept)
    rows = []
    for path in paths:
        data = path.read_bytes()
        name = path.relative_to(HERE.parent).as_posix()
        rows.append([f"`{name}`", f"{len(data):,}", f"`{hashlib.sha256(data).hexdigest()}`"])
    return table(["file", "bytes", "SHA-256"], rows)


def write(section: str, text: str) -> None:
    """Print a section and put it between its marks in the README."""
    print(f"{text}\n")
    whole = README.read_text(encoding="utf-8")
    marks = f"<!-- {section} -->", f"<!-- end of {section} -->"
    pattern = re.compile(f"{re.escape(marks[0])}.*?{re.escape(marks[1])}", re.DOTALL)
    new = pattern.sub(lambda _: f"{marks[0]}\n{text}\n{marks[1]}", whole)
    README.write_text(new, encoding="utf-8", newline="\n")


def main() -> None:
    """Measure everything."""
    texts.check_python()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    rows = {kind: windows(kind) for kind in texts.KINDS}
    sizes = ", ".join(f"{kind} {row.numel():,}" for kind, row in rows.items())
    print(f"texts: {texts.digest()}; held-out tokens measured: {sizes}\n")
    text, found = losses(rows)
    write("losses", text)
    write("routing", routing(found["mixtral-code-prose"]))
    write("files", files())


if __name__ == "__main__":
    main()

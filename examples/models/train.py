"""Train the example models: the base on code, its finetune on prose, the mixture on both.

Usage: python train.py base|finetune|moe [--steps N]
Needs torch, transformers and sentencepiece (see ../README.md); writes beside itself.
Seeded, so one machine gives the same weights twice; another machine's rounding differs a little.
"""

from __future__ import annotations

import argparse
import math
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import texts
import tokenizer
import torch
import transformers
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    PreTrainedModel,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
CONTEXT = 256
BATCH = 4
#: The weight of even routing, for a mixture.
BALANCE = 0.02
TOKENIZER_FILES = ("tokenizer.model", "tokenizer.json", "tokenizer_config.json")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one model is made: its start, its share of each text, and its schedule."""

    folder: str
    start: Callable[[], PreTrainedModel]
    shares: dict[str, float]
    steps: int
    rate: float
    seed: int


def common() -> dict[str, object]:
    """Return what both configurations say alike."""
    return {
        "vocab_size": texts.VOCABULARY,
        "num_hidden_layers": 4,
        "max_position_embeddings": CONTEXT,
        "rms_norm_eps": 1e-5,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0},
        "bos_token_id": 1,
        "eos_token_id": 2,
        "tie_word_embeddings": False,
    }


def base() -> PreTrainedModel:
    """Return a fresh Llama of 2.8 M parameters; its rows are multiples of 256, for K-quants."""
    return LlamaForCausalLM(
        LlamaConfig(
            hidden_size=256,
            intermediate_size=512,
            num_attention_heads=8,
            num_key_value_heads=4,
            **common(),
        )
    )


def moe() -> PreTrainedModel:
    """Return a fresh Mixtral of 2 M parameters: 8 experts in each layer, 2 of them per token."""
    return MixtralForCausalLM(
        MixtralConfig(
            hidden_size=128,
            intermediate_size=128,
            num_attention_heads=4,
            num_key_value_heads=2,
            num_local_experts=8,
            num_experts_per_tok=2,
            router_aux_loss_coef=0.0,  # that one balances all layers as a whole, see `balance`
            output_router_logits=True,
            **common(),
        )
    )


def trained() -> PreTrainedModel:
    """Return the base as published, in float32."""
    return AutoModelForCausalLM.from_pretrained(HERE / RECIPES["base"].folder, dtype=torch.float32)


RECIPES = {
    "base": Recipe("llama-code", base, {"code": 1.0}, 2000, 2e-3, 1),
    "finetune": Recipe("llama-prose", trained, {"prose": 1.0}, 400, 6e-4, 2),
    "moe": Recipe("mixtral-code-prose", moe, {"code": 0.6, "prose": 0.4}, 1000, 3e-3, 3),
}


def batches(recipe: Recipe) -> Iterator[torch.Tensor]:
    """Yield windows of tokens, of each kind of text its share."""
    model = tokenizer.load(HERE / recipe.folder)
    rows = {kind: texts.tokens(model, texts.split(kind)[0]) for kind in recipe.shares}
    kinds, shares = list(recipe.shares), list(recipe.shares.values())
    random = np.random.default_rng(recipe.seed)
    while True:
        windows = []
        for kind in random.choice(kinds, BATCH, p=shares):
            start = int(random.integers(len(rows[kind]) - CONTEXT))
            windows.append(rows[kind][start : start + CONTEXT])
        yield torch.from_numpy(np.stack(windows))


def optimiser(model: PreTrainedModel, rate: float) -> torch.optim.Optimizer:
    """Return AdamW that lets only matrices decay."""
    matrices = [weight for weight in model.parameters() if weight.ndim > 1]
    vectors = [weight for weight in model.parameters() if weight.ndim == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95))


def schedule(step: int, steps: int) -> float:
    """Return the share of the learning rate: a short rise, then a cosine down to a twentieth."""
    warmup = min(100, steps // 10)
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done))


def balance(logits: tuple[torch.Tensor, ...], used: int) -> torch.Tensor:
    """Return how unevenly each layer uses its experts, summed: the loss of Switch, 1 at best."""
    total = torch.zeros(())
    for layer in logits:
        count = layer.shape[-1]
        chosen = torch.bincount(layer.topk(used).indices.flatten(), minlength=count)
        total = total + count * (chosen / chosen.sum() * layer.softmax(-1).mean(0)).sum()
    return total


def train(model: PreTrainedModel, recipe: Recipe, steps: int) -> None:
    """Train in place and print the loss now and then."""
    model.train()
    descent = optimiser(model, recipe.rate)
    rates = torch.optim.lr_scheduler.LambdaLR(descent, lambda step: schedule(step, steps))
    began, mean = time.monotonic(), 0.0
    for step, batch in enumerate(batches(recipe), 1):
        out = model(input_ids=batch, labels=batch, use_cache=False)
        loss = out.loss
        if routed := getattr(out, "router_logits", None):
            loss = loss + BALANCE * balance(routed, model.config.num_experts_per_tok)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        descent.step()
        rates.step()
        descent.zero_grad()
        mean += out.loss.item()
        if step % 100 == 0 or step == steps:
            seconds = time.monotonic() - began
            print(
                f"step {step:5}  loss {mean / (step % 100 or 100):.3f}  {seconds:.0f} s", flush=True
            )
            mean = 0.0
        if step == steps:
            return


def main() -> None:
    """Train one model and write it as BF16 safetensors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=RECIPES)
    parser.add_argument("--steps", type=int, help="fewer, to try it out")
    chosen = parser.parse_args()
    texts.check_python()
    transformers.utils.logging.disable_progress_bar()
    recipe = RECIPES[chosen.model]
    folder = HERE / recipe.folder
    folder.mkdir(exist_ok=True)
    if chosen.model == "base":
        tokenizer.train(folder)
    else:
        for name in TOKENIZER_FILES:
            shutil.copyfile(HERE / RECIPES["base"].folder / name, folder / name)
    torch.set_num_threads(1)  # models this small gain nothing from more, and sums keep their order
    torch.manual_seed(recipe.seed)
    model = recipe.start()
    print(f"{recipe.folder}: {model.num_parameters():,} parameters")
    train(model, recipe, chosen.steps or recipe.steps)
    model.to(torch.bfloat16).save_pretrained(folder)


if __name__ == "__main__":
    main()

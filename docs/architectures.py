"""Write the page of known architectures, by running the name tables over real models' names.

Usage: python docs/architectures.py. The names lie in `tests/data/names`, one file for each
architecture, derived from transformers' module trees; a test holds that the page is current.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from modelweightvis.names import Name, parse_names, roles

ROOT = Path(__file__).parents[1]
NAMES = ROOT / "tests" / "data" / "names"
PAGE = ROOT / "docs" / "reference" / "architectures.md"

INTRO = """\
# Architectures

Made by running the name tables (`modelweightvis/names`) over the tensor names of small random
models; do not edit. What each tensor has to come out as was derived from the module trees of
`transformers`, not from names, and a test compares every tensor. Models that are not listed work
too where their names are built from known words: nothing here is keyed by a model's name.

A tensor's **stack** is its tower of blocks, its **layer** the index of its block, its **role** what
it does there. `attention (q k v o)` stands for `attention.q`, `attention.k` and so on, in the order
of drawing. A leaf that the list of roles does not name keeps the model's own word
behind its group, e.g. `attention.novel_proj`. GGUF files and Mistral's own format give the same
roles and the same canonical names.

A norm is called after the half of the block that it belongs to: `attention_norm` before the
attention (or before whatever mixes tokens: a state-space block has one too), `attention_post_norm`
after it, `mlp_norm` and `mlp_post_norm` likewise.
"""


def stored_names(architecture: Path) -> list[str]:
    """Return the tensor names of one architecture."""
    return [
        template.replace("{L}", str(layer)).replace("{E}", str(expert))
        for template, *_, layers, experts in json.loads(architecture.read_text("utf-8"))
        for layer in layers or [0]
        for expert in experts or [0]
    ]


def told(names: Iterable[Name]) -> str:
    """Return the roles of some tensors in the order of drawing, groups drawn together."""
    seen = {name.role: name.order[:2] for name in names}
    ordered = sorted(seen, key=lambda role: (seen[role], role))
    words = []
    for group, members in groupby(ordered, key=roles.group_of):
        leaves = [role.partition(".")[2] for role in members]
        inside = " ".join(filter(None, leaves))
        words.append(f"{group} ({inside})" if inside else group)
    return ", ".join(words)


def rows(architecture: Path) -> Iterable[str]:
    """Yield the rows of one architecture: one for each stack and kind of block, one for the rest."""
    names = parse_names(stored_names(architecture))
    first = f"`{architecture.stem}`"
    blocks = {(name.stack, name.block_kind) for name in names if name.layer is not None}
    for stack, kind in sorted(blocks):
        members = [n for n in names if (n.stack, n.block_kind) == (stack, kind)]
        yield f"| {first} | {stack} | {kind} | {told(members)} |"
        first = ""
    outside = [name for name in names if name.layer is None]
    yield f"| {first} | | outside the blocks | {told(outside)} |"


def vocabulary() -> Iterable[str]:
    """Yield the rows of the list of roles."""
    for group, leaves in roles.BLOCK.items():
        yield f"| {group} | in a block | {' '.join(filter(None, leaves))} |"
    for group, (place, leaves) in roles.OUTER.items():
        yield f"| {group} | {place} the blocks | {' '.join(filter(None, leaves))} |"


def page() -> str:
    """Return the page."""
    lines = ["## Roles", "", "| Group | Place | Roles |", "|---|---|---|", *vocabulary(), ""]
    lines += ["## Models", "", "| Architecture | Stack | Block | Roles |", "|---|---|---|---|"]
    for architecture in sorted(NAMES.glob("*.json")):
        lines += rows(architecture)
    return "\n".join([INTRO, *lines]) + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

"""All names of a model at once: prefixes, stacks, blocks, roles, canonical names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from modelweightvis.names import blocks, contexts, gguf, outer, roles, rows, stacks, tables
from modelweightvis.names.reading import Container, Found, Reader
from modelweightvis.names.values import Name

#: Real blocks hold fewer different leaves than this; what comes after tells no leaf its meaning.
_SIBLINGS: Final = 512


def parse_names(names: Sequence[str], metadata: Mapping[str, Any] | None = None) -> list[Name]:
    """Return what each name of a model means, in the order given.

    Args:
        names: every tensor name of one model; anything goes, nothing is trusted.
        metadata: the model's `config.json` or GGUF key-value pairs, where there are any; only the
            architecture is looked at.
    """
    reader = Reader()
    model = [reader.read(name) for name in names]
    architecture = _architecture(metadata or {})
    _give_block_roles(model, architecture)
    _leave_false_blocks(model)
    _give_stacks(model, architecture)
    return _assemble(model)


def _architecture(metadata: Mapping[str, Any]) -> str:
    for key in ("general.architecture", "model_type"):
        if isinstance(value := metadata.get(key), str):
            return value
    return ""


def _give_block_roles(model: Iterable[Found], architecture: str) -> None:
    members: dict[tuple[Container, int], list[Found]] = {}
    for found in model:
        if found.layer is not None:
            members.setdefault((found.shape.box, found.layer), []).append(found)
    memo: dict[tuple[str, str, str, bool], str] = {}
    for (box, _), block in members.items():
        leaves = {f"{found.shape.context}|{found.shape.leaf}" for found in block}
        siblings = "\n".join(sorted(leaves)[:_SIBLINGS])
        spelt = blocks.is_gguf(box)
        if spelt:
            siblings += _gguf_hints(architecture, leaves)
        for found in block:
            key = (found.shape.context, found.shape.leaf, siblings, spelt)
            if key not in memo:
                memo[key] = _gguf_role(*key[1:3]) if spelt else _role(*key[:3])
            found.role = memo[key]


def _gguf_hints(architecture: str, leaves: set[str]) -> str:
    """Say, as further leaves, what an architecture does with a name in its own way."""
    hints = f"\n|{architecture}:attn_norm_2" if "|attn_norm_2" in leaves else ""
    return hints + ("\n|fused_up" if architecture in gguf.FUSED_UP else "")


def _gguf_role(leaf: str, siblings: str) -> str:
    return rows.find(gguf.BLOCK, leaf, siblings) or "other"


def _role(context: str, leaf: str, siblings: str) -> str:
    context = tables.settle(context, siblings)
    role = rows.find(tables.BY_CONTEXT[context], leaf, siblings, context)
    if role is None and context:
        role = f"{context}.{leaf.replace('.', '_')}"
    if role is None and "." in leaf:  # a norm with matrices of its own
        head, _, rest = leaf.partition(".")
        norm = rows.find(tables.NORMS, head, siblings)
        role = f"{norm}.{rest.replace('.', '_')}" if norm else None
    return (role or "other").lower()


def _leave_false_blocks(model: Iterable[Found]) -> None:
    """Take the layer from what only looks like a block: the stages of a CNN, the parts of a UNet.

    A list is a stack if its members hold an attention, an MLP or the like; two lists around it mean
    a tree of modules, which is no stack.
    """
    groups: dict[Container, set[str]] = {}
    for found in model:
        if found.layer is not None:
            groups.setdefault(found.shape.box, set()).add(roles.group_of(found.role))
    core = {box for box, seen in groups.items() if blocks.is_gguf(box) or seen & blocks.CORE}
    tree = any(sum(map(contexts.is_index, box)) > 1 for box in core)
    for found in model:
        box = found.shape.box
        if found.layer is None or (box in core and not tree):
            continue
        leaf = contexts.leaf_of(found.path)
        found.shape = found.shape._replace(box=(), context=leaf.context, leaf=leaf.leaf)
        found.layer, found.expert = None, leaf.expert


def _give_stacks(model: Sequence[Found], architecture: str) -> None:
    layers: dict[Container, set[int]] = {}
    for found in model:
        if found.layer is not None:
            layers.setdefault(found.shape.box, set()).add(found.layer)
    outside = [(found, found.path) for found in model if found.layer is None]
    spelt = any(map(blocks.is_gguf, layers)) or any(gguf.is_spelt(path) for _, path in outside)
    hint = _hint(path for _, path in outside)
    labels = stacks.label_stacks({box: len(seen) for box, seen in layers.items()}, hint)
    known = tuple(dict.fromkeys(labels.values()))
    for found in model:
        if found.layer is not None:
            found.stack = labels[found.shape.box]
    for found, path in outside:
        told = rows.find(gguf.OUTER, ".".join(path), architecture) if spelt else None
        found.stack, found.role = _gguf_outsider(told, known) if told else _outsider(path, known)
        if hint == "diffusion":  # whose inputs are called after the towers they come from
            found.stack = hint if hint in known else ""


def _hint(paths: Iterable[tuple[str, ...]]) -> str:
    """Guess what a model without a telling prefix looks at, by how its input comes in."""
    seen = {rows.find(outer.ROWS, ".".join(path), "") for path in paths}
    if "embedding.time" in seen:
        return "diffusion"
    if "embedding.token" in seen:
        return "text"
    if "embedding.patch" in seen:
        return "vision"
    return "audio" if "embedding.conv" in seen else "text"


def _gguf_outsider(told: str, known: tuple[str, ...]) -> tuple[str, str]:
    stack, _, role = told.partition(":")
    return (stacks.main_stack(role, known) if stack == "*" else stack), role


def _outsider(path: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, str]:
    """Return the stack and the role of a tensor outside the blocks."""
    whole = ".".join(path)
    if outer.tower_of(path) == "projector":
        return "projector", rows.find(outer.PROJECTOR, whole, "") or "projector"
    role = rows.find(outer.ROWS, whole, "") or "outside"
    if role == "outside" and (leaf := contexts.leaf_of(path)).context:
        role = _role(leaf.context, leaf.leaf, "")
    return stacks.stack_of_outsider(path, role, known), role


def _assemble(model: Sequence[Found]) -> list[Name]:
    held: dict[tuple[str, int | None], set[str]] = {}
    for stack, layer, role in {(found.stack, found.layer, found.role) for found in model}:
        held.setdefault((stack, layer), set()).add(role)
    kinds = {at: tables.block_kind(seen) if at[1] is not None else "" for at, seen in held.items()}
    taken: dict[str, int] = {}
    return [_name(found, kinds[found.stack, found.layer], taken) for found in model]


def _name(found: Found, block_kind: str, taken: dict[str, int]) -> Name:
    shape, layer, role, expert = found.shape, found.layer, found.role, found.expert
    order = roles.order_of(role, shape.kind, expert, in_block=layer is not None)
    return Name(
        found.source,
        found.stack,
        layer,
        role,
        shape.kind,
        shape.part,
        expert,
        _canonical(found, taken),
        block_kind,
        order,
    )


def _canonical(found: Found, taken: dict[str, int]) -> str:
    """Return the canonical name, kept unique by the path where two tensors have one role."""
    role = found.role
    if role == "other":
        role = f"other.{found.shape.leaf}"
    elif found.layer is None and (role == "outside" or found.shape.context):
        role = ".".join(found.path)
    stack = f"{found.stack}." if found.stack else ""
    layer = "" if found.layer is None else f"{found.layer}."
    base = f"{stack}{layer}{role}.{found.shape.kind}"
    tail = "" if found.expert is None else f"[{found.expert}]"
    tail += f":{found.shape.part}" if found.shape.part else ""
    name = base + tail
    if name in taken:
        name = f"{base}@{'.'.join(found.path)}{tail}"
    taken[name] = count = taken.get(name, 0) + 1
    return name if count == 1 else f"{name}#{count}"

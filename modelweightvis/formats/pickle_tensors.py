"""The tensors in what a pickle says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelweightvis.formats.pickle_values import Call, Tensor

#: The deepest nesting that tensors are looked for in, and their longest name.
DEEPEST, LONGEST_NAME = 32, 1000
#: What the state of an optimiser has, and what checkpoints of a training have beside the model.
_OPTIMISER = frozenset({"state", "param_groups"})
_TRAINING = frozenset(
    {
        "optimizer", "optimizers", "optimizer_state", "optimizer_states", "optimizer_state_dict",
        "optim", "lr_scheduler", "lr_schedulers", "scheduler", "scaler", "rng_state", "rng_states",
    }
)  # fmt: skip


def tensors(value: Any) -> Iterator[tuple[tuple[str, ...], Tensor | Call, bool]]:
    """Yield every tensor under a value, in the order in which they are kept.

    Containers that are reached twice are entered once.

    Yields:
        Path, tensor (or the call that would make one of a kind that is not read), and whether it
        belongs to the training (an optimiser, say), not to the model.
    """
    seen: set[int] = set()
    waiting: list[tuple[tuple[str, ...], Any, bool]] = [((), value, False)]
    while waiting:
        path, value, training = waiting.pop()
        if isinstance(value, Tensor) or (isinstance(value, Call) and value.unread):
            yield path, value, training
        elif isinstance(value, dict | list | tuple | Call) and id(value) not in seen:
            seen.add(id(value))
            if len(path) < DEEPEST and sum(map(len, path)) < LONGEST_NAME:
                inside = _inside(value)
                training |= {key for key, _ in inside} >= _OPTIMISER
                for key, inner in reversed(inside):
                    waiting.append(((*path, key), inner, training or key in _TRAINING))


def _inside(value: Any) -> list[tuple[str, Any]]:
    """List what may hold tensors in a container, by name."""
    if isinstance(value, Call):
        state = value.state if isinstance(value.state, dict) else {}
        found = [*value.entries.items(), *state.items(), *_numbered(value.items)]
    else:
        found = list(value.items()) if isinstance(value, dict) else _numbered(value)
    return [
        (key, inner)
        for key, inner in found
        if isinstance(inner, dict | list | tuple | Call | Tensor)
    ]


def _numbered(values: list[Any] | tuple[Any, ...]) -> list[tuple[str, Any]]:
    return [(str(number), inner) for number, inner in enumerate(values)]

"""What a model amounts to: totals, facts, and one table of all its tensors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from arbvis_core.api import UsageError
from arbvis_core.slotted import dataclass
from modelweightvis.measuring import FIGURES, measure
from modelweightvis.names import roles
from modelweightvis.sidecars import config_of
from modelweightvis.table import Table

if TYPE_CHECKING:
    from arbvis_core.api import Document
    from modelweightvis.lazy import LazyTensor

#: What a table says of a tensor before anything is measured.
FACTS = ("name", "stack", "layer", "role", "expert", "dtype", "shape", "bytes", "bits_per_weight")


@dataclass(frozen=True, slots=True)
class Total:
    """What tensors amount to together.

    Attributes:
        tensors: how many there are.
        parameters: how many values they hold.
        bytes: how many bytes are stored for them.
    """

    tensors: int
    parameters: int
    bytes: int

    @property
    def bits_per_weight(self) -> float:
        """Stored bits per value."""
        return 8 * self.bytes / self.parameters if self.parameters else 0.0


def total(tensors: Iterable[LazyTensor]) -> Total:
    """Add up; tensors that share their bytes count once."""
    kept = {_content(tensor): tensor for tensor in tensors}.values()
    return Total(
        len(kept), sum(tensor.size for tensor in kept), sum(tensor.nbytes for tensor in kept)
    )


def _content(tensor: LazyTensor) -> object:
    """Return what is the same for tensors that are one in storage, as tied ones can be."""
    region = tensor.tensor.region
    return (region.encoding, region.parts) if tensor.nbytes else (id(tensor.document), region.name)


def totals_by(key: Callable[[LazyTensor], str], tensors: Iterable[LazyTensor]) -> dict[str, Total]:
    """Add up the tensors of every key, the largest first."""
    held: dict[str, list[LazyTensor]] = {}
    for tensor in tensors:
        held.setdefault(key(tensor), []).append(tensor)
    found = {name: total(members) for name, members in held.items()}
    return dict(sorted(found.items(), key=lambda pair: -pair[1].parameters))


def by_dtype(tensors: Iterable[LazyTensor]) -> dict[str, Total]:
    """Add up what is stored in each type."""
    return totals_by(lambda tensor: tensor.dtype, tensors)


def by_group(tensors: Iterable[LazyTensor]) -> dict[str, Total]:
    """Add up the tensors of each group of roles, such as attention and mlp; norms are one group."""
    return totals_by(lambda tensor: _group(tensor.role), tensors)


def _group(role: str) -> str:
    group = roles.group_of(role)
    return "norm" if re.search(r"(^|_)norm(_|$)", role.rpartition(".")[2]) else group


def table_of(
    tensors: Mapping[str, LazyTensor],
    *,
    stats: bool,
    on_progress: Callable[[int], None] = lambda _elements: None,
) -> Table:
    """Return a row per tensor: what is known of it, and its statistics if they are asked for.

    Args:
        tensors: by the names that people read.
        stats: measure them; without, `count` is the only figure.
        on_progress: told how many elements were measured since, from any thread.
    """
    known = [
        [
            name,
            *(getattr(tensor, fact) for fact in FACTS[1:-2]),
            tensor.nbytes,
            tensor.bits_per_weight,
        ]
        for name, tensor in tensors.items()
    ]
    if not stats:
        counts = [[tensor.size] for tensor in tensors.values()]
        return Table([*FACTS, "count"], map(list.__add__, known, counts))
    figures = [[*one.values()] for one in measure([*tensors.values()], on_progress)]
    return Table([*FACTS, *FIGURES], map(list.__add__, known, figures))


def check_column(name: str, *, stats: bool) -> None:
    """Refuse to sort by what is not there.

    Raises:
        UsageError: there is no such column, or only with statistics.
    """
    if name not in (*FACTS, *FIGURES):
        raise UsageError(f"--sort {name}: the columns are {', '.join((*FACTS, *FIGURES))}")
    if not stats and name not in (*FACTS, "count"):
        raise UsageError(f"--sort {name} is known only with --stats")


def facts_of_model(document: Document) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what a model says of itself, as far as it does, and what is wrong with that."""
    config = config_of(document)
    told = {
        name: value
        for name, value in asdict(config).items()
        if value not in (None, "") and name not in {"parts", "warnings"}
    }
    return told, config.warnings

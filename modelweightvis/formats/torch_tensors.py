"""Tensors of a PyTorch pickle as regions of the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any, NamedTuple

from arbvis_core.api import FormatError, Part, Region
from modelweightvis.formats.pickle_tensors import tensors
from modelweightvis.formats.pickle_values import Tensor
from modelweightvis.formats.reading import AXES, MOST, check_count, check_empty, shown
from modelweightvis.formats.tensors import tensor_region, unknown_region
from modelweightvis.formats.torch_types import torch_type

#: What stands around a state dictionary, and what modules keep their own in.
_WRAPPERS = frozenset({"state_dict", "model_state_dict"})
_INNER = frozenset({"_parameters", "_buffers", "_modules"})
#: A tensor that shows its storage's elements more than once may not show more than these.
_EXPANDED = 1 << 24


class Extent(NamedTuple):
    """Where a storage lies: source key, first byte, first byte after it."""

    source: str
    start: int
    stop: int


class Found(NamedTuple):
    """What a pickle holds.

    Attributes:
        tensors: those of the model, by dotted name.
        unread: names of those of a kind that is not read, and what would make each.
        training: how many belong to its training.
    """

    tensors: dict[str, Tensor]
    unread: dict[str, str]
    training: int


def named_tensors(where: str, value: Any) -> Found:
    """Return the tensors of a model by dotted name.

    Args:
        where: what error messages call the file.
        value: what the pickle says.

    Raises:
        FormatError: there are more than a model has.
    """
    named, unread = dict[str, Tensor](), dict[str, str]()
    again: Counter[str] = Counter()
    left_out = 0
    for path, tensor, training in tensors(value):
        if training:
            left_out += 1
            continue
        kept = [step for step in path if step not in _INNER]
        name = ".".join(kept[1:] if kept and kept[0] in _WRAPPERS else kept)
        if name in named or name in unread:
            again[name] += 1
            name = f"{name} ({again[name] + 1})"
        if isinstance(tensor, Tensor):
            named[name] = tensor
        else:
            unread[name] = tensor.unread
        if len(named) + len(unread) > MOST:
            raise FormatError(f"{where} has more than {MOST} tensors, which no model has")
    return Found(named, unread, left_out)


def tensor_regions(
    where: str, named: Mapping[str, Tensor], extents: Mapping[str, Extent]
) -> Iterator[Region]:
    """Yield the region of every tensor.

    Args:
        where: what error messages call the file.
        named: the tensors.
        extents: of every storage, by its key.

    Raises:
        FormatError: a tensor reaches out of its storage, or has none.
    """
    first: dict[str, str] = {}  # by text: hashes of numbers can be made to clash
    for name, tensor in named.items():
        same = first.setdefault(str(tensor), name)
        facts = {"same_as": same} if same != name else {}
        what, key = f"{where}: tensor {shown(name)}", tensor.storage.key
        if key not in extents:
            raise FormatError(f"{what} has no storage {shown(key)}; the file is damaged")
        yield _region(what, (name, tensor), extents[key], facts)


def _region(
    what: str, told: tuple[str, Tensor], extent: Extent, facts: Mapping[str, Any]
) -> Region:
    name, tensor = told
    dtype = tensor.dtype or tensor.storage.kind
    stored = torch_type(dtype)
    size = stored.bytes
    shape = tensor.shape
    if len(shape) > AXES:
        raise FormatError(f"{what} has {len(shape)} axes, and {AXES} is most; the file is damaged")
    check_empty(what, shape)
    reach = _reach(tensor)
    start = extent.start + (tensor.storage.offset + tensor.offset) * size
    stop = start + reach * size
    if stop > extent.stop:
        raise FormatError(
            f"{what} reaches to byte {stop}, but its storage {shown(tensor.storage.key)} ends at "
            f"byte {extent.stop}; the file is damaged, fetch it again"
        )
    if prod(shape) > max(_EXPANDED, reach):
        raise FormatError(f"{what} shows {reach} elements {prod(shape)} times; that is no weight")
    if not stored.bytes:
        check_count(what, shape, extent.stop - start)
    facts = {"dtype": stored.name if stored.decoded else dtype.removesuffix("Storage"), **facts}
    place = (extent.source, start, stop if stored.bytes else extent.stop)
    if tensor.quantised or not stored.decoded:
        return unknown_region(name, shape, place, facts)
    if tensor.strides == _row_major(shape) or not prod(shape):
        return tensor_region(name, shape, stored, place, facts)
    strides = tuple(stride * size for stride in tensor.strides)
    part = Part("codes", *place, shape, strides)
    return Region(name or "(no name)", shape, stored.name, (part,), attributes=facts)


def _reach(tensor: Tensor) -> int:
    """Count the elements from a tensor's first to its last."""
    if not prod(tensor.shape):
        return 0
    steps = zip(tensor.shape, tensor.strides, strict=True)
    return 1 + sum((length - 1) * stride for length, stride in steps)


def _row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))

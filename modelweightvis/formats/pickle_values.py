"""What the objects of a pickle are, as data: containers, names, storages, tensors, calls not made.

The few constructors that state dictionaries are made of are known by name, and give dictionaries and
tensors. Every other call becomes a record of it. Nothing is imported, nothing is called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Global(NamedTuple):
    """A name that would be imported."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Storage(NamedTuple):
    """A stretch of elements that tensors are views of.

    Attributes:
        kind: its class: `FloatStorage`, `UntypedStorage` …
        key: what it is called in the file.
        elements: its length, in elements, or in bytes if it is untyped.
        offset: where it begins, in elements, if it is itself a view of another of that key.
    """

    kind: str
    key: str
    elements: int
    offset: int = 0


#: What would make a tensor of something that is no storage of torch.
_NO_STORAGE = Global("torch", "Tensor")


class Tensor(NamedTuple):
    """A view of a storage; offset and strides are in elements.

    Attributes:
        storage: what it is a view of.
        dtype: as torch calls it, or empty where the storage knows.
        quantised: its values are not what is stored.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: str = ""
    quantised: bool = False


@dataclass(slots=True, eq=False)
class Call:
    """An object that would be made by a call.

    Attributes:
        function: what would be called.
        state: what it would be given.
        items: what would be put into it.
        entries: what would be put into it by name.
    """

    function: Any
    state: Any = None
    items: list[Any] = field(default_factory=list)
    entries: dict[str, Any] = field(default_factory=dict)

    @property
    def unread(self) -> str:
        """What would make a tensor of a kind that is not read: sparse, nested; empty for others."""
        made = self.function if isinstance(self.function, Global) else Global("", "")
        if made.module == "torch._utils" and made.name.startswith("_rebuild_"):
            return made.name.removeprefix("_rebuild_")
        return "Tensor" if made == _NO_STORAGE else ""


def extend(target: Any, values: list[Any]) -> None:
    """Put values into a list.

    Raises:
        TypeError: it is none.
    """
    if isinstance(target, list):
        target.extend(values)
    elif isinstance(target, Call):
        target.items.extend(values)
    else:
        raise TypeError("what is appended to is no list")


def put(target: Any, values: list[Any]) -> None:
    """Put keys and values into a dictionary; a key is text, or a number in digits.

    Raises:
        TypeError: it is none.
    """
    if isinstance(target, Call):
        target = target.entries
    if not isinstance(target, dict) or len(values) % 2:
        raise TypeError("what is put into is no dictionary")
    for key, value in zip(values[::2], values[1::2], strict=True):
        if isinstance(key, int) and key.bit_length() <= 64:
            target[str(int(key))] = value
        elif isinstance(key, str):
            target[key] = value


def storage_of(told: Any) -> Storage | None:
    """Return the storage that a persistent id of torch names, or None if it names none.

    Raises:
        ValueError: it is not described as torch does.
    """
    if not isinstance(told, tuple) or len(told) < 5 or told[0] != "storage":
        return None
    kind, key, count = told[1], told[2], told[4]
    if isinstance(kind, Call):
        kind = kind.function
    if not isinstance(kind, Global) or not isinstance(key, str) or not _size(count):
        raise ValueError("a storage is not described as torch does")
    view = told[5] if len(told) > 5 else None
    if not isinstance(view, tuple) or len(view) != 3:
        return Storage(kind.name, key, count)
    if not _size(view[1]):
        raise ValueError("a storage is not described as torch does")
    return Storage(kind.name, key, count, view[1])


def called(function: Any, arguments: Any) -> Any:
    """Return what a call gives, if it makes state dictionaries, or a record of it.

    Raises:
        TypeError: its arguments are none.
        ValueError: it would make a tensor that is not described as torch does.
    """
    if not isinstance(arguments, tuple):
        raise TypeError("arguments are no tuple")
    made = _MAKERS.get(str(function)) if isinstance(function, Global) else None
    return made(arguments) if made else Call(function)


def _dictionary(arguments: tuple[Any, ...]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for pair in arguments[0] if arguments and isinstance(arguments[0], list) else ():
        if isinstance(pair, list | tuple) and len(pair) == 2:
            put(made, list(pair))
    return made


def _view(arguments: tuple[Any, ...]) -> Any:
    """Return the tensor of (storage, offset, shape, strides, …)."""
    storage, offset, shape, strides = arguments[:4]
    if not isinstance(storage, Storage):
        return Call(_NO_STORAGE)
    good = isinstance(shape, tuple) and isinstance(strides, tuple) and len(shape) == len(strides)
    if not good or not all(map(_size, (offset, *shape, *strides))):
        raise ValueError("a tensor is not described as torch does")
    return Tensor(storage, offset, shape, strides)


def _view_of_type(arguments: tuple[Any, ...]) -> Any:
    """Return the tensor of (storage, offset, shape, strides, …, …, dtype, …)."""
    made, dtype = _view(arguments), arguments[6]
    if isinstance(made, Tensor) and isinstance(dtype, Global):
        return made._replace(dtype=dtype.name)
    return made


def _quantised(arguments: tuple[Any, ...]) -> Any:
    made = _view(arguments)
    return made._replace(quantised=True) if isinstance(made, Tensor) else made


def _first(arguments: tuple[Any, ...]) -> Any:
    return arguments[0]


def _typed(arguments: tuple[Any, ...]) -> Any:
    """Return what the call of (function, type, arguments, …) gives, whatever the type."""
    function, _, inner = arguments[:3]
    if isinstance(function, Global) and str(function) in _MAKERS and function.name != _TYPED:
        return called(function, inner)
    return Call(function)


def _shape(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(arguments[0])


def _size(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


_TYPED = "_rebuild_from_type_v2"
_MAKERS: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "collections.OrderedDict": _dictionary,
    "torch.Size": _shape,
    "torch._utils._rebuild_tensor": _view,
    "torch._utils._rebuild_tensor_v2": _view,
    "torch._utils._rebuild_tensor_v3": _view_of_type,
    "torch._utils._rebuild_qtensor": _quantised,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
    f"torch._tensor.{_TYPED}": _typed,
}

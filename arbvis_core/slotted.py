"""Dataclasses with slots, as `dataclasses` makes them, in a fifth of the time.

For each of them `dataclasses` writes six methods or more as text and compiles it. For all that a
picture is planned with that took an eighth of the time until the first tile. Here only `__init__` is
compiled, and the other methods are closures.
"""

from __future__ import annotations

import abc
import dataclasses
import sys
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError
from functools import partial
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass  # is what type checkers know
else:

    def dataclass(**options: bool) -> Callable[[type], type]:
        """Return what `dataclasses.dataclass` returns for the same options.

        Those with slots have plain fields, with a default, a `default_factory`, `repr=False`, or none of
        these; they may inherit from each other. Two are equal if the tuples of their fields are: so it
        is in `dataclasses` up to Python 3.12, which since then compares field by field.

        Raises:
            TypeError: the class has slots, and what only `dataclasses` can do.
        """
        if options.keys() <= {"frozen", "slots"} and options.get("slots"):
            return partial(_slotted, frozen=options.get("frozen", False))
        return dataclasses.dataclass(**options)


__all__ = ["dataclass"]

#: What a class that is made here does not define itself.
_OURS = ("__init__", "__eq__", "__setattr__", "__delattr__", "__getstate__", "__setstate__")


class _Factory:
    """Stands where a default is made for every object."""

    def __repr__(self) -> str:
        return "<factory>"


_FACTORY = _Factory()


def _slotted(cls: type, *, frozen: bool) -> type:
    if any(map(dataclasses.is_dataclass, cls.__bases__)):
        return dataclasses.dataclass(frozen=frozen, slots=True)(cls)
    documented = cls.__doc__ is not None
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    listed = dataclasses.fields(made)
    plain = len(listed) == len(made.__match_args__) and not any(map(_is_special, listed))
    if not plain or hasattr(made, "__post_init__") or not vars(cls).keys().isdisjoint(_OURS):
        raise TypeError(f"{cls.__qualname__}: this is for dataclasses.dataclass to make")
    facts = {"init": True, "repr": True, "eq": True, "frozen": frozen}
    for name, fact in facts.items():
        setattr(made.__dataclass_params__, name, fact)
    made.__init__ = _initialiser(made, listed)
    methods = _methods(listed) | (_frozen(made, listed) if frozen else {"__hash__": None})
    for name, method in methods.items():
        if name not in vars(cls):
            setattr(made, name, method)
    if not documented:
        made.__doc__ = f"{made.__name__}({', '.join(made.__match_args__)})"
    return abc.update_abstractmethods(made)


def _is_special(field: Field[Any]) -> bool:
    told = not field.init or not field.compare or field.hash is not None or field.kw_only is True
    return told or field.name.startswith("__")


def _initialiser(made: Any, listed: Sequence[Field[Any]]) -> Any:
    """Compile `__init__`, which sets slots and asks no `__setattr__`.

    Raises:
        TypeError: a field without a default comes after one that has one.
    """
    known: dict[str, Any] = {"__factory": _FACTORY}
    parameters, lines = ["__self"], ["pass"]
    for number, field in enumerate(listed):
        name = value = field.name
        known[f"__set{number}"] = getattr(made, name).__set__
        if field.default is not MISSING:
            known[f"__default{number}"] = field.default
            parameters.append(f"{name}=__default{number}")
        elif field.default_factory is not MISSING:
            known[f"__default{number}"] = field.default_factory
            parameters.append(f"{name}=__factory")
            value = f"__default{number}() if {name} is __factory else {name}"
        elif "=" in parameters[-1]:
            raise TypeError(f"non-default argument {name!r} follows default argument")
        else:
            parameters.append(name)
        lines.append(f"__set{number}(__self, {value})")
    body = "\n        ".join(lines)
    text = f"def make({', '.join(known)}):\n    def __init__({', '.join(parameters)}):\n        {body}\n    return __init__"
    found: dict[str, Any] = {}
    module = sys.modules.get(made.__module__)
    exec(text, vars(module) if module else {}, found)  # noqa: S102 - of names of fields alone
    method = found["make"](**known)
    method.__qualname__ = f"{made.__qualname__}.__init__"
    method.__annotations__ = {one.name: one.type for one in listed} | {"return": None}
    return method


def _methods(listed: Sequence[Field[Any]]) -> dict[str, Any]:
    """Return how objects of a class that has these fields are compared and shown."""
    shown = [field.name for field in listed if field.repr]
    get = _values(listed)

    def equal(self: Any, other: object) -> Any:
        return get(self) == get(other) if other.__class__ is self.__class__ else NotImplemented

    @recursive_repr()
    def represented(self: Any) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{self.__class__.__qualname__}({values})"

    return {"__eq__": equal, "__repr__": represented}


def _frozen(made: type, listed: Sequence[Field[Any]]) -> dict[str, Any]:
    """Return what keeps the fields of a class as they are, and what that makes possible or needs."""
    names = [field.name for field in listed]
    get = _values(listed)

    def hashed(self: Any) -> int:
        return hash(get(self))

    def refuse_set(self: Any, name: str, value: object) -> None:
        if type(self) is made or name in names:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        object.__setattr__(self, name, value)

    def refuse_delete(self: Any, name: str) -> None:
        if type(self) is made or name in names:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        object.__delattr__(self, name)

    return {
        "__hash__": hashed,
        "__setattr__": refuse_set,
        "__delattr__": refuse_delete,
        "__getstate__": _state,
        "__setstate__": _restore,
    }


def _state(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in dataclasses.fields(self)]


def _restore(self: Any, state: Sequence[Any]) -> None:
    for one, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)


def _values(listed: Sequence[Field[Any]]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what returns the values of an object's fields."""
    names = [field.name for field in listed]
    if len(names) > 1:
        return attrgetter(*names)
    if not names:
        return lambda _self: ()
    first = attrgetter(names[0])
    return lambda self: (first(self),)

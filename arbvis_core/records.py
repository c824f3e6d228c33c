"""Dataclasses with slots, as `dataclasses` makes them, in a fifth of the time.

For each of them `dataclasses` writes six methods or more as text and compiles it. For all that a
picture is planned with that took an eighth of the time until the first tile. Here only `__init__` is
compiled, and the other methods are closures.
"""

from __future__ import annotations

import dataclasses
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
        these; they may inherit from each other.

        Raises:
            TypeError: the class has slots, and what only `dataclasses` can do.
        """
        if options.keys() <= {"frozen", "slots"} and options.get("slots"):
            return partial(_record, frozen=options.get("frozen", False))
        return dataclasses.dataclass(**options)


__all__ = ["dataclass"]


def _record(cls: type, *, frozen: bool) -> type:
    if any(map(dataclasses.is_dataclass, cls.__bases__)):
        return dataclasses.dataclass(frozen=frozen, slots=True)(cls)
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    listed = dataclasses.fields(made)
    if hasattr(made, "__post_init__") or any(map(_is_special, listed)):
        raise TypeError(f"{cls.__qualname__}: this is for dataclasses.dataclass to make")
    facts = {"init": True, "repr": True, "eq": True, "frozen": frozen}
    for name, fact in facts.items():
        setattr(made.__dataclass_params__, name, fact)
    made.__init__ = _initialiser(made, listed)
    methods = _methods(listed) | (_frozen(made, listed) if frozen else {"__hash__": None})
    for name, method in methods.items():
        if name not in cls.__dict__:
            setattr(made, name, method)
    return made  # type: ignore[no-any-return]


def _is_special(field: Field[Any]) -> bool:
    return not field.init or not field.compare or field.hash is not None or field.kw_only is True


def _initialiser(made: Any, listed: Sequence[Field[Any]]) -> Any:
    """Compile `__init__`, which sets slots and asks no `__setattr__`."""
    known: dict[str, Any] = {"_missing": MISSING}
    parameters, lines = ["self"], ["pass"]
    for field in listed:
        name = value = field.name
        known[f"_set_{name}"] = getattr(made, name).__set__
        if field.default is not MISSING:
            known[f"_default_{name}"] = field.default
            parameters.append(f"{name}=_default_{name}")
        elif field.default_factory is not MISSING:
            known[f"_make_{name}"] = field.default_factory
            parameters.append(f"{name}=_missing")
            value = f"_make_{name}() if {name} is _missing else {name}"
        else:
            parameters.append(name)
        lines.append(f"_set_{name}(self, {value})")
    body = "\n    ".join(lines)
    exec(f"def __init__({', '.join(parameters)}):\n    {body}", known)  # noqa: S102 - names of fields
    method = known["__init__"]
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

    def state(self: Any) -> list[Any]:
        return list(get(self))

    def restore(self: Any, state: Sequence[Any]) -> None:
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    return {
        "__hash__": hashed,
        "__setattr__": refuse_set,
        "__delattr__": refuse_delete,
        "__getstate__": state,
        "__setstate__": restore,
    }


def _values(listed: Sequence[Field[Any]]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what returns the values of an object's fields."""
    names = [field.name for field in listed]
    return attrgetter(*names) if len(names) > 1 else partial(_few, names)


def _few(names: Sequence[str], self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, name) for name in names])

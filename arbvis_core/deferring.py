"""Plugin objects that are imported when they are first asked something.

A plugin hands over all its objects whenever a program starts, also for `--help`. An object that is
known by its name, its priority and its encodings need not bring the modules that do its work.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any


def deferred(protocol: Any, target: str, **facts: Any) -> Any:
    """Return an object of a protocol that stands for one which is imported at its first call.

    Args:
        protocol: what it is: `Format`, `Layout`, `LeafRenderer` …
        target: where its class is, as `module:Class`; it is made without arguments.
        facts: its attributes that differ from the protocol's own: `name`, `priority`, `decoders`,
            `encodings`, `views`. They have to be those of the class.
    """
    item = _stand_in(protocol)()
    vars(item).update(facts, target=target, __module__=target.partition(":")[0])
    return item


def resolved(item: Any) -> Any:
    """Return the object that a deferred one stands for, and any other as it is."""
    target = vars(item).get("target") if type(item) in _STAND_INS else None
    if target is None:
        return item
    if "made" not in vars(item):
        module, _, name = target.partition(":")
        vars(item).setdefault("made", getattr(import_module(module), name)())
    return item.made


_STAND_INS: set[type] = set()


@cache
def _stand_in(protocol: type) -> type:
    """Make a class that hands every method of a protocol over to the object it stands for."""
    names = [
        name
        for one in protocol.__mro__[:-1]
        for name, member in vars(one).items()
        if callable(member) and not name.startswith("_")
    ]
    made = type(protocol)(
        f"Deferred{protocol.__name__}", (protocol,), {name: _handed_over(name) for name in names}
    )
    _STAND_INS.add(made)
    return made


def _handed_over(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **named: Any) -> Any:
        return getattr(resolved(self), name)(*args, **named)

    method.__name__ = name
    return method

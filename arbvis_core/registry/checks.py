"""What a plugin's objects must look like, checked once, when they are collected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from arbvis_core.deferring import resolved
from arbvis_core.protocols import Command, Decoder
from arbvis_core.registry.kinds import DECODER, Kind

#: Names are typed on command lines and printed on terminals.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")


class Fault(Exception):  # noqa: N818 - it is what is wrong with a plugin, not an error of ours
    """One sentence that says what is wrong with a plugin."""


def check_object(kind: Kind, item: Any) -> None:
    """Raise `Fault` unless `item` is what its hook collects (option groups are checked apart)."""
    if kind.protocol is Command:
        _check_command(kind, item)
        return
    what = describe(kind, item)
    _check_base(kind, what, item)
    _check_name(what, getattr(item, "name", None))
    _check_shape(kind, what, item)
    if "priority" in kind.attributes:
        _check_priority(what, item.priority)
    decoders = getattr(item, "decoders", ())
    if not isinstance(decoders, tuple):
        raise Fault(f"{what} has decoders {_shown(decoders)}: they are a tuple")
    for decoder in decoders:
        _check_decoder(what, decoder)


def check_deferred(kind: Kind, item: Any) -> None:
    """Raise `Fault` unless a deferred object can be imported and is what was said of it."""
    real = resolved(item)
    if real is item:
        return
    if kind is not DECODER:
        check_object(kind, real)
    for name in ("name", "priority", "encodings", "views"):
        told, found = getattr(item, name, None), getattr(real, name, None)
        if told != found:
            raise Fault(f"{item.target} has {name} {_shown(found)}, and {_shown(told)} was told")
    told, found = ([one for one, _ in decoders_of(each)] for each in (item, real))
    if told != found:
        raise Fault(f"{item.target} decodes {_shown(found)}, and {_shown(told)} was told")
    for decoder in getattr(item, "decoders", ()):
        check_deferred(DECODER, decoder)


def decoders_of(item: Any) -> Iterator[tuple[str, Decoder]]:
    """Yield each encoding that an object's decoders know, with its decoder."""
    for decoder in getattr(item, "decoders", ()):
        for encoding in decoder.encodings:
            yield encoding, decoder


def describe(kind: Kind, item: Any) -> str:
    """Name an object in a sentence, by its class where it has no name of its own."""
    cls = item if isinstance(item, type) else type(item)
    return f"{kind.noun} {cls.__qualname__}"


def _check_command(kind: Kind, item: Any) -> None:
    if not isinstance(item, Command):
        raise Fault(f"{kind.hook} returned {_shown(item)}, which is no Command")
    what = f"command {item.name!r}"
    _check_name(what, item.name)
    if not isinstance(item.help, str) or not callable(item.load):
        raise Fault(f"{what} needs a help text and a load function that returns what to run")


def _check_name(what: str, name: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Fault(
            f"{what} is named {_shown(name)}: a name is letters, digits, dots, dashes, plus signs "
            f"and underscores, at most 64"
        )


def _check_base(kind: Kind, what: str, item: Any) -> None:
    """Ask for the protocol's defaults: what looks complete today would lack those to come."""
    if isinstance(item, type):
        raise Fault(f"{what} was handed over as a class: call it to make an object")
    base = kind.protocol or object
    if base not in type(item).__mro__:
        raise Fault(f"{what} does not inherit from {base.__name__}, whose defaults it needs")


def _check_shape(kind: Kind, what: str, item: Any) -> None:
    for name in kind.attributes:
        if not hasattr(item, name):
            raise Fault(f"{what} has no `{name}`")
    inherited = kind.protocol or object
    for name in vars(inherited):
        default = getattr(inherited, name)
        if name.startswith("_") or not callable(default):
            continue
        if not callable(getattr(item, name, None)):
            raise Fault(f"{what} has no method `{name}`")
        if name in kind.methods and getattr(type(item), name, None) is default:
            raise Fault(f"{what} does not say how to `{name}`: that method has no default")


def _check_priority(what: str, priority: object) -> None:
    if isinstance(priority, bool) or not isinstance(priority, int):
        raise Fault(f"{what} has priority {_shown(priority)}, which is no integer")


def _check_decoder(what: str, decoder: Any) -> None:
    of = f"{describe(DECODER, decoder)} of {what}"
    _check_base(DECODER, of, decoder)
    _check_shape(DECODER, of, decoder)
    encodings = decoder.encodings
    named = isinstance(encodings, tuple) and all(isinstance(one, str) for one in encodings)
    if not named or not encodings:
        raise Fault(f"{of} has encodings {_shown(encodings)}: they are a tuple of names")


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - whatever a plugin's __repr__ raises must not hide the fault
        text = f"an object of class {type(value).__qualname__}"
    return text if len(text) <= 80 else f"{text[:77]}…"

"""Whose fault an exception is, and where in their code it was raised."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from arbvis_core.errors import ArbvisError, PluginError
from arbvis_core.interrupts import ENDINGS
from arbvis_core.protocols import Command, Decoder, Window
from arbvis_core.registry.records import BUILT_IN, Registered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.values import Crop, Region

#: Where code says nothing about a plugin: arbvis itself, pluggy, what is frozen into Python.
_MACHINERY = ("<", str(Path(__file__).parents[1]) + os.sep, *pluggy.__path__)
#: Python's own library, and the folder in it where packages are installed.
_LIBRARY, _PACKAGES = str(Path(os.__file__).parent) + os.sep, "-packages"


class guard:  # noqa: N801 - as `contextlib.suppress`; it is entered for every tile
    """Turn whatever a plugin raises after it has claimed its input into a `PluginError`.

    An `ArbvisError` stays as the plugin raised it. Of our own objects every exception does: it is a
    defect of ours, which no plugin can be left out to avoid.

    Args:
        who: the object that is about to be called.
        stage: `open`, `parse`, `derive`, `arrange`, `plan`, `render` or `decode`.
        subject: what it works on, e.g. a source's name.

    Raises:
        PluginError: chained to what was raised; a plugin's `sys.exit()` is no success of ours.
    """

    __slots__ = ("_stage", "_subject", "_who")

    def __init__(self, who: Registered[Any], stage: str, subject: str) -> None:
        self._who, self._stage, self._subject = who, stage, subject

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        mine = self._who.plugin == BUILT_IN
        if error is None or mine or isinstance(error, (ArbvisError, MemoryError, *ENDINGS)):
            return
        raise failure(self._who, self._stage, self._subject, error) from error


def failure(who: Registered[Any], stage: str, subject: str, error: BaseException) -> PluginError:
    """Lay an exception at a plugin's door."""
    where = place(error, module_of(who.item))
    return PluginError(who.plugin, who.version, stage, subject, error, where)


def module_of(item: Any) -> str:
    """Return the name of the module that an object, a class or a command was written in."""
    made = item.load if isinstance(item, Command) else item
    return str(made.__module__)


def place(error: BaseException, module: str) -> str:
    """Return `file:line` of the last frame in a plugin's code; empty if there is none.

    Args:
        error: with its traceback.
        module: a module of the plugin. Where it could not be imported, any code counts that is
            neither arbvis's nor Python's.
    """
    frames = [
        (frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    base = _base(module)
    own = [one for one in frames if base and one[0].startswith(base)]
    others = [one for one in frames if _foreign(one[0])]
    return next((f"{file}:{line}" for file, line in reversed(own or others)), "")


def _base(module: str) -> str:
    """Return the folder of a module's package, or its file; empty if it has neither."""
    package = sys.modules.get(module.partition(".")[0])
    file = getattr(package, "__file__", None)
    if file and str(file).startswith(_MACHINERY):
        return ""
    if file and hasattr(package, "__path__"):
        return str(Path(file).parent) + os.sep
    return str(file or getattr(sys.modules.get(module), "__file__", None) or "")


def _foreign(file: str) -> bool:
    if file.startswith(_MACHINERY):
        return False
    return not file.startswith(_LIBRARY) or _PACKAGES in file


def guarded(who: Registered[Decoder]) -> Decoder:
    """Return a decoder whose failures are laid at the door of the plugin that brought it.

    Whoever draws calls it, and would be blamed.
    """
    return who.item if who.plugin == BUILT_IN else _Guarded(who)


class _Guarded(Decoder):
    def __init__(self, who: Registered[Decoder]) -> None:
        self.encodings = who.item.encodings
        self._who = who

    def boxes(self, region: Region, window: Window) -> tuple[Window, ...]:
        """Ask the decoder."""
        with guard(self._who, "decode", region.name):
            return self._who.item.boxes(region, window)

    def crops(self, region: Region, window: Window) -> tuple[Crop, ...]:
        """Ask the decoder."""
        with guard(self._who, "decode", region.name):
            return self._who.item.crops(region, window)

    def decode(
        self,
        region: Region,
        window: Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Ask the decoder."""
        with guard(self._who, "decode", region.name):
            return self._who.item.decode(region, window, buffers, operands)

    def explain(
        self, region: Region, window: Window, buffers: Sequence[NDArray[np.uint8]]
    ) -> Mapping[str, Any]:
        """Ask the decoder."""
        with guard(self._who, "decode", region.name):
            return self._who.item.explain(region, window, buffers)

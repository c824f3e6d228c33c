"""The one way to compile a kernel.

`@kernel` compiles a function with numba on its first call with arguments of each kind, and keeps the
machine code in the user's cache folder. Later runs load that code and call it: to import numba, which
they do not, would take longer than to draw a small picture. Calls run without the GIL.

What a kernel may do is what needs nothing but its arguments: it reads and writes arrays and numbers,
calls other kernels, and reads constants. It makes no arrays and raises nothing.
"""

from __future__ import annotations

import ctypes
import functools
import os
import struct
import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from arbvis_core.kernels import cache

F = TypeVar("F", bound=Callable[..., Any])

#: Of the flags of an array, those that tell kinds apart.
_C_CONTIGUOUS, _ALIGNED, _WRITEABLE = 0x1, 0x100, 0x400
_FLAGS = _C_CONTIGUOUS | _ALIGNED | _WRITEABLE

_compiling = threading.RLock()

#: Called with the name of every kernel that is about to be compiled, which takes a second or so.
on_compile: list[Callable[[str], object]] = []


def kernel(function: F) -> F:
    """Compile `function` on first use; it runs without the GIL, and divides as numpy does."""
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in {"", "0"}:
        return function
    return cast("F", functools.update_wrapper(Kernel(function), function))


class Kernel:
    """A function that is compiled once for every kind of arguments it is called with."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._compiled: dict[tuple[Any, ...], Callable[..., Any]] = {}

    def __call__(self, *arguments: Any) -> Any:
        """Run it; arguments are arrays and numbers."""
        kinds = tuple(
            [
                (one.dtype, one.ndim, one.flags.num & _FLAGS)
                if isinstance(one, np.ndarray)
                else one.__class__
                for one in arguments
            ]
        )
        compiled = self._compiled.get(kinds)
        if compiled is None:
            compiled = self._prepare(kinds)
        return compiled(arguments)

    def _prepare(self, kinds: tuple[Any, ...]) -> Callable[..., Any]:
        with _compiling:
            if kinds not in self._compiled:
                names = tuple(map(_name, kinds))
                code = cache.load(self._function, names)
                if code is None:
                    for listener in tuple(on_compile):
                        listener(self._function.__name__)
                    from arbvis_core.kernels.compiling import compile_kernel

                    code = compile_kernel(self._function, names)
                    cache.save(self._function, names, code)
                self._compiled[kinds] = _callable(code, kinds)
        return self._compiled[kinds]

    @functools.cached_property
    def _numba_type_(self) -> Any:
        """What numba takes a kernel for that another one calls."""
        from arbvis_core.kernels.compiling import dispatcher

        return dispatcher(self._function)._numba_type_


def _name(kind: Any) -> str:
    """Describe a kind of argument: a type, then for arrays dimensions, layout and what is allowed."""
    if not isinstance(kind, tuple):
        return str(np.dtype(kind).str)
    dtype, dimensions, flags = kind
    layout = "C" if flags & _C_CONTIGUOUS else "A"
    access = "w" if flags & _WRITEABLE else "r"
    return f"{dtype.str} {dimensions} {layout} {access} {'a' if flags & _ALIGNED else 'u'}"


def _callable(code: cache.Code, kinds: tuple[Any, ...]) -> Callable[[tuple[Any, ...]], Any]:
    """Load machine code; it takes slots as `compiling` describes them."""
    from arbvis_core.kernels import machine

    address = machine.load(code.machine, code.symbol)
    function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p)(address)
    pack = struct.Struct("P" + "".join(map(_slot, kinds))).pack
    arrays = [isinstance(kind, tuple) for kind in kinds]
    memory = np.ctypeslib.as_ctypes_type(np.dtype(code.returns or "u1")) * (code.count or 1)

    def call(arguments: tuple[Any, ...]) -> Any:
        result = memory() if code.returns else None
        slots = [id(one) if array else one for one, array in zip(arguments, arrays, strict=True)]
        if function(pack(ctypes.addressof(result) if result else 0, *slots)):
            raise RuntimeError(f"{code.symbol} failed")
        if result is None:
            return None
        return tuple(result) if code.count else result[0]

    return call


def _slot(kind: Any) -> str:
    """Return how `struct` packs an argument into eight bytes."""
    if isinstance(kind, tuple):
        return "P"
    dtype = np.dtype(kind)
    return f"{dtype.char}{8 - dtype.itemsize}x"

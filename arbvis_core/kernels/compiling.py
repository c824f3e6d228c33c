"""Functions to machine code, with numba; imported only where a kernel has to be compiled."""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.np.arrayobj import populate_array
from numba.np.numpy_support import as_dtype, from_dtype

from arbvis_core.kernels import machine
from arbvis_core.kernels.cache import Code

#: No wrappers for Python, no memory of numba's own, and division as numpy has it.
_OPTIONS: dict[str, Any] = {
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "_nrt": False,
}


@functools.cache
def dispatcher(function: Callable[..., Any]) -> Any:
    """Return what compiles a function, and is called by other kernels while they are compiled."""
    return njit(**_OPTIONS)(function)


def compile_kernel(function: Callable[..., Any], kinds: Sequence[str]) -> Code:
    """Compile a function for arguments of some kinds, as `jit` names them.

    Raises:
        TypeError: it calls what is not there when it is loaded.
    """
    signature = tuple(map(_type, kinds))
    compiled = dispatcher(function)
    compiled.compile(signature)
    result = compiled.overloads[signature]
    symbol = f"{function.__module__}.{function.__qualname__}({', '.join(kinds)})"
    module = llvm.parse_assembly(compiled.inspect_llvm(signature))
    module.link_in(llvm.parse_assembly(str(_entry(result, symbol))))
    for one in [*module.functions, *module.global_variables]:
        if not one.is_declaration and one.name != symbol:
            one.linkage = "internal"  # objects that are loaded together share one space of names
        elif one.is_declaration and not one.name.startswith("llvm."):
            raise TypeError(f"the kernel {symbol} needs {one.name}, which only numba has")
    returns, count = _returns(result.signature.return_type)
    _, cpu, features = result.library.codegen.magic_tuple()
    return Code(symbol, returns, count, machine.target(cpu, features).emit_object(module))


def _entry(result: Any, symbol: str) -> ir.Module:
    """Return a function that takes the address of slots of eight bytes, and calls the compiled one.

    The first slot holds the address of where the result goes, the others an argument each: a number,
    or the address of an array object. It returns whether the compiled function raised something.
    """
    context, slot = result.target_context, ir.IntType(64)
    module = context.create_module(symbol)
    convention, description = context.call_conv, result.fndesc
    returned, types_ = description.restype, description.argtypes
    compiled = ir.Function(
        module, convention.get_function_type(returned, types_), description.llvm_func_name
    )
    entry = ir.Function(module, ir.FunctionType(ir.IntType(32), [slot.as_pointer()]), symbol)
    builder = ir.IRBuilder(entry.append_basic_block())

    def read(address: Any, of: Any) -> Any:
        return builder.load(builder.inttoptr(address, of.as_pointer()))

    slots = builder.ptrtoint(entry.args[0], slot)
    arguments = [
        _array(context, builder, type_, read(builder.add(slots, slot(8 * place)), slot), read)
        if isinstance(type_, types.Array)
        else read(builder.add(slots, slot(8 * place)), context.get_data_type(type_))
        for place, type_ in enumerate(types_, start=1)
    ]
    status, value = convention.call_function(builder, compiled, returned, types_, arguments)
    if not isinstance(returned, types.NoneType):
        data = context.get_value_as_data(builder, returned, value)
        builder.store(data, builder.inttoptr(read(slots, slot), data.type.as_pointer()))
    builder.ret(builder.zext(status.is_error, ir.IntType(32)))
    return module


def _array(
    context: Any, builder: Any, type_: Any, address: Any, read: Callable[[Any, Any], Any]
) -> Any:
    """Describe an array to numba, from the fields of numpy's PyArrayObject.

    After what every object begins with these are: the address of the data, the number of dimensions,
    the address of the shape, the address of the strides.
    """
    word = context.get_value_type(types.intp)
    fields = [object.__basicsize__ + place * struct.calcsize("P") for place in range(4)]
    data, _, shape, strides = (
        read(builder.add(address, address.type(one)), word) for one in fields
    )

    def items(start: Any) -> list[Any]:
        step = struct.calcsize("P")
        return [read(builder.add(start, word(step * i)), word) for i in range(type_.ndim)]

    array = context.make_array(type_)(context, builder)
    pointer = builder.inttoptr(data, context.get_data_type(type_.dtype).as_pointer())
    itemsize = context.get_abi_sizeof(context.get_data_type(type_.dtype))
    fill: Any = populate_array
    fill(array, pointer, items(shape), items(strides), itemsize, None)
    return array._getvalue()  # noqa: SLF001 - numba's way to end with a value


def _type(kind: str) -> Any:
    dtype, *rest = kind.split()
    item: Any = from_dtype(np.dtype(dtype))
    if not rest:
        return item
    dimensions, layout, access, alignment = rest
    array: Any = types.Array
    return array(item, int(dimensions), layout, readonly=access == "r", aligned=alignment == "a")


def _returns(result: Any) -> tuple[str, int]:
    """Return the type of what a kernel returns, and how many there are in a tuple."""
    if isinstance(result, types.NoneType):
        return "", 0
    if isinstance(result, types.UniTuple):
        return as_dtype(result.dtype).str, result.count
    return as_dtype(result).str, 0

"""Machine code into memory, with the linker of llvmlite that numba uses, too."""

from __future__ import annotations

import functools
from typing import Any

import llvmlite.binding as llvm


@functools.cache
def host() -> tuple[str, str, str]:
    """Return what machine code depends on: the system, the processor and its features."""
    features = llvm.get_host_cpu_features().flatten()
    return llvm.get_process_triple(), llvm.get_host_cpu_name(), features


def load(code: bytes, symbol: str) -> int:
    """Load an object file and return the address of one of its functions; it stays for good."""
    engine = _engine()
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return int(engine.get_function_address(symbol))


def target(cpu: str, features: str) -> Any:
    """Return what writes object files that can be loaded into this process, as numba does it."""
    native = llvm.Target.from_triple(llvm.get_process_triple())
    relocation = "static" if native.name.startswith("x86") else "default"
    llvm.initialize_native_asmprinter()
    return native.create_target_machine(
        cpu, features, opt=3, reloc=relocation, codemodel="jitdefault", jit=True
    )


@functools.cache
def _engine() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    _, cpu, features = host()
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), target(cpu, features))

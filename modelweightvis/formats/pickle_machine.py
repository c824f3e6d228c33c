"""What a pickle says, without doing what it says.

A pickle is a program that builds objects. Here it is read, not run: nothing is imported, nothing is
called, and what it would call becomes a record of the call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from modelweightvis.formats.pickle_values import (
    Call,
    Global,
    Storage,
    called,
    extend,
    put,
    storage_of,
)

#: The most instructions of a pickle.
LONGEST = 4_000_000


class Told(NamedTuple):
    """What a pickle says.

    Attributes:
        value: the object, as data.
        length: of the pickle, in bytes.
        storages: every storage it names, by key.
    """

    value: Any
    length: int
    storages: dict[str, Storage]


def interpret(data: bytes) -> Told:
    """Read a pickle; what follows it is left alone.

    Raises:
        ValueError: it is not valid, or too long; the message says where.
    """
    from pickletools import genops

    machine = _Machine()
    place = 0
    try:
        for number, (opcode, argument, position) in enumerate(genops(data)):
            place = position or 0
            if opcode.name == "STOP":
                return Told(machine.stack.pop(), place + 1, machine.storages)
            if number > LONGEST:
                break
            machine.do(opcode.name, argument)
    except (ValueError, IndexError, TypeError, KeyError, OverflowError) as error:
        why = str(error)[:80] or type(error).__name__
        raise ValueError(f"not valid at its byte {place}: {why!r}") from None
    raise ValueError(f"not complete, or longer than {LONGEST} instructions")


class _Machine:
    """The stack and the memory of a pickle that is being read."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marked: list[list[Any]] = []
        self.memory: dict[int, Any] = {}
        self.storages: dict[str, Storage] = {}

    def do(self, name: str, argument: Any) -> None:
        """Do what an instruction says, as far as it makes data."""
        if name in _PUSHES:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name]())
        elif name in {"MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"}:
            index = len(self.memory) if name == "MEMOIZE" else argument
            if not 0 <= index < 2**32:
                raise ValueError("its memory has no such place")
            self.memory[index] = self.stack[-1]
        elif name in {"GET", "BINGET", "LONG_BINGET"}:
            self.stack.append(self.memory[argument])
        elif name not in _NOTHING:
            _ACTIONS[name](self, argument)

    def pop(self) -> Any:
        """Take the last value."""
        return self.stack.pop()

    def pop_mark(self) -> list[Any]:
        """Take every value since the last mark."""
        values = self.stack
        self.stack = self.marked.pop()
        return values

    def mark(self, argument: Any) -> None:
        self.marked.append(self.stack)
        self.stack = []

    def pop_or_unmark(self, argument: Any) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.pop_mark()

    def unmark(self, argument: Any) -> None:
        self.pop_mark()

    def duplicate(self, argument: Any) -> None:
        self.stack.append(self.stack[-1])

    def make_list(self, argument: Any) -> None:
        values = self.pop_mark()
        self.stack.append(values)

    def make_tuple(self, argument: Any) -> None:
        values = tuple(self.pop_mark())
        self.stack.append(values)

    def make_dict(self, argument: Any) -> None:
        values, made = self.pop_mark(), dict[str, Any]()
        put(made, values)
        self.stack.append(made)

    def short_tuple(self, count: int) -> None:
        values = tuple(self.stack[len(self.stack) - count :])
        if len(values) != count:
            raise IndexError("nothing is left")
        del self.stack[len(self.stack) - count :]
        self.stack.append(values)

    def append(self, argument: Any) -> None:
        value = self.pop()
        extend(self.stack[-1], [value])

    def appends(self, argument: Any) -> None:
        values = self.pop_mark()
        extend(self.stack[-1], values)

    def set_item(self, argument: Any) -> None:
        value, key = self.pop(), self.pop()
        put(self.stack[-1], [key, value])

    def set_items(self, argument: Any) -> None:
        values = self.pop_mark()
        put(self.stack[-1], values)

    def name(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self.stack.append(Global(module, name))

    def stack_name(self, argument: Any) -> None:
        name, module = self.pop(), self.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise TypeError("a name is no text")
        self.stack.append(Global(module, name))

    def call(self, argument: Any) -> None:
        arguments, function = self.pop(), self.pop()
        self.stack.append(called(function, arguments))

    def call_with_keywords(self, argument: Any) -> None:
        _, arguments, function = self.pop(), self.pop(), self.pop()
        self.stack.append(called(function, arguments))

    def call_marked(self, argument: Any) -> None:
        function, *arguments = self.pop_mark()
        self.stack.append(called(function, tuple(arguments)))

    def call_named(self, argument: str) -> None:
        arguments = tuple(self.pop_mark())
        self.name(argument)
        self.stack.append(called(self.pop(), arguments))

    def extension(self, argument: int) -> None:
        self.stack.append(Call(Global("copyreg", f"extension {argument}")))

    def build(self, argument: Any) -> None:
        state = self.pop()
        if isinstance(self.stack[-1], Call):
            self.stack[-1].state = state

    def stored(self, argument: Any) -> None:
        told = argument if argument is not None else self.pop()
        storage = storage_of(told)
        if storage is not None:
            self.storages[storage.key] = storage
        self.stack.append(storage or Call(Global("", "persistent object")))

    def buffer(self, argument: Any) -> None:
        self.stack.append(Call(Global("", "buffer")))


_PUSHES = frozenset(
    {
        "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
        "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE",
        "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
    }
)  # fmt: skip
_NOTHING = frozenset({"PROTO", "FRAME", "READONLY_BUFFER"})
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": dict,
    "EMPTY_SET": list,
}
_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": _Machine.mark,
    "POP": _Machine.pop_or_unmark,
    "POP_MARK": _Machine.unmark,
    "DUP": _Machine.duplicate,
    "LIST": _Machine.make_list,
    "FROZENSET": _Machine.make_list,
    "TUPLE": _Machine.make_tuple,
    "TUPLE1": lambda machine, _: machine.short_tuple(1),
    "TUPLE2": lambda machine, _: machine.short_tuple(2),
    "TUPLE3": lambda machine, _: machine.short_tuple(3),
    "DICT": _Machine.make_dict,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "ADDITEMS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.stack_name,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.call,
    "NEWOBJ_EX": _Machine.call_with_keywords,
    "OBJ": _Machine.call_marked,
    "INST": _Machine.call_named,
    "EXT1": _Machine.extension,
    "EXT2": _Machine.extension,
    "EXT4": _Machine.extension,
    "BUILD": _Machine.build,
    "PERSID": _Machine.stored,
    "BINPERSID": _Machine.stored,
    "NEXT_BUFFER": _Machine.buffer,
}

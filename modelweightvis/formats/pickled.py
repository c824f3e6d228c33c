"""What a pickle says, without doing what it says.

A pickle is a program that builds objects. Here it is read, not run: nothing is imported, nothing is
called, and what it would call becomes a record of the call. The few constructors that state
dictionaries are made of are known by name, and give dictionaries, storages and tensors as data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

#: The most instructions of a pickle.
LONGEST = 4_000_000
#: The deepest nesting that tensors are looked for in, and their longest name.
DEEPEST, LONGEST_NAME = 32, 1000
#: What the state of an optimiser has, and what checkpoints of a training have beside the model.
_OPTIMISER = frozenset({"state", "param_groups"})
_TRAINING = frozenset(
    {
        "optimizer", "optimizers", "optimizer_state", "optimizer_states", "optimizer_state_dict",
        "optim", "lr_scheduler", "lr_schedulers", "scheduler", "scaler", "rng_state", "rng_states",
    }
)  # fmt: skip


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


def tensors(value: Any) -> Iterator[tuple[tuple[str, ...], Tensor, bool]]:
    """Yield every tensor under a value, in the order in which they are kept.

    Containers that are reached twice are entered once.

    Yields:
        Path, tensor, and whether it belongs to the training (an optimiser, say), not to the model.
    """
    seen: set[int] = set()
    waiting: list[tuple[tuple[str, ...], Any, bool]] = [((), value, False)]
    while waiting:
        path, value, training = waiting.pop()
        if isinstance(value, Tensor):
            yield path, value, training
        elif isinstance(value, dict | list | tuple | Call) and id(value) not in seen:
            seen.add(id(value))
            if len(path) < DEEPEST and sum(map(len, path)) < LONGEST_NAME:
                inside = _inside(value)
                training |= {key for key, _ in inside} >= _OPTIMISER
                for key, inner in reversed(inside):
                    waiting.append(((*path, key), inner, training or key in _TRAINING))


def _inside(value: Any) -> list[tuple[str, Any]]:
    """List what may hold tensors in a container, by name."""
    if isinstance(value, Call):
        state = value.state if isinstance(value.state, dict) else {}
        found = [*value.entries.items(), *state.items(), *_numbered(value.items)]
    else:
        found = list(value.items()) if isinstance(value, dict) else _numbered(value)
    return [
        (key, inner)
        for key, inner in found
        if isinstance(inner, dict | list | tuple | Call | Tensor)
    ]


def _numbered(values: list[Any] | tuple[Any, ...]) -> list[tuple[str, Any]]:
    return [(str(number), inner) for number, inner in enumerate(values)]


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
        _put(made, values)
        self.stack.append(made)

    def short_tuple(self, count: int) -> None:
        values = tuple(self.stack[len(self.stack) - count :])
        if len(values) != count:
            raise IndexError("nothing is left")
        del self.stack[len(self.stack) - count :]
        self.stack.append(values)

    def append(self, argument: Any) -> None:
        value = self.pop()
        _extend(self.stack[-1], [value])

    def appends(self, argument: Any) -> None:
        values = self.pop_mark()
        _extend(self.stack[-1], values)

    def set_item(self, argument: Any) -> None:
        value, key = self.pop(), self.pop()
        _put(self.stack[-1], [key, value])

    def set_items(self, argument: Any) -> None:
        values = self.pop_mark()
        _put(self.stack[-1], values)

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
        self.stack.append(_called(function, arguments))

    def call_with_keywords(self, argument: Any) -> None:
        _, arguments, function = self.pop(), self.pop(), self.pop()
        self.stack.append(_called(function, arguments))

    def call_marked(self, argument: Any) -> None:
        function, *arguments = self.pop_mark()
        self.stack.append(_called(function, tuple(arguments)))

    def call_named(self, argument: str) -> None:
        arguments = tuple(self.pop_mark())
        self.name(argument)
        self.stack.append(_called(self.pop(), arguments))

    def extension(self, argument: int) -> None:
        self.stack.append(Call(Global("copyreg", f"extension {argument}")))

    def build(self, argument: Any) -> None:
        state = self.pop()
        if isinstance(self.stack[-1], Call):
            self.stack[-1].state = state

    def stored(self, argument: Any) -> None:
        told = argument if argument is not None else self.pop()
        storage = _storage(told)
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


def _extend(target: Any, values: list[Any]) -> None:
    if isinstance(target, list):
        target.extend(values)
    elif isinstance(target, Call):
        target.items.extend(values)
    else:
        raise TypeError("what is appended to is no list")


def _put(target: Any, values: list[Any]) -> None:
    """Put keys and values into a dictionary; a key is text, or a number in digits."""
    if isinstance(target, Call):
        target = target.entries
    if not isinstance(target, dict) or len(values) % 2:
        raise TypeError("what is put into is no dictionary")
    for key, value in zip(values[::2], values[1::2], strict=True):
        if isinstance(key, int) and key.bit_length() <= 64:
            target[str(int(key))] = value
        elif isinstance(key, str):
            target[key] = value


def _storage(told: Any) -> Storage | None:
    """Return the storage that a persistent id of torch names."""
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


def _called(function: Any, arguments: Any) -> Any:
    """Return what a call gives, if it makes state dictionaries, or a record of it."""
    if not isinstance(arguments, tuple):
        raise TypeError("arguments are no tuple")
    made = _MAKERS.get(str(function)) if isinstance(function, Global) else None
    return made(arguments) if made else Call(function)


def _dictionary(arguments: tuple[Any, ...]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for pair in arguments[0] if arguments and isinstance(arguments[0], list) else ():
        if isinstance(pair, list | tuple) and len(pair) == 2:
            _put(made, list(pair))
    return made


def _view(arguments: tuple[Any, ...]) -> Any:
    """Return the tensor of (storage, offset, shape, strides, …)."""
    storage, offset, shape, strides = arguments[:4]
    if not isinstance(storage, Storage):
        return Call(Global("torch", "Tensor"))
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
        return _called(function, inner)
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

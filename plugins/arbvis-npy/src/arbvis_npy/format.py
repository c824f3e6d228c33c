"""Arrays of `.npy` files: where they lie, and what their bytes mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import accumulate, product
from math import prod
from operator import mul
from typing import TYPE_CHECKING

from arbvis_core.api import (
    Decoder,
    Document,
    Format,
    FormatError,
    Group,
    Part,
    Priority,
    Probe,
    Range,
    Region,
    Source,
    Window,
    part_arrays,
)
from arbvis_npy.header import MAGIC, PRELUDE, Header, header_span, parse_header

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Dtypes that hold one number, as numpy spells them.
ONE_BYTE = ("|b1", "|i1", "|u1")
LONGER = ("i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8", "f12", "f16")
#: Dtypes that cannot be shown, by their letter.
REFUSED = {
    "O": "pickled Python objects, which are never loaded; save it with a plain dtype",
    "S": "text, not numbers",
    "U": "text, not numbers",
    "V": "bytes that have no type",
    "M": "dates; save them as numbers",
    "m": "spans of time; save them as numbers",
}


class NumberDecoder(Decoder):
    """Numbers of any length and byte order."""

    encodings = tuple(f"npy:{dtype}" for dtype in (*ONE_BYTE, *map("".join, product("<>", LONGER))))

    def decode(
        self,
        region: Region,
        window: Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return the numbers of `window`, float32, in its shape."""
        del operands
        import numpy as np

        (units,) = part_arrays(region, window, buffers)
        numbers = np.ascontiguousarray(units.data).view(region.encoding.removeprefix("npy:"))
        with np.errstate(over="ignore", invalid="ignore"):
            return numbers[..., 0].astype(np.float32)


class NpyFormat(Format):
    """Recognises `.npy` files by their magic string."""

    name = "npy"
    priority = Priority.NORMAL
    decoders = (NumberDecoder(),)

    def matches(self, probe: Probe) -> bool:
        """Claim what begins with the magic string."""
        return probe.head(len(MAGIC)) == MAGIC

    def parse(self, group: Group) -> Sequence[Document]:
        """Return one document per file; only headers are read.

        Raises:
            FormatError: a file is damaged, cut short, or holds no plain numbers.
        """
        return [_document(source) for source in group.claimed]


def _document(source: Source) -> Document:
    start, stop = header_span(source.name, _read(source, 0, PRELUDE))
    text = _read(source, start, stop)
    if len(text) < stop - start:
        raise FormatError(f"{source.name} ends within its header, at byte {source.size}")
    header = parse_header(source.name, text.decode("latin-1"))
    array = _array(source, header, stop)
    end = array.parts[0].stop
    extra = (
        f"{source.name}: {source.size - end} bytes follow the array" if end < source.size else ""
    )
    return Document(
        name=source.name,
        format=NpyFormat.name,
        sources=(source,),
        regions=(
            Region(
                "header", (stop,), "bytes", (Part("bytes", source.key, 0, stop, (stop,), (1,)),)
            ),
            array,
        ),
        metadata={"dtype": header.descr, "shape": header.shape, "fortran_order": header.fortran},
        warnings=(extra,) if extra else (),
    )


def _array(source: Source, header: Header, start: int) -> Region:
    """Describe the array; complex numbers get a last axis of two, real and imaginary."""
    dtype = _dtype(source.name, header.descr)
    shape, size = header.shape, dtype.itemsize
    stop = start + prod(shape) * size
    if stop > source.size:
        raise FormatError(
            f"{source.name} holds {source.size - start} of its array's {stop - start} bytes "
            f"from byte {start} on; it was cut short, fetch it again"
        )
    strides = _strides(shape if header.fortran else shape[::-1], size)
    strides = strides if header.fortran else strides[::-1]
    kind = dtype.str
    if dtype.kind == "c":
        size //= 2
        shape, strides, kind = (*shape, 2), (*strides, size), f"{kind[0]}f{size}"
    part = Part("codes", source.key, start, stop, shape, strides)
    attributes = {"dtype": dtype.name, "shape": header.shape}
    return Region("array", shape, f"npy:{kind}", (part,), attributes=attributes)


def _strides(shape: Sequence[int], size: int) -> tuple[int, ...]:
    """Return the bytes between neighbours along each axis, the first axis being contiguous."""
    return tuple(accumulate(shape[:-1], mul, initial=size)) if shape else ()


def _dtype(name: str, descr: str) -> np.dtype[np.generic]:
    import numpy as np

    letter = descr.lstrip("<>|=")[:1]
    if letter in REFUSED:
        raise FormatError(f"{name} holds {REFUSED[letter]} (its dtype is {descr[:40]!r})")
    if re.fullmatch("[<>|=]?[biufc][0-9]{1,2}", descr):
        with suppress(TypeError):  # long doubles differ from machine to machine
            return np.dtype(descr)
    raise FormatError(f"{name} is of dtype {descr[:40]!r}, which numpy does not know here")


def _read(source: Source, start: int, stop: int) -> bytes:
    """Read what there is of a range."""
    stop = min(stop, source.size)
    return bytes(source.read([Range(start, stop)])[0]) if start < stop else b""

"""A tensor in the hand: it knows its shape at once, and reads what is asked for."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from arbvis_core import api
from modelweightvis.indexing import Key, bands, pieces, place_of, select, window_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import DTypeLike, NDArray

    from modelweightvis.tensors import Tensor

    T = TypeVar("T")

#: Windows that are decoded side by side; more would only need more memory.
WORKERS = 8


@dataclass(frozen=True, slots=True, eq=False)
class LazyTensor:
    """A tensor of a model. Index it as a NumPy array; only what is asked for is read and decoded.

    Values are float32 in the logical shape, whatever is stored: integers beyond 2^24 and float64 are
    rounded to it.

    Attributes:
        document: the file or files it lies in.
        tensor: its region, and what its name says.
    """

    document: api.Document
    tensor: Tensor

    @property
    def name(self) -> str:
        """Its name, as it is stored."""
        return self.tensor.region.name

    @property
    def canonical(self) -> str:
        """Its name in the naming scheme that all models share."""
        return self.tensor.name.canonical

    @property
    def role(self) -> str:
        """What it is to the model, such as `attention.q` or `mlp.down`."""
        return self.tensor.name.role

    @property
    def stack(self) -> str:
        """The tower of layers it belongs to, such as `text`; empty for what several share."""
        return self.tensor.name.stack

    @property
    def layer(self) -> int | None:
        """The index of its layer; None outside the layers."""
        return self.tensor.name.layer

    @property
    def expert(self) -> int | None:
        """The index of its expert; None for what is no expert, and for a bank of them."""
        return self.tensor.name.expert

    @property
    def shape(self) -> tuple[int, ...]:
        """Its logical shape."""
        return self.tensor.region.shape

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many values it holds."""
        return self.tensor.elements

    @property
    def dtype(self) -> str:
        """The type it is stored in, such as `BF16` or `Q4_K`."""
        return self.tensor.dtype

    @property
    def nbytes(self) -> int:
        """How many bytes are stored for it, scales and zeros included."""
        return self.tensor.bytes

    @property
    def bits_per_weight(self) -> float:
        """Stored bits per value."""
        return self.tensor.bits_per_weight

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a tensor without axes")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, key: Key) -> Any:
        """Return values as `numpy.ndarray` would, float32; a single one as a `numpy.float32`.

        Raises:
            IndexError: an index lies outside, or is none of integer, slice, ellipsis, newaxis.
            FormatError: nobody knows the values of its type.
        """
        import numpy as np

        selection = select(key, self.shape)
        out = np.empty(selection.shape, np.float32)

        def fill(piece: tuple[range, ...]) -> None:
            values = self.window(window_of(piece))
            steps = tuple(slice(None, None, span.step) for span in piece)
            out[place_of(piece, selection.spans)] = values[steps]

        for _ in in_order(fill, pieces(selection.spans)):
            pass
        return out[selection.finish]

    def __array__(
        self,
        dtype: DTypeLike | None = None,
        copy: bool | None = None,  # noqa: FBT001  NumPy's
    ) -> NDArray[Any]:
        if copy is False:
            raise ValueError("a tensor is decoded, so it cannot become an array without a copy")
        import numpy as np

        values: NDArray[np.float32] = np.asarray(self[...])
        return values if dtype is None else values.astype(dtype, copy=False)

    def bands(self) -> Iterator[NDArray[np.float32]]:
        """Yield all values in row-major order, float32, in arrays of some megabytes."""
        return in_order(self.window, bands(self.shape))

    def window(self, window: api.Window) -> NDArray[np.float32]:
        """Return the values of a rectangle, (start, stop) per axis; not to be written to.

        Raises:
            FormatError: nobody knows the values of its type.
        """
        self.check_known()
        return api.values(self.document, self.tensor.region, window)

    def check_known(self) -> None:
        """Refuse a tensor whose values nobody knows.

        Raises:
            FormatError: so it is.
        """
        if not self.tensor.decoded:
            raise api.FormatError(
                f"{self.name}: nobody here can decode {self.dtype}, only its bytes can be exported"
            )

    def __repr__(self) -> str:
        return f"<LazyTensor {self.name!r} {shape_text(self.shape)} {self.dtype}>"

    def _repr_html_(self) -> str:
        facts = {
            "role": self.role,
            "layer": self.layer,
            "expert": self.expert,
            "shape": shape_text(self.shape),
            "type": f"{self.dtype}, {self.bits_per_weight:.4g} bits per weight",
            "stored": f"{self.nbytes:,} bytes",
        }
        rows = "".join(
            f"<tr><th>{fact}</th><td>{html.escape(str(value))}</td></tr>"
            for fact, value in facts.items()
            if value is not None
        )
        return f"<table><caption>{html.escape(self.name)}</caption>{rows}</table>"


def shape_text(shape: Iterable[int]) -> str:
    """Write a shape as people do: `4,096 × 11,008`."""
    return " × ".join(f"{length:,}" for length in shape) or "scalar"


def workers() -> int:
    """Return how many threads are worth starting."""
    affinity = getattr(os, "sched_getaffinity", None)
    return min(WORKERS, len(affinity(0)) if affinity else os.cpu_count() or 1)


def in_order(work: Callable[[Any], T], parts: Iterable[Any]) -> Iterator[T]:
    """Yield the results of work on parts, in their order; some are done ahead, in threads."""
    from collections import deque
    from concurrent.futures import Future, ThreadPoolExecutor
    from itertools import chain, islice

    rest = iter(parts)
    first = list(islice(rest, 2))
    if len(first) < 2:
        yield from map(work, first)
        return
    pool = ThreadPoolExecutor(workers())
    waiting: deque[Future[T]] = deque()
    try:
        for part in chain(first, rest):
            waiting.append(pool.submit(work, part))
            if len(waiting) > workers():
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)

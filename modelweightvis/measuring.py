"""Statistics of whole tensors: one pass, in bands, several tensors side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from sys import byteorder
from threading import Event
from typing import TYPE_CHECKING, Any

from arbvis_core import api
from modelweightvis.indexing import bands
from modelweightvis.lazy import LazyTensor, workers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from modelweightvis.kernels.statistics import Statistics

#: Elements of which the mean is taken to be near that of the whole tensor.
SAMPLE = 1 << 16
#: Which half of a float32 in memory is the upper one.
_UPPER = int(byteorder == "little")
#: What is known of every tensor, in the order of the columns.
FIGURES = (
    "count",
    "min",
    "max",
    "mean",
    "std",
    "rms",
    "mean_abs",
    "max_abs",
    "zeros",
    "non_finite",
    "kurtosis",
)


def measure(
    tensors: Sequence[LazyTensor], on_progress: Callable[[int], None] = lambda _elements: None
) -> list[dict[str, Any]]:
    """Return the statistics of each tensor, in the order given.

    `zeros` is a share, `non_finite` a count; `std` is that of the population, `kurtosis` 3 for a
    normal distribution. None stands for what is not known: the figures of a tensor that nobody can
    decode, or in which nothing is finite. Memory is bounded, whatever the size of the tensors.

    Args:
        tensors: what to measure.
        on_progress: told how many elements were measured since, from any thread.
    """
    stop = Event()

    def figures(tensor: LazyTensor) -> dict[str, Any]:
        known: dict[str, Any] = {}
        if tensor.tensor.decoded:
            known = _statistics(tensor, on_progress, stop).summary()
        return {name: known.get(name) for name in FIGURES}

    pool = ThreadPoolExecutor(workers())
    try:
        # The largest first, or all but one thread would wait for it at the end.
        order = sorted(range(len(tensors)), key=lambda number: -tensors[number].size)
        found = dict(zip(order, pool.map(figures, [tensors[one] for one in order]), strict=True))
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
    return [found[number] for number in range(len(tensors))]


def _statistics(tensor: LazyTensor, on_progress: Callable[[int], None], stop: Event) -> Statistics:
    from modelweightvis.kernels.statistics import Statistics

    found: Statistics | None = None
    region = _as_stored(tensor.tensor.region)
    add = _add_upper if region.encoding == "BF16" and not region.operands else Statistics.add
    for window in bands(region.shape):
        if stop.is_set():
            break
        values = api.values(tensor.document, region, window).reshape(1, -1)
        if found is None:
            found = Statistics(_middle(values[:, :SAMPLE]))
        add(found, values)
        on_progress(values.size)
    return found or Statistics(0.0)


def _add_upper(found: Statistics, values: NDArray[np.float32]) -> None:
    """Count bfloat16 by its codes, which is faster than to add up values, and exact."""
    import numpy as np

    from modelweightvis.encodings.units import code_values
    from modelweightvis.kernels.statistics import tally

    counts = np.zeros(1 << 16, np.uint32)
    tally(values.view(np.uint16)[:, _UPPER::2], counts)
    found.add_counts(counts, code_values("BF16"))


def _as_stored(region: api.Region) -> api.Region:
    """Return the array before its view where that only reorders it: its bands lie together."""
    if all(isinstance(step, api.Transpose | api.Reshape) for step in region.view):
        return replace(region, shape=region.stored_shape, view=(), stored=())
    return region


def _middle(values: NDArray[np.float32]) -> float:
    """Return the mean of the finite values, 0 if there are none: moments are taken about it."""
    import numpy as np

    finite = values[np.isfinite(values)]
    return float(finite.mean(dtype=np.float64)) if finite.size else 0.0


def elements(tensors: Iterable[LazyTensor]) -> int:
    """Return how many elements `measure` will look at."""
    return sum(tensor.size for tensor in tensors if tensor.tensor.decoded)

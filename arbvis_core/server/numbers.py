"""Numbers as JSON and `.npy` have them: what is no number is said in words."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def word_of(value: float) -> str:
    """Return what a number that is not finite is called."""
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def plain(value: Any) -> Any:
    """Return plain data in which nothing that is not finite is left: words stand for it."""
    if isinstance(value, float) and not math.isfinite(value):
        return word_of(value)
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def nested(values: NDArray[Any], known: NDArray[np.bool_]) -> list[list[Any]]:
    """Return rows of numbers: words for what is not finite, None for what is not there."""
    import numpy as np

    found = values.astype(object)
    if values.dtype.kind == "f":
        for row, column in zip(*np.nonzero(~np.isfinite(values)), strict=True):
            found[row, column] = word_of(float(values[row, column]))
    found[~known] = None
    rows: list[list[Any]] = found.tolist()
    return rows


def npy(values: NDArray[Any], known: NDArray[np.bool_]) -> bytes:
    """Return an array of float32 as a file of numpy's; what is not there is NaN."""
    import numpy as np

    file = io.BytesIO()
    with np.errstate(over="ignore"):
        array = np.where(known, values, np.nan).astype(np.float32)
    np.save(file, array, allow_pickle=False)
    return file.getvalue()

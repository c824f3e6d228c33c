"""Rows as they lie in memory: a crop of a wide matrix is not copied together to be looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray


def in_rows(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array, (h, w), whose rows lie in one piece each, one behind the other, as it does."""
    pitch, step = array.strides
    size = array.itemsize
    if array.flags.aligned and step == size and pitch >= size * array.shape[1] and not pitch % size:
        return array
    return np.require(array, None, ["C", "A"])


def flat_rows(array: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """Return the elements of an array, (h, w), as they lie in memory, read-only, and what lies between.

    Returns:
        From the first element to the last, (n,), and how far apart rows begin in it, in elements.
    """
    array = in_rows(array)
    height, width = array.shape
    if array.flags.c_contiguous:
        flat, pitch = array.reshape(-1), width
    else:
        pitch = array.strides[0] // array.itemsize
        flat = as_strided(array, ((height - 1) * pitch + width,), array.strides[1:])
    flat = flat.view()
    flat.flags.writeable = False
    return flat, pitch

"""Statistics of the attention heads of a tensor, where its layout says how it is cut into them."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelweightvis.kernels.heads import (
    COUNT,
    FIGURES,
    MAX_ABS,
    NON_FINITE,
    SUM_ABS,
    SUM_SQUARES,
    ZEROS,
    add_heads,
)

if TYPE_CHECKING:
    from modelweightvis.folds import Piece

#: What a layout says of a tensor: the axis that is cut, the length of a head, how many there are.
Heads = Mapping[str, Any]


def measured(heads: Heads, piece: Piece, values: NDArray[Any]) -> NDArray[np.float64]:
    """Return what is known of every head from a piece, float64, (heads, FIGURES).

    Args:
        heads: how the tensor is cut.
        piece: of the tensor.
        values: of the piece, as they lie on the canvas: float32, or uint16 for bfloat16 as it is stored.
    """
    found = np.zeros((heads["count"], FIGURES))
    if len(piece.window) == 3:
        numbers = _of_bank(heads, piece)
        laid = piece.pixels(np.broadcast_to(numbers[..., None], _sizes(piece)))
        none = np.zeros(1, np.int32)
        add_heads(values.reshape(-1, 1), np.ascontiguousarray(laid).reshape(-1), none, found)
        return found
    start, stop = piece.window[heads["axis"]]
    numbers = (np.arange(start, stop) // heads["size"]).astype(np.int32)
    by_row = heads["axis"] == 0 and len(piece.window) == 2
    if piece.cells == (1, 1):
        none = np.zeros(values.shape[1 if by_row else 0], np.int32)
        rows, columns = (numbers, none) if by_row else (none, numbers)
        add_heads(values, rows, columns, found)
    else:  # small cells that are laid out anew
        rows = numbers[:, None] if by_row else numbers
        laid = piece.pixels(np.broadcast_to(rows, _sizes(piece)))
        none = np.zeros(1, np.int32)
        add_heads(values.reshape(-1, 1), np.ascontiguousarray(laid).reshape(-1), none, found)
    return found


def _of_bank(cuts: Heads, piece: Piece) -> NDArray[np.int32]:
    """Return the number of the cut of every row of a bank of experts, (experts, rows)."""
    (first, last), (top, bottom), _ = piece.window
    parts = cuts.get("parts", 1)
    inner = (
        np.arange(top, bottom) // cuts["part_size"] if parts > 1 else np.zeros(bottom - top, int)
    )
    numbers: NDArray[np.int32] = (np.arange(first, last)[:, None] * parts + inner).astype(np.int32)
    return numbers


def _sizes(piece: Piece) -> tuple[int, ...]:
    return tuple(stop - start for start, stop in piece.window)


def added(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what both say of the same heads."""
    both = left + right
    both[:, MAX_ABS] = np.maximum(left[:, MAX_ABS], right[:, MAX_ABS])
    return both


def described(found: NDArray[np.float64]) -> dict[str, list[float | int | None]]:
    """Return plain figures, a list each, in the order of the heads."""
    finite = found[:, COUNT] - found[:, NON_FINITE]
    with np.errstate(invalid="ignore", divide="ignore"):
        means = {
            "mean_abs": found[:, SUM_ABS] / finite,
            "rms": np.sqrt(found[:, SUM_SQUARES] / finite),
            "zeros": found[:, ZEROS] / found[:, COUNT],
            "count": found[:, COUNT],
        }
    most = np.where(finite > 0, found[:, MAX_ABS], np.nan)
    return {
        **{name: _plain(values) for name, values in (means | {"max_abs": most}).items()},
        "non_finite": [int(one) for one in found[:, NON_FINITE]],
    }


def _plain(values: NDArray[np.float64]) -> list[float | int | None]:
    return [one if isfinite(one) else None for one in values.tolist()]

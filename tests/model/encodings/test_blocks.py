"""What single elements of quantisation blocks are computed from, against the kernels' values."""

from __future__ import annotations

import numpy as np
import pytest

from modelweightvis.encodings.blocks import explain
from modelweightvis.encodings.table import TYPES
from modelweightvis.encodings.units import decode_units

TOLD = (
    *("Q1_0", "Q2_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q8_1"),
    *("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_K", "IQ4_NL", "IQ4_XS", "MXFP4"),
)


def some_blocks(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return random blocks of which every value is finite."""
    random = np.random.default_rng(len(name))
    blocks = random.integers(0, 256, (64, TYPES[name].bytes), dtype=np.uint8)
    with np.errstate(all="ignore"):
        finite = np.isfinite(decode_units(name, blocks)).all(axis=1)
    return blocks[finite][:3]


@pytest.mark.parametrize("name", TOLD)
def test_scale_and_code_make_the_value(name: str) -> None:
    blocks = some_blocks(name)
    assert len(blocks) == 3
    for block, values in zip(blocks, decode_units(name, blocks), strict=True):
        for at, value in enumerate(values.tolist()):
            found = explain(name, block.tobytes(), at)
            made = found["scale"] * found.get("level", found["code"]) + found.get("min", 0.0)
            larger = abs(found["scale"] * found.get("level", found["code"]))
            assert made == pytest.approx(value, rel=1e-6, abs=1e-6 * larger)


def test_of_types_that_nobody_tells_nothing_is_said() -> None:
    assert explain("IQ2_XXS", bytes(66), 0) == {}
    assert explain("F16", bytes(2), 0) == {}

"""Packed weights of real libraries, through the files, to the last bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from little_checkpoints import DECODERS, tensors_of

from arbvis_core.api import Group
from arbvis_core.sources.local import LocalProvider
from arbvis_core.testing import check_documents, region_values
from modelweightvis.formats import SafetensorsFormatPlugin

VECTORS = Path(__file__).with_name("vectors")
CASES = {
    "awq": "AWQ 4-bit g32",
    "bnb-fp4": "FP4",
    "bnb-int8": "INT8 (per channel)",
    "bnb-nf4-nested": "NF4",
    "ct-fp8": "FP8 E4M3 (per tensor)",
    "ct-fp8-channel": "FP8 E4M3 (per channel)",
    "ct-int4": "INT4 g32",
    "ct-int4-zeros": "INT4 g32",
    "ct-int8": "INT8 (per channel)",
    "ct-int8-packed": "INT8",
    "ct-mxfp4": "MXFP4",
    "ct-nvfp4": "NVFP4",
    "deepseek": "FP8 E4M3 (128x128)",
    "deepseek-fp4": "MXFP4",
    "gpt-oss": "MXFP4",
    "gptq-4": "GPTQ 4-bit g32",
    "gptq-4-act-order": "GPTQ 4-bit g32",
    "gptq-8": "GPTQ 8-bit g32",
    "gptq-v2": "GPTQ 4-bit g64",
    "mlx-2-32": "MLX 2-bit g32",
    "mlx-3-64": "MLX 3-bit g64",
    "mlx-4-64": "MLX 4-bit g64",
    "mlx-5-32": "MLX 5-bit g32",
    "mlx-6-128": "MLX 6-bit g128",
    "mlx-8-64": "MLX 8-bit g64",
    "mlx-mxfp4": "MXFP4",
    "mlx-mxfp8": "MXFP8",
    "mlx-nvfp4": "NVFP4",
}
TYPES: dict[str, Any] = {
    "float32": np.float32,
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
}


@pytest.mark.parametrize("case", CASES)
def test_values_are_those_of_the_library_that_made_the_file(case: str) -> None:
    """Every element, and windows, to the last bit of the type that the library answers in."""
    folder = VECTORS / case
    sources = LocalProvider().open(str(folder))
    named = next(one for one in sources if one.name == "model.safetensors")
    beside = tuple(one for one in sources if one is not named)
    (document,) = SafetensorsFormatPlugin().parse(Group(str(folder), (named,), beside))
    check_documents([document], "safetensors", DECODERS)
    with np.load(folder.with_suffix(".npz")) as file:
        expected = dict(file)
    kind = TYPES[str(expected.pop("dtype"))]
    ((name, whole),) = expected.items()
    region = tensors_of(document)[name]
    assert document.warnings == ()
    assert len(document.regions) == 2
    assert region.attributes["dtype"] == CASES[case]
    generator = np.random.default_rng(1)
    windows = [tuple((0, length) for length in whole.shape)]
    for _ in range(8):
        starts = [int(generator.integers(0, length)) for length in whole.shape]
        windows.append(
            tuple(
                (start, int(generator.integers(start, length)) + 1)
                for start, length in zip(starts, whole.shape, strict=True)
            )
        )
    for window in windows:
        found = region_values(region, document.sources, DECODERS, window)
        wanted = whole[tuple(slice(*span) for span in window)]
        np.testing.assert_array_equal(found.astype(kind).astype(np.float32), wanted)


def test_every_vector_is_used() -> None:
    assert {one.stem for one in VECTORS.iterdir()} == CASES.keys()

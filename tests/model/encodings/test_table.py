"""The table against the libraries that read and write these types."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
import safetensors
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

from modelweightvis.encodings.table import (
    GGML_TYPES,
    TYPES,
    UNKNOWN,
    element_type,
    ggml_type,
)

#: Every type of safetensors 0.8.
SAFETENSORS = [
    *("BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64"),
    *("F4", "F6_E2M3", "F6_E3M2", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"),
    *("F16", "BF16", "F32", "F64", "C64"),
]


@pytest.mark.parametrize("one", GGMLQuantizationType, ids=lambda one: one.name)
def test_numbers_names_and_sizes_are_those_of_gguf(one: GGMLQuantizationType) -> None:
    stored = ggml_type(int(one))
    assert stored.name == one.name
    elements, size = GGML_QUANT_SIZES[one]
    if (
        one is GGMLQuantizationType.Q8_1
    ):  # two halves since llama.cpp made them so; gguf lags behind
        size = 36
    assert (stored.elements, stored.bytes) == (elements, size)


@pytest.mark.parametrize("name", SAFETENSORS)
def test_safetensors_accepts_a_tensor_of_that_size_and_no_other(name: str) -> None:
    size = element_type(name).size(48)
    ((tensor, _),) = _deserialize(_file(name, 48, size))
    assert tensor == "tensor"
    for wrong in (size - 1, size + 1):
        with pytest.raises(safetensors.SafetensorError):
            _deserialize(_file(name, 48, wrong))


def _deserialize(data: bytes) -> Any:
    return safetensors.deserialize(data)  # type: ignore[no-untyped-call]


def _file(dtype: str, count: int, size: int) -> bytes:
    entry = {"dtype": dtype, "shape": [count], "data_offsets": [0, size]}
    header = json.dumps({"tensor": entry}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(size)


@pytest.mark.parametrize("number", [-1, 4, 5, 43, 137, 1 << 40])
def test_a_number_that_nobody_knows_is_no_error(number: int) -> None:
    assert ggml_type(number) is UNKNOWN
    assert not UNKNOWN.decoded
    assert UNKNOWN.bits == 0


def test_a_name_that_nobody_knows_is_no_error() -> None:
    assert element_type("F3_E1M1") is UNKNOWN


def test_types_newer_than_the_gguf_package_are_known() -> None:
    assert ggml_type(42).name == "Q2_0"
    assert ggml_type(42).bits == 2.25
    assert ggml_type(41).bits == 1.125


def test_every_numbered_type_is_in_the_table() -> None:
    assert set(GGML_TYPES.values()) <= set(TYPES)


def test_elements_have_to_fill_units() -> None:
    assert element_type("Q4_K").size(512) == 288
    with pytest.raises(ValueError, match="255 elements of Q4_K"):
        element_type("Q4_K").size(255)


@pytest.mark.parametrize("module", ["table", "parts", "packed", "decoders"])
def test_nothing_heavy_is_imported(module: str) -> None:
    code = (
        f"import sys, modelweightvis.encodings.{module}\n"
        "sys.exit(bool({'numpy', 'numba', 'gguf'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

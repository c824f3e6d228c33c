"""Every stored element type: its name, how it is cut into units, and whether its values are known.

Names are those of safetensors (`BF16`, `F8_E4M3` …) and of GGML (`Q4_K` …), which agree where they
overlap. Sizes of GGML types are those of `ggml-common.h`; the `gguf` package differs in one, Q8_1,
which it gives 40 bytes as before llama.cpp made its two scales halves. Nothing heavy is imported.
"""

from __future__ import annotations

from typing import Literal

from arbvis_core.slotted import dataclass

Kind = Literal["float", "integer", "boolean", "quantised", "unknown"]


@dataclass(frozen=True, slots=True)
class ElementType:
    """How the elements of one type are stored.

    Attributes:
        name: as files and people call it.
        elements: in a unit, which is what cannot be split: an element, a byte that holds two of
            them, a quantisation block.
        bytes: of a unit; 0 if nobody knows.
        kind: what sort of number it is.
        decoded: its values are known; otherwise only its extent is.
    """

    name: str
    elements: int
    bytes: int
    kind: Kind
    decoded: bool = True

    @property
    def bits(self) -> float:
        """Bits per element, scales included; 0 if nobody knows."""
        return 8 * self.bytes / self.elements

    def size(self, count: int) -> int:
        """Return the bytes that `count` elements take.

        Raises:
            ValueError: they do not fill whole units.
        """
        units, rest = divmod(count, self.elements)
        if rest:
            raise ValueError(
                f"{count} elements of {self.name} do not fill units of {self.elements}"
            )
        return units * self.bytes


#: A type that nobody here knows, whatever its name or number.
UNKNOWN = ElementType("unknown", 1, 0, "unknown", decoded=False)

_FLOATS = (
    ElementType("F64", 1, 8, "float"),
    ElementType("F32", 1, 4, "float"),
    ElementType("F16", 1, 2, "float"),
    ElementType("BF16", 1, 2, "float"),
    ElementType("F8_E4M3", 1, 1, "float"),  # the finite one: no infinity, one NaN per sign
    ElementType("F8_E5M2", 1, 1, "float"),
    ElementType("F8_E4M3FNUZ", 1, 1, "float"),
    ElementType("F8_E5M2FNUZ", 1, 1, "float"),
    ElementType("F8_E8M0", 1, 1, "float"),
    ElementType("F4", 2, 1, "float"),  # E2M1, the first element in the low half of the byte
    ElementType("F6_E2M3", 4, 3, "float", decoded=False),  # how bits are packed is nowhere said
    ElementType("F6_E3M2", 4, 3, "float", decoded=False),
    ElementType("C64", 1, 8, "float", decoded=False),
    ElementType("C128", 1, 16, "float", decoded=False),
)

_INTEGERS = tuple(
    ElementType(f"{sign}{8 * size}", 1, size, "integer") for size in (8, 4, 2, 1) for sign in "IU"
)

_GGML_BLOCKS = tuple(
    ElementType(name, elements, size, "quantised")
    for name, elements, size in (
        ("Q1_0", 128, 18),
        ("Q2_0", 64, 18),
        ("Q4_0", 32, 18),
        ("Q4_1", 32, 20),
        ("Q5_0", 32, 22),
        ("Q5_1", 32, 24),
        ("Q8_0", 32, 34),
        ("Q8_1", 32, 36),
        ("Q2_K", 256, 84),
        ("Q3_K", 256, 110),
        ("Q4_K", 256, 144),
        ("Q5_K", 256, 176),
        ("Q6_K", 256, 210),
        ("Q8_K", 256, 292),
        ("IQ1_S", 256, 50),
        ("IQ1_M", 256, 56),
        ("IQ2_XXS", 256, 66),
        ("IQ2_XS", 256, 74),
        ("IQ2_S", 256, 82),
        ("IQ3_XXS", 256, 98),
        ("IQ3_S", 256, 110),
        ("IQ4_NL", 32, 18),
        ("IQ4_XS", 256, 136),
        ("TQ1_0", 256, 54),
        ("TQ2_0", 256, 66),
        ("MXFP4", 32, 17),
        ("NVFP4", 64, 36),
    )
)

#: Rows interleaved for one kind of processor; llama.cpp wrote such files in 2024 and reads none now.
_GGML_REPACKED = tuple(
    ElementType(f"{name}_{rows}_{width}", 32, 18, "quantised", decoded=False)
    for name in ("Q4_0", "IQ4_NL")
    for rows, width in ((4, 4), (4, 8), (8, 8))
)

#: Every known type by name.
TYPES = {
    one.name: one
    for one in (
        *_FLOATS,
        *_INTEGERS,
        ElementType("BOOL", 1, 1, "boolean"),
        *_GGML_BLOCKS,
        *_GGML_REPACKED,
    )
}

#: The number of each GGML type in a GGUF file (`enum ggml_type` of ggml.h).
GGML_TYPES = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    6: "Q5_0",
    7: "Q5_1",
    8: "Q8_0",
    9: "Q8_1",
    10: "Q2_K",
    11: "Q3_K",
    12: "Q4_K",
    13: "Q5_K",
    14: "Q6_K",
    15: "Q8_K",
    16: "IQ2_XXS",
    17: "IQ2_XS",
    18: "IQ3_XXS",
    19: "IQ1_S",
    20: "IQ4_NL",
    21: "IQ3_S",
    22: "IQ2_S",
    23: "IQ4_XS",
    24: "I8",
    25: "I16",
    26: "I32",
    27: "I64",
    28: "F64",
    29: "IQ1_M",
    30: "BF16",
    31: "Q4_0_4_4",
    32: "Q4_0_4_8",
    33: "Q4_0_8_8",
    34: "TQ1_0",
    35: "TQ2_0",
    36: "IQ4_NL_4_4",
    37: "IQ4_NL_4_8",
    38: "IQ4_NL_8_8",
    39: "MXFP4",
    40: "NVFP4",
    41: "Q1_0",
    42: "Q2_0",
}


def element_type(name: str) -> ElementType:
    """Return the type of that name, or `UNKNOWN`."""
    return TYPES.get(name, UNKNOWN)


def ggml_type(number: int) -> ElementType:
    """Return the type of that number in a GGUF file, or `UNKNOWN`."""
    return element_type(GGML_TYPES.get(number, ""))

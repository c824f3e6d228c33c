"""The element types of torch, by the names that stand in its files."""

from __future__ import annotations

from modelweightvis.encodings.table import UNKNOWN, ElementType, element_type

_NAMES = {
    "float64": "F64", "DoubleStorage": "F64",
    "float32": "F32", "FloatStorage": "F32",
    "float16": "F16", "HalfStorage": "F16",
    "bfloat16": "BF16", "BFloat16Storage": "BF16",
    "int64": "I64", "LongStorage": "I64",
    "int32": "I32", "IntStorage": "I32",
    "int16": "I16", "ShortStorage": "I16",
    "int8": "I8", "CharStorage": "I8",
    "uint64": "U64", "uint32": "U32", "uint16": "U16",
    "uint8": "U8", "ByteStorage": "U8", "UntypedStorage": "U8",
    "bool": "BOOL", "BoolStorage": "BOOL",
    "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
    "float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ",
    "float8_e8m0fnu": "F8_E8M0",
}  # fmt: skip
_SIZED = {
    "QInt8Storage": 1, "QUInt8Storage": 1, "QUInt4x2Storage": 1, "QUInt2x4Storage": 1,
    "QInt32Storage": 4, "qint8": 1, "quint8": 1, "qint32": 4,
    "complex32": 4, "complex64": 8, "complex128": 16,
    "ComplexFloatStorage": 8, "ComplexDoubleStorage": 16, "float4_e2m1fn_x2": 1,
}  # fmt: skip


def torch_type(name: str) -> ElementType:
    """Return the element type of a dtype or of a class of storages; `UNKNOWN` if it has no size."""
    if name in _SIZED:
        return ElementType(name, 1, _SIZED[name], "unknown", decoded=False)
    return element_type(_NAMES[name]) if name in _NAMES else UNKNOWN

"""Quantised tables whose arrays lie across two files.

`NAME.tbc` is `TBLCODES`, the length of a JSON header (uint32, little-endian), the header, then codes.
`NAME.tbs` is `TBLSCALE`, then scales (float16) and zeros (uint8). The header says where:
`{"tables": [{"name", "rows", "columns", "bits", "codes", "scales", "zeros", "order"?}]}`, offsets in
bytes. A row is cut into blocks of 32 elements, of which the last may be padded; a value is
`(code - zero) * scale`. Codes of 4 bits are stored in pairs, low half first. `order`, where it is
given, says which row of the table each stored row is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arbvis_core import api

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CODES, SCALES = b"TBLCODES", b"TBLSCALE"
BLOCK = 32
#: The longest header that is read.
HEADER = 1 << 20


class TableDecoder(api.Decoder):
    """Codes, scales and zeros become values."""

    encodings = ("table-4", "table-8")

    def decode(
        self,
        region: api.Region,
        window: api.Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return `(code - zero) * scale`, float32."""
        import numpy as np

        codes, scales, zeros = api.part_arrays(region, window, buffers)
        packed = codes.data
        if region.encoding == "table-4":
            packed = np.stack([packed & 15, packed >> 4], axis=-1).reshape(*packed.shape[:-1], -1)
        values = api.unpack(codes, packed, window).astype(np.float32)
        values -= api.spread(zeros, zeros.data[..., 0], window)
        with np.errstate(invalid="ignore"):
            values *= api.spread(scales, scales.data.view("<f2")[..., 0], window)
        return values


class TableFormat(api.Format):
    """Recognises both files by their first bytes, and reads them as one."""

    name = "rehearsal-table"
    priority = api.Priority.NORMAL
    decoders = (TableDecoder(),)

    def matches(self, probe: api.Probe) -> bool:
        """Know a file by its magic."""
        return probe.head(8) in {CODES, SCALES}

    def parse(self, group: api.Group) -> Sequence[api.Document]:
        """Return one document per pair of files."""
        by_name = {source.name: source for source in group.claimed}
        used: set[str] = set()
        documents = []
        for source in group.claimed:
            if _magic(source) == SCALES:
                continue
            other = by_name.get(f"{source.name.removesuffix('.tbc')}.tbs")
            if other is None or _magic(other) != SCALES:
                raise api.FormatError(f"{source.name}: the .tbs file of its scales is missing")
            used |= {source.key, other.key}
            documents.append(_document(source, other))
        for source in group.claimed:
            if source.key not in used:
                raise api.FormatError(f"{source.name}: the .tbc file of its codes is missing")
        return documents


def _magic(source: api.Source) -> bytes:
    return bytes(source.read([api.Range(0, 8)])[0])


def _document(codes: api.Source, scales: api.Source) -> api.Document:
    tables, start = _header(codes)
    regions = []
    for table in tables:
        try:
            regions.append(_region(table, codes, scales, start))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise api.FormatError(
                f"{codes.name}: table {len(regions) + 1} of its header is not valid: {error!r}"
            ) from error
    name = codes.name.removesuffix(".tbc")
    return api.Document(name, TableFormat.name, (codes, scales), tuple(regions))


def _header(source: api.Source) -> tuple[list[Mapping[str, Any]], int]:
    if source.size < 12:
        raise api.FormatError(f"{source.name}: is cut off after {source.size} bytes")
    length = int.from_bytes(bytes(source.read([api.Range(8, 12)])[0]), "little")
    if length > min(HEADER, source.size - 12):
        raise api.FormatError(f"{source.name}: its header is said to have {length} bytes")
    try:
        tables = json.loads(bytes(source.read([api.Range(12, 12 + length)])[0]))["tables"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise api.FormatError(f"{source.name}: its header cannot be read: {error!r}") from error
    if not isinstance(tables, list):
        raise api.FormatError(f"{source.name}: its header lists no tables")
    return tables, 12 + length


def _region(
    table: Mapping[str, Any], codes: api.Source, scales: api.Source, start: int
) -> api.Region:
    rows, columns, bits = int(table["rows"]), int(table["columns"]), int(table["bits"])
    if bits not in {4, 8} or rows < 1 or columns < 1:
        raise ValueError(f"{rows} x {columns} of {bits} bits")
    blocks = -(-columns // BLOCK)

    def part(role: str, source: api.Source, unit: int, lowest: int) -> api.Part:
        first, size = int(table[role]), rows * blocks * unit
        if not lowest <= first <= source.size - size:
            raise ValueError(f"{role} at {first} of {source.size}")
        strides = (blocks * unit, unit)
        place = (role, source.key, first, first + size)
        return api.Part(*place, (rows, blocks), strides, (1, BLOCK))

    order = tuple(map(int, table.get("order", ())))
    if order and sorted(order) != list(range(rows)):
        raise ValueError("its order of rows is not a permutation")
    return api.Region(
        name=str(table["name"]),
        shape=(rows, columns),
        encoding=f"table-{bits}",
        parts=(
            part("codes", codes, BLOCK * bits // 8, start),
            part("scales", scales, 2, 8),
            part("zeros", scales, 1, 8),
        ),
        attributes={"order": order} if order else {},
    )

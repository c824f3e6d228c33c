"""Tables on disk, and the pictures that numpy makes of them: the oracle of the rehearsal."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

TILE = 512
Values = Mapping[str, NDArray[np.float32]]
#: Where each table lies: (x, y, values).
Places = Sequence[tuple[int, int, NDArray[np.float32]]]


@dataclass(frozen=True)
class Table:
    """What is written of one table; `order` says which row of it each stored row is."""

    name: str
    rows: int
    columns: int
    bits: int = 8
    order: tuple[int, ...] = ()
    holes: bool = False


def write(
    folder: Path, name: str, tables: Sequence[Table], seed: int, header_size: int = 8192
) -> dict[str, Any]:
    """Write `name.tbc` and `name.tbs`; return the values of every table, rows in order."""
    rng = np.random.default_rng(seed)
    entries, codes_file, scales_file, values = [], b"", b"TBLSCALE", {}
    for table in tables:
        blocks = -(-table.columns // 32)
        codes = rng.integers(0, 1 << table.bits, (table.rows, blocks * 32), np.uint8)
        scales = rng.uniform(0.5, 2, (table.rows, blocks)).astype("<f2")
        zeros = rng.integers(0, 1 << table.bits, (table.rows, blocks), np.uint8)
        if table.holes:
            scales[table.rows // 2, blocks // 2] = np.nan
            scales[0, 0] = np.inf
        stored = np.arange(table.rows) if not table.order else np.array(table.order)
        packed = codes if table.bits == 8 else codes[:, ::2] | codes[:, 1::2] << 4
        entry: dict[str, Any] = {
            "name": table.name, "rows": table.rows, "columns": table.columns, "bits": table.bits
        }  # fmt: skip
        entry["codes"] = 12 + header_size + len(codes_file)
        codes_file += packed[stored].tobytes() + b"gap"
        entry["scales"] = len(scales_file)
        scales_file += scales[stored].tobytes()
        entry["zeros"] = len(scales_file)
        scales_file += zeros[stored].tobytes()
        entries.append(entry | ({"order": table.order} if table.order else {}))
        spread = [np.repeat(one, 32, axis=1).astype(np.float32) for one in (zeros, scales)]
        with np.errstate(invalid="ignore"):
            full = (codes.astype(np.float32) - spread[0]) * spread[1]
        values[table.name] = full[:, : table.columns]
    header = json.dumps({"tables": entries}).encode()
    assert len(header) <= header_size
    start = b"TBLCODES" + header_size.to_bytes(4, "little") + header.ljust(header_size)
    (folder / f"{name}.tbc").write_bytes(start + codes_file)
    (folder / f"{name}.tbs").write_bytes(scales_file)
    return values


def energy(values: NDArray[np.float32], segment: int = 64) -> NDArray[np.float32]:
    """Return the root mean square of every segment of every row."""
    squares = values.astype(np.float64) ** 2
    edges = range(0, values.shape[1], segment)
    means = [squares[:, start : start + segment].mean(axis=1) for start in edges]
    return np.sqrt(np.stack(means, axis=1)).astype(np.float32)


def picture(
    places: Places, *, grey: bool = False, gain: float = 1.0, overview: str = "mean"
) -> list[NDArray[np.uint8]]:
    """Return the colours of every zoom, the leaves first: uint8 (height, width, 4)."""
    height = max(y + values.shape[0] for _, y, values in places)
    width = max(x + values.shape[1] for x, _, values in places)
    every = np.concatenate([np.abs(values).ravel() for _, _, values in places])
    high = np.percentile(every[np.isfinite(every) & (every > 0)], 99)
    scale = np.float64(gain / float(high))
    values = np.zeros((height, width), np.float32)
    there = np.zeros((height, width), bool)
    for x, y, one in places:
        values[y : y + one.shape[0], x : x + one.shape[1]] = one
        there[y : y + one.shape[0], x : x + one.shape[1]] = True
    levels = [_leaf(values, there, scale, grey=grey)]
    bad = ~np.isfinite(values)
    finite = np.where(bad, 0, values).astype(np.float64)
    sums = np.stack([(there & ~bad).astype(float), finite, np.abs(finite)])
    most, broken = np.abs(finite), bad
    size = max(height, width)
    while size > TILE * (1 << (len(levels) - 1)):
        sums = _blocks(sums).sum((-1, -3))
        most, broken = _blocks(most).max((-1, -3)), _blocks(broken).any((-1, -3))
        there = _blocks(there).any((-1, -3))
        levels.append(_overview(sums, most, there, broken, scale, grey=grey, overview=overview))
    return levels


def _leaf(values: Any, there: Any, scale: np.float64, *, grey: bool) -> NDArray[np.uint8]:
    bad = ~np.isfinite(values)
    level = (np.clip(np.where(bad, 0, values) * scale, -1, 1) + 1) / 2
    ramp = np.rint(level * 253).astype(int)
    colour = [ramp, ramp, ramp] if grey else [ramp, 255 - np.abs(2 * ramp - 253), 253 - ramp]
    pixels = np.stack([*colour, np.full_like(ramp, 255)], -1).astype(np.uint8)
    pixels[bad] = (255, 0, 255, 255)
    pixels[~there] = 0
    return pixels


def _overview(
    sums: Any, most: Any, there: Any, broken: Any, scale: np.float64, *, grey: bool, overview: str
) -> NDArray[np.uint8]:
    count = np.maximum(sums[0], 1)
    red = np.floor(np.clip(sums[2] / count * scale, 0, 1) * 255)
    green = np.floor(np.clip(most * scale, 0, 1) * 255)
    blue = np.floor((np.clip(sums[1] / count * scale, -1, 1) + 1) * 127.5)
    if overview == "max":
        red = blue = green
    elif grey:
        green = blue = red
    pixels = np.stack([red, green, blue, np.full_like(red, 255)], -1).astype(np.uint8)
    pixels[broken] = (255, 0, 255, 255)
    pixels[~there] = 0
    return pixels


def _blocks(plane: Any) -> Any:
    """Cut the last two axes into 2 × 2 pixels, padded where they are odd."""
    pad = [(0, 0)] * (plane.ndim - 2) + [(0, length % 2) for length in plane.shape[-2:]]
    padded = np.pad(plane, pad)
    height, width = padded.shape[-2:]
    return padded.reshape(*padded.shape[:-2], height // 2, 2, width // 2, 2)


def tiles(levels: Sequence[NDArray[np.uint8]]) -> Iterator[tuple[tuple[int, int, int], Any]]:
    """Yield (zoom, x, y) and colours of every tile in which something lies."""
    for number, level in enumerate(levels):
        zoom = len(levels) - 1 - number
        padded = np.pad(level, [(0, -length % TILE) for length in level.shape[:2]] + [(0, 0)])
        for y in range(padded.shape[0] // TILE):
            for x in range(padded.shape[1] // TILE):
                tile = padded[y * TILE : (y + 1) * TILE, x * TILE : (x + 1) * TILE]
                if tile[..., 3].any():
                    yield (zoom, x, y), tile


def decoded(blobs: Mapping[str, bytes], scene: str) -> dict[tuple[int, int, int], Any]:
    """Return the colours of a scene's tiles as Pillow sees them."""
    found = {}
    for path, data in blobs.items():
        if path.startswith(f"tiles/{scene}/"):
            zoom, x, y = path.removesuffix(".png").split("/")[2:]
            image = Image.open(io.BytesIO(data)).convert("RGBA")
            found[int(zoom), int(x), int(y)] = np.asarray(image)
    return found


def assert_same(found: Mapping[tuple[int, int, int], Any], levels: Sequence[Any]) -> None:
    """Compare tiles with the oracle's, pixel for pixel, and nothing besides."""
    expected = dict(tiles(levels))
    assert found.keys() == expected.keys()
    for key, tile in expected.items():
        # A pixel in which nothing lies may have any colour, for it is transparent.
        got = np.where(found[key][..., 3:] == 0, 0, found[key])
        np.testing.assert_array_equal(got, tile, err_msg=str(key))

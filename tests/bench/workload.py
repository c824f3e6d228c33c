"""The input of the benchmark, and the same picture as ready-made pixels for its rival."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

TILE = 512
#: How an executable or a library begins: ELF, PE, Mach-O and its fat and 64-bit kin.
MAGIC = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


def executables() -> Iterator[Path]:
    """Yield the executables and libraries of this machine, each once, in a fixed order."""
    seen = set()
    for top in ("/usr/bin", "/usr/lib", "/usr/sbin", "/Applications", sys.base_prefix, sys.prefix):
        for folder, folders, names in os.walk(top):
            folders.sort()
            for path in (Path(folder, name) for name in sorted(names)):
                try:
                    status = path.stat()
                    if status.st_ino in seen or status.st_size < 4096 or path.is_symlink():
                        continue
                    with path.open("rb") as file:
                        if file.read(4).startswith(MAGIC):
                            seen.add(status.st_ino)
                            yield path
                except OSError:
                    continue


def concatenate(size: int, target: Path) -> int:
    """Write `size` bytes of executables and libraries; return how many different bytes there were."""
    unique = written = 0
    with target.open("wb") as out:
        while written < size:
            for path in executables():
                data = path.read_bytes()[: size - written]
                written += out.write(data)
                if written == size:
                    break
            unique = unique or written
            if not written:
                raise SystemExit("this machine has no executables to read")
    return unique


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle of one scene holds.

    Attributes:
        width: of the canvas, in pixels.
        height: of the canvas, in pixels.
        files: of any sort.
        bytes: of all of them.
    """

    width: int
    height: int
    files: int
    bytes: int

    def __str__(self) -> str:
        """Describe it in a few words."""
        size = f"{self.bytes / 2**20:.0f} MiB"
        return f"{self.width} × {self.height} pixels, {self.files:,} files of {size}"


def ready_made(folder: Path, pixels: Path, codes: Path) -> Bundle:
    """Write the leaves of a bundle's first scene as one raw RGB image, and their codes."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    scene = manifest["scenes"][0]
    width, height, zoom = (scene["canvas"][name] for name in ("width", "height", "max_zoom"))
    image = np.memmap(pixels, np.uint8, "w+", shape=(height, width, 3))
    with codes.open("wb") as out:
        for path in sorted((folder / "tiles" / scene["key"] / str(zoom)).glob("*/*.png")):
            x, y = int(path.parent.name) * TILE, int(path.stem) * TILE
            with Image.open(path) as tile:
                out.write(tile.tobytes())
                rgb = np.asarray(tile.convert("RGB"))
            room = image[y : y + TILE, x : x + TILE]
            room[:] = rgb[: room.shape[0], : room.shape[1]]
    image.flush()
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return Bundle(width, height, len(sizes), sum(sizes))

"""The floor: read the codes of every leaf tile, deflate them on so many threads, write them.

Usage: floor.py CODES FOLDER THREADS
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from isal import isal_zlib

TILE_BYTES = 512 * 512


def deflate(codes: Path, folder: Path, first: int, step: int) -> None:
    """Deflate every `step`-th tile from the `first` on."""
    with codes.open("rb", buffering=0) as file:
        for index in range(first, codes.stat().st_size // TILE_BYTES, step):
            file.seek(index * TILE_BYTES)
            packed = isal_zlib.compress(file.read(TILE_BYTES), 1)
            (folder / str(index % 64) / str(index)).write_bytes(packed)


def main(codes: Path, folder: Path, threads: int) -> None:
    """Run the threads to their end."""
    for name in range(64):
        (folder / str(name)).mkdir(parents=True)
    with ThreadPoolExecutor(threads) as pool:
        jobs = [pool.submit(deflate, codes, folder, i, threads) for i in range(threads)]
        for job in jobs:
            job.result()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))

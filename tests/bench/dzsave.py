"""The rival: libvips tiles ready-made RGB pixels.

Usage: dzsave.py PIXELS WIDTH HEIGHT FOLDER
"""

from __future__ import annotations

import sys

import pyvips


def main(pixels: str, width: int, height: int, folder: str) -> None:
    """Write a Deep Zoom pyramid of PNG tiles at compression level 1."""
    image = pyvips.Image.rawload(pixels, width, height, 3).copy(interpretation="srgb")
    image.dzsave(folder, tile_size=512, overlap=0, suffix=".png[compression=1]", depth="onetile")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])

"""What may be asked of the values without making one."""

from __future__ import annotations

from typing import Literal

#: Pixels along the side of a tile.
TILE = 512

#: What the levels above the leaves are written as; leaves are PNG in every format.
TileFormat = Literal["png", "avif"]

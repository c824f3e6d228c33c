"""From a window of a region to the bytes under it, and from those bytes back to values.

`window_crops` and `window_values` are for whoever shows a region: they follow its view backwards,
ask decoders and operands, and never read more than the window needs. `stored_at` says where one
element lies. `part_crops`, `part_arrays`,
`spread` and `unpack` are for decoders. Everything here is pure: nothing is read.
"""

from arbvis_core.regions.stored import Stored, stored_at
from arbvis_core.regions.units import Units, part_arrays, part_crops, spread, unpack
from arbvis_core.regions.windows import window_crops, window_values

__all__ = [
    "Stored",
    "Units",
    "part_arrays",
    "part_crops",
    "spread",
    "stored_at",
    "unpack",
    "window_crops",
    "window_values",
]

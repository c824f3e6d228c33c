"""Between sources and the plan: crops become arrays, and no byte is asked for twice.

A contiguous crop belongs to one block, so it is read straight through. The rows of a strided crop
share their neighbourhood with the blocks beside it, which want the same rows: all of these are read in
one piece, and kept for a while.
"""

from arbvis_core.reading.cache import SHARED, RangeCache
from arbvis_core.reading.cutting import held
from arbvis_core.reading.once import NEAR, read_crops
from arbvis_core.reading.ranges import read_ranges
from arbvis_core.reading.reader import SMALL, Reader

__all__ = ["NEAR", "SHARED", "SMALL", "RangeCache", "Reader", "held", "read_crops", "read_ranges"]

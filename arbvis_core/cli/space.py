"""What a bundle will take, said before anything is written, and refused if it cannot fit."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from arbvis_core.cli.console import count, duration, quantity
from arbvis_core.errors import SinkError

if TYPE_CHECKING:
    from arbvis_core.engine.estimate import Estimate
    from arbvis_core.values import Plan


def announce(estimate: Estimate, out: str) -> str:
    """Say in one line what a run will take and what there is.

    Raises:
        SinkError: it cannot fit; the message says what would.
    """
    free = free_bytes(out)
    if estimate.bytes > free:
        share = free / estimate.bytes
        raise SinkError(
            f"{out} has {quantity(free, 'B')} free and the bundle needs about "
            f"{quantity(estimate.bytes, 'B')}; about {quantity(estimate.pixels * share, 'px')} of "
            f"{quantity(estimate.pixels, 'px')} would fit. Name a folder on a larger disk"
        )
    return (
        f"{quantity(estimate.pixels, 'px')} in {count(estimate.files, 'tile')}, "
        f"about {quantity(estimate.bytes, 'B')} and {duration(estimate.seconds)}; "
        f"{quantity(free, 'B')} free"
    )


def fits(plan: Plan, out: str) -> bool:
    """Tell whether the tiles of a bundle will fit, however much they take."""
    from arbvis_core.engine.estimate import most_bytes

    return most_bytes(plan) <= free_bytes(out)


def free_bytes(path: str) -> int:
    """Return what the disk of a path has left, wherever the path will lie once it is there."""
    place = Path(path).absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free

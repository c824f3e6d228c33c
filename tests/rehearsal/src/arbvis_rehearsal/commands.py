"""`arbvis rehearsal-stats FILE`: figures of the tables in a file or folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from arbvis_core import api

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def stats(path: Annotated[str, typer.Argument(help="A folder or address of tables.")]) -> None:
    """Print count, mean and root mean square of every table."""
    import numpy as np

    picture = api.open(path, layout="rehearsal-shelves")
    decoders = picture.registry.decoders
    for scene in picture.plan.scenes:
        for placement in scene.placements:
            region = placement.region
            window = tuple((0, length) for length in region.shape)
            crops = api.window_crops(region, window, decoders)
            buffers = [_read(scene.sources[crop.source], crop) for crop in crops]
            values = api.window_values(region, window, buffers, decoders)
            finite = values[np.isfinite(values)].astype(np.float64)
            rms = np.sqrt((finite**2).mean())
            typer.echo(
                f"{region.name}: {finite.size} of {values.size} finite, "
                f"mean {finite.mean():.6g}, rms {rms:.6g}"
            )


def _read(source: api.Source, crop: api.Crop) -> NDArray[np.uint8]:
    import numpy as np

    starts = range(crop.start, crop.start + max(1, crop.stride) * crop.rows, max(1, crop.stride))
    rows = source.read([api.Range(start, start + crop.row_bytes) for start in starts])
    return np.stack([np.frombuffer(row, np.uint8) for row in rows])


def _load() -> Callable[..., None]:
    return stats


STATS = api.Command("rehearsal-stats", "Print figures of the tables in a folder.", _load)

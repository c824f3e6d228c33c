"""Single elements of a picture of tensors: which ones a rectangle shows, and figures of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from arbvis_core.api import Shown
from arbvis_core.values import Box
from modelweightvis.folds import windows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import Placement, Region, ScenePlan

#: What the values of a tensor are called, and those of the sides of a difference.
VALUE, BASE, MODIFIED = "value", "base", "modified"

Sides = Callable[["Placement"], Mapping[str, "Region"]]


def shown(plan: ScenePlan, box: Box, sides: Sides) -> Iterator[Shown]:
    """Yield the elements in a rectangle of the canvas, piece by piece."""
    for one in plan.placements:
        if not one.box.meets(box):
            continue
        inside = box._replace(x=box.x - one.box.x, y=box.y - one.box.y)
        for piece in windows(one.region.shape, one.fold, inside):
            place = piece.box
            at = Box(one.box.x + place.x, one.box.y + place.y, place.width, place.height)
            yield Shown(one, piece.window, at, piece.pixels, sides(one))


def own(placement: Placement) -> Mapping[str, Region]:
    """Return a tensor itself."""
    return {VALUE: placement.region}


def both(placement: Placement) -> Mapping[str, Region]:
    """Return the sides of a difference; what cannot be compared is taken to be of the first."""
    operands = placement.region.operands
    if len(operands) == 2:
        return dict(zip((BASE, MODIFIED), operands, strict=True))
    side = MODIFIED if placement.region.attributes.get("side") == "B" else BASE
    return dict.fromkeys((side,), operands[0])


def figures(values: NDArray[np.float32]) -> dict[str, Any]:
    """Return figures and a histogram of values, as those of a tensor."""
    import numpy as np

    from modelweightvis.kernels.statistics import Statistics
    from modelweightvis.render.measured import Measured

    finite = values[np.isfinite(values)]
    statistics = Statistics(float(finite.mean(dtype=np.float64)) if finite.size else 0.0)
    if values.size:
        statistics.add(values.reshape(1, -1))
    found: dict[str, Any] = Measured({"": statistics}).summary([""])[""]
    return found


def differences(left: NDArray[np.float32], right: NDArray[np.float32]) -> dict[str, Any]:
    """Return how far two tensors are apart where both have values, and a histogram of the change."""
    import numpy as np

    from modelweightvis.kernels.compare import FIGURES, measure
    from modelweightvis.render.compared import figures_of

    sums = np.zeros(len(FIGURES))
    measure(left.reshape(1, -1), right.reshape(1, -1), sums)
    with np.errstate(invalid="ignore"):
        change = figures(right - left)
    return {"stats": figures_of(sums), "histogram": change["histogram"]}

"""How far the estimated overviews of a live view are from the exact ones: the table in the docs.

Every overview tile of the example models is estimated from budgets of several sizes, as a live view
does with models that are too large to be read for a tile, and compared with the exact tile: the mean
|x| under each pixel in octaves, since that is what its colour tells.

    python examples/models/sampling_error.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arbvis_core import api
from arbvis_core.reading import read_crops
from arbvis_core.registry import load
from arbvis_core.server.live import picture_of
from arbvis_core.server.scenes import LiveScene
from arbvis_core.values import Budget, TileKey, View
from modelweightvis.profile import MODELWEIGHTVIS

HERE = Path(__file__).parent
MODELS = (
    "llama-code",
    "llama-prose",
    "mixtral-code-prose",
    "llama-code-gguf/llama-code-Q4_K_M.gguf",
)
#: Shares of the bytes under a tile that are looked at, and reads of a tile.
SHARES, READS = (1 / 16, 1 / 64, 1 / 256), 256


class Always:
    """Lets work go on."""

    def check(self) -> None:
        """Do nothing."""


def octaves(scene: LiveScene, key: TileKey, share: float) -> NDArray[np.float64]:
    """Return by how many factors of two the pixels of an estimated tile are off."""
    exact = scene.tree(key, View(), Always()).planes(key)
    plan = scene.places.crop(scene.box(key))
    renderer, decoders = scene.registry.renderer_entry(plan.renderer).item, scene.registry.decoders
    budget = Budget(int(scene.cost(key) * share), READS)
    sketch = renderer.sketch(plan, key, decoders, budget)
    if sketch is None:
        raise SystemExit("this renderer does not estimate")
    parts = read_crops(plan.sources, sketch.crops)
    found = renderer.sketched(plan, key, sketch, parts, decoders, plan.view)
    if exact is None:
        return np.zeros(0)
    means = [
        np.asarray(planes["sum_abs"], np.float64) / np.maximum(planes["count"], 1)
        for planes in (exact, found)
    ]
    there = (means[0] > 0) & (means[1] > 0)
    return np.abs(np.log2(means[1][there] / means[0][there]))


def rows() -> Iterator[str]:
    """Yield a row of the table per model."""
    registry = load()
    for name in MODELS:
        plan = api.plan(api.Request((str(HERE / name),), profile=MODELWEIGHTVIS))
        (scene, *_) = picture_of(plan, registry).scenes.values()
        keys = [
            TileKey(zoom, int(x), int(y))
            for zoom, level in enumerate(scene.levels[:-1])
            for y, x in np.argwhere(level)
        ]
        for which, some in (("zoom 0", keys[:1]), ("all", keys)):
            cells = []
            for share in SHARES:
                off = np.concatenate([octaves(scene, key, share) for key in some])
                cells.append(f"{np.median(off):.2f} / {np.quantile(off, 0.95):.2f}")
            yield f"| {Path(name).name} | {which}, {len(some)} | {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    shares = " | ".join(f"1/{round(1 / share)} of the bytes" for share in SHARES)
    print(f"| model | tiles | {shares} |")
    print("|---|---:|" + "---:|" * len(SHARES))
    for row in rows():
        print(row, flush=True)


if __name__ == "__main__":
    main()

"""modelweightvis shows every weight of a model; it is a plugin of arbvis.

Weights in the hand::

    import modelweightvis
    model = modelweightvis.open("model.safetensors")
    model["model.layers.0.self_attn.q_proj.weight"][:4, :8]
"""

from __future__ import annotations

TYPE_CHECKING = False  # nothing is imported until it is needed: plugins are loaded at every start
if TYPE_CHECKING:
    import os

    from modelweightvis.comparison import Comparison
    from modelweightvis.model import Model
    from modelweightvis.options import DiffColours, DiffMetric

__all__ = ["diff", "open"]


def open(  # noqa: A001  reads as modelweightvis.open
    path: str | os.PathLike[str],
    *,
    match: str | None = None,
    format: str | None = None,  # noqa: A002  the flag's name
    keep_going: bool = False,
) -> Model:
    """Open a model: a file, a folder, an index, an address. Only headers are read.

    Args:
        path: as on the command line.
        match: only tensors whose name matches this glob.
        format: an explicit format.
        keep_going: leave out files that are not valid; `warnings` of the model lists them.

    Raises:
        ArbvisError: it cannot be opened or read, or holds no tensors.
    """
    from modelweightvis.model import open_model

    return open_model(path, match=match, format=format, keep_going=keep_going)


def diff(
    *paths: str | os.PathLike[str],
    match: str | None = None,
    metric: DiffMetric = "rms",
    colors: DiffColours = "green-red",
    finetune: bool | None = None,
    keep_going: bool = False,
) -> Comparison:
    """Compare models with the first, tensor by tensor, whatever their formats.

    Args:
        paths: two or more, as on the command line.
        match: only tensors whose name matches this glob.
        metric: how a difference is put on a scale.
        colors: of what grew and what shrank.
        finetune: insist that nothing is new (True), or do not (False); None asks the models.
        keep_going: leave out files that are not valid.

    Raises:
        ArbvisError: they cannot be opened, or nothing of them belongs together.
    """
    from modelweightvis.comparison import compare

    return compare(
        *paths, match=match, metric=metric, colors=colors, finetune=finetune, keep_going=keep_going
    )

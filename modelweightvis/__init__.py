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

    from modelweightvis.model import Model

__all__ = ["open"]


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

"""What the command `modelweightvis` assumes where the user says nothing."""

from __future__ import annotations

from arbvis_core.values import Profile

#: Tensors are what is asked for, so a model file that cannot be parsed ends the run.
MODELWEIGHTVIS = Profile(
    "modelweightvis",
    layout="arch",
    strict=True,
    summary="Show every weight of a model as a map to pan and zoom.",
)

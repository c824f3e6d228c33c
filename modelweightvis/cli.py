"""The command `modelweightvis`: arbvis with other assumptions."""

from __future__ import annotations

import sys

from arbvis_core.cli.app import start
from arbvis_core.values import Profile

#: Tensors are what is asked for, so a model file that cannot be parsed ends the run.
MODELWEIGHTVIS = Profile(
    "modelweightvis",
    layout="arch",
    strict=True,
    summary="Show every weight of a model as a map to pan and zoom.",
)


def main() -> None:
    """Run `modelweightvis`."""
    sys.exit(start(MODELWEIGHTVIS))

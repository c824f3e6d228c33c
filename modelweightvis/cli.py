"""The command `modelweightvis`: arbvis with other assumptions."""

from __future__ import annotations

from arbvis_core.cli.launch import launch

TYPE_CHECKING = False  # as `typing` has it, which takes longer to import than Ctrl-C may wait
if TYPE_CHECKING:
    from typing import NoReturn

    from arbvis_core.values import Profile


def main() -> NoReturn:
    """Run `modelweightvis`."""
    launch("modelweightvis", _profile)


def _profile() -> Profile:
    from modelweightvis.profile import MODELWEIGHTVIS

    return MODELWEIGHTVIS

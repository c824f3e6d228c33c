"""The flags of the rehearsal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer


@dataclass(frozen=True)
class RehearsalOptions:
    """What may be chosen."""

    rehearsal_grey: Annotated[bool, typer.Option(help="Draw tables in grey.")] = False
    rehearsal_energy: Annotated[bool, typer.Option(help="Show the energy of segments too.")] = False

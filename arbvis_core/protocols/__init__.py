"""What a plugin hands over: one protocol per hook.

Every object inherits from its protocol, and with it defaults of all that it does not say itself, now
and in later versions; one that does not is refused. It has a `name`, unique among its kind, and most
have a `priority`: candidates are tried by `(-priority, plugin, name)`. Modules of plugins import
numpy and numba inside methods only, so that `--help` answers at once.
"""

from __future__ import annotations

from arbvis_core.protocols.painting import LeafRenderer
from arbvis_core.protocols.stages import (
    Command,
    Decoder,
    Derivation,
    DiffBuilder,
    Enricher,
    Format,
    Group,
    Layout,
    Priority,
    Probe,
    Reporter,
    Sink,
    SourceProvider,
    Window,
)

__all__ = [
    "Command",
    "Decoder",
    "Derivation",
    "DiffBuilder",
    "Enricher",
    "Format",
    "Group",
    "Layout",
    "LeafRenderer",
    "Priority",
    "Probe",
    "Reporter",
    "Sink",
    "SourceProvider",
    "Window",
]

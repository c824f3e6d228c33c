"""The files that models come in."""

from arbvis_core.api import Format
from modelweightvis.formats.plugins import (
    GgufFormatPlugin,
    NpzFormatPlugin,
    PickleFormatPlugin,
    SafetensorsFormatPlugin,
)

#: Everything that modelweightvis recognises.
FORMATS: tuple[Format, ...] = (
    SafetensorsFormatPlugin(),
    GgufFormatPlugin(),
    PickleFormatPlugin(),
    NpzFormatPlugin(),
)

__all__ = [
    "FORMATS",
    "GgufFormatPlugin",
    "NpzFormatPlugin",
    "PickleFormatPlugin",
    "SafetensorsFormatPlugin",
]

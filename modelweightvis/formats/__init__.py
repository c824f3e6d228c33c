"""The files that models come in."""

from arbvis_core.api import Format
from modelweightvis.formats.gguf import GgufFormatPlugin
from modelweightvis.formats.npz import NpzFormatPlugin
from modelweightvis.formats.pytorch import PickleFormatPlugin
from modelweightvis.formats.safetensors import SafetensorsFormatPlugin

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

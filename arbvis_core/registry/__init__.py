"""Which plugins there are, what they brought, and who comes first.

Plugins are modules named by the entry-point group `arbvis`; arbvis's own objects come through the
same hooks. A plugin that fails is named and left out whole; everything else goes on.
"""

from arbvis_core.registry.blame import failure, guard
from arbvis_core.registry.loading import deferred_faults, load
from arbvis_core.registry.options import RESERVED_COMMANDS, RESERVED_FLAGS, flags_of
from arbvis_core.registry.ranking import Registry
from arbvis_core.registry.records import PluginInfo, Registered, RegistrySpec

__all__ = [
    "RESERVED_COMMANDS",
    "RESERVED_FLAGS",
    "PluginInfo",
    "Registered",
    "Registry",
    "RegistrySpec",
    "deferred_faults",
    "failure",
    "flags_of",
    "guard",
    "load",
]

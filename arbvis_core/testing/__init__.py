"""What a plugin has to keep, as tests that its author inherits: one suite per hook.

A suite is a class of pytest tests. Subclass it, say what is to be tested, and run pytest::

    class TestNpy(FormatContract):
        format = NpyFormat()
        sample = b"..."

Arbvis's own objects pass the same suites.
"""

from contextlib import suppress

with suppress(ImportError):
    import pytest

    # So that a failing assertion shows both sides, as in a test's own module.
    pytest.register_assert_rewrite(
        *(f"{__name__}.{one}" for one in ("commands", "derivations", "documents", "formats")),
        *(f"{__name__}.{one}" for one in ("layouts", "plugins", "renderers", "sources")),
    )

from arbvis_core.testing.commands import CommandContract, OptionsContract
from arbvis_core.testing.derivations import (
    DerivationContract,
    DiffBuilderContract,
    EnricherContract,
)
from arbvis_core.testing.documents import check_documents, region_values
from arbvis_core.testing.formats import FormatContract
from arbvis_core.testing.layouts import LayoutContract, check_scenes
from arbvis_core.testing.memory import CountingSource, MemorySource
from arbvis_core.testing.plugins import PluginContract, check_object, load_plugin
from arbvis_core.testing.renderers import RendererContract
from arbvis_core.testing.sources import SourceContract, SourceProviderContract

__all__ = [
    "CommandContract",
    "CountingSource",
    "DerivationContract",
    "DiffBuilderContract",
    "EnricherContract",
    "FormatContract",
    "LayoutContract",
    "MemorySource",
    "OptionsContract",
    "PluginContract",
    "RendererContract",
    "SourceContract",
    "SourceProviderContract",
    "check_documents",
    "check_object",
    "check_scenes",
    "load_plugin",
    "region_values",
]

"""An outsider's plugin that fills every hook of arbvis, and so proves the shape of the core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arbvis_core import hookimpl
from arbvis_rehearsal.commands import STATS
from arbvis_rehearsal.derive import SegmentEnergy, TableDifference
from arbvis_rehearsal.enrich import RoleSidecar
from arbvis_rehearsal.formats import TableFormat
from arbvis_rehearsal.layout import ShelfLayout
from arbvis_rehearsal.options import RehearsalOptions
from arbvis_rehearsal.render import TableRenderer
from arbvis_rehearsal.sources import CountingProvider

if TYPE_CHECKING:
    from arbvis_core import api


@hookimpl
def arbvis_source_providers() -> list[api.SourceProvider]:
    """Tables on a server that answers ranges only."""
    return [CountingProvider()]


@hookimpl
def arbvis_formats() -> list[api.Format]:
    """Quantised tables in two files."""
    return [TableFormat()]


@hookimpl
def arbvis_prepare_sources() -> list[api.Enricher]:
    """Roles from a file beside the tables."""
    return [RoleSidecar()]


@hookimpl
def arbvis_diff_builders() -> list[api.DiffBuilder]:
    """Differences of tables whose rows were stored in another order."""
    return [TableDifference()]


@hookimpl
def arbvis_derivations() -> list[api.Derivation]:
    """The energy of every segment of a row."""
    return [SegmentEnergy()]


@hookimpl
def arbvis_layouts() -> list[api.Layout]:
    """Tables on shelves, one pixel per element."""
    return [ShelfLayout()]


@hookimpl
def arbvis_leaf_renderers() -> list[api.LeafRenderer]:
    """Values by sign and magnitude."""
    return [TableRenderer()]


@hookimpl
def arbvis_options() -> list[type]:
    """Flags of the rehearsal."""
    return [RehearsalOptions]


@hookimpl
def arbvis_commands() -> list[api.Command]:
    """Figures of a table."""
    return [STATS]

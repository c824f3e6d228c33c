"""Roles of tables, from a `rehearsal.json` beside them: `{"name": "role"}`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from arbvis_core import api
from arbvis_rehearsal.formats import TableFormat

SIDECAR = "rehearsal.json"
#: The longest sidecar that is read.
LIMIT = 1 << 16


class RoleSidecar(api.Enricher):
    """Gives tables the roles that the sidecar knows."""

    name = "rehearsal-roles"
    priority = api.Priority.NORMAL

    def matches(self, document: api.Document, siblings: Sequence[api.Source]) -> bool:
        """Ask for a table and a sidecar beside it."""
        return document.format == TableFormat.name and _sidecar(siblings) is not None

    def enrich(self, document: api.Document, siblings: Sequence[api.Source]) -> api.Document:
        """Return the document with a role for every table that has one."""
        sidecar = _sidecar(siblings)
        assert sidecar is not None
        content = bytes(sidecar.read([api.Range(0, min(sidecar.size, LIMIT))])[0])
        try:
            roles = dict(json.loads(content))
        except (ValueError, TypeError, RecursionError) as error:
            raise api.FormatError(f"{sidecar.name}: is not a JSON object: {error}") from error
        regions = tuple(
            replace(region, attributes={**region.attributes, "role": str(roles[region.name])})
            if region.name in roles
            else region
            for region in document.regions
        )
        return replace(document, regions=regions, metadata={"sidecar": sidecar.key})


def _sidecar(siblings: Sequence[api.Source]) -> api.Source | None:
    return next((one for one in siblings if one.name.rpartition("/")[2] == SIDECAR), None)

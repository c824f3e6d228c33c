"""A new viewer for a bundle that is there; its tiles stay as they are."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arbvis_core.cli.schema import first_fault
from arbvis_core.errors import SinkError
from arbvis_core.manifest import SCHEMA
from arbvis_core.sinks import paths
from arbvis_core.sinks.bundles import read_manifest
from arbvis_core.sinks.local import BundleUpdate


def regenerate(folder: str, title: str | None) -> str:
    """Write the viewer's files of a bundle anew from its manifest, and return the bundle's path.

    Args:
        folder: the bundle.
        title: the page's new title; None keeps the old one.

    Raises:
        SinkError: it is no bundle, a newer arbvis made it, or it cannot be written.
    """
    from arbvis_core.viewer.bundle import pages

    sink = BundleUpdate(folder)
    try:
        manifest = _checked(folder)
        if title is not None:
            manifest["title"] = title
        for blob in pages(manifest, _statistics(folder, manifest)):
            sink.put(blob)
        return sink.commit()
    except (ValueError, RecursionError) as error:
        raise SinkError(f"the manifest of {folder} is damaged; render it again") from error
    finally:
        sink.abort()


def _checked(folder: str) -> dict[str, Any]:
    manifest = read_manifest(folder) or {}
    if manifest.get("schema") != SCHEMA:
        raise SinkError(
            f"{folder} has a manifest of schema {manifest.get('schema')}, and this arbvis writes "
            f"schema {SCHEMA}; render it again"
        )
    if fault := first_fault(manifest):
        raise SinkError(f"the manifest of {folder} is damaged at {fault}; render it again")
    keys = [scene["key"] for scene in manifest["scenes"]]
    if len({*keys}) < len(keys):
        raise SinkError(f"the manifest of {folder} has two scenes of one key; render it again")
    for part in ("viewer", "data", *(f"data/{key}" for key in keys)):
        if Path(folder, part).is_symlink():
            raise SinkError(f"{Path(folder, part)} is a link, which no bundle of arbvis has")
    return manifest


def _statistics(folder: str, manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Read the statistics of every scene that has some."""
    found = {}
    for scene in manifest["scenes"]:
        path = Path(folder, *paths.split(f"data/{scene['key']}/stats.json"))
        if not os.path.lexists(path):
            continue
        try:
            found[scene["key"]] = dict(json.loads(_content(path)))
        except (OSError, TypeError, ValueError) as error:
            raise SinkError(f"{path} cannot be read; render the bundle again") from error
    return found


def _content(path: Path) -> str:
    """Read an ordinary file; a pipe would wait for ever, and a link may lead anywhere."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise ValueError
    return path.read_text("utf-8")

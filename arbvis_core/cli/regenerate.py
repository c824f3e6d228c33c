"""A new viewer for a bundle that is there; its tiles stay as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SinkError(f"the manifest of {folder} is damaged; render it again") from error
    finally:
        sink.abort()


def _checked(folder: str) -> dict[str, Any]:
    manifest = read_manifest(folder) or {}
    if manifest["schema"] != SCHEMA:
        raise SinkError(
            f"{folder} has a manifest of schema {manifest['schema']}, and this arbvis writes "
            f"schema {SCHEMA}; render it again"
        )
    return manifest


def _statistics(folder: str, manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Read the statistics of every scene that has some."""
    found = {}
    for scene in manifest["scenes"]:
        path = Path(folder, *paths.split(f"data/{scene['key']}/stats.json"))
        try:
            with path.open(encoding="utf-8") as file:
                found[scene["key"]] = json.load(file)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise SinkError(f"{path} cannot be read; render the bundle again") from error
    return found

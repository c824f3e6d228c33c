"""Bundles that are already there."""

from __future__ import annotations

import json
import os
import stat
from typing import Any

#: The generator that marks a folder as one of our bundles.
GENERATOR = "arbvis"
#: What a bundle is described in.
MANIFEST = "manifest.json"
#: No manifest is longer, in bytes.
LONGEST = 1 << 30


def read_manifest(folder: str) -> dict[str, Any] | None:
    """Return the manifest of a folder that is one of our bundles, or None."""
    path = os.path.join(folder, MANIFEST)
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LONGEST:
            return None
        with open(path, encoding="utf-8") as file:
            manifest = json.load(file)
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(manifest, dict) or type(manifest.get("schema")) is not int:
        return None
    generator = manifest.get("generator")
    ours = isinstance(generator, dict) and generator.get("name") == GENERATOR
    return manifest if ours else None

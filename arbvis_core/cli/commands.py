"""The core's own subcommands; what runs them is imported when they are run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from arbvis_core.protocols import Command

if TYPE_CHECKING:
    from arbvis_core.registry import Registry
    from arbvis_core.values import Profile


def own_commands(profile: Profile, registry: Registry) -> tuple[Command, ...]:
    """Return the subcommands of a program, in the order of its help."""

    def load_view() -> Callable[..., None]:
        from arbvis_core.cli import view

        return view.make(profile, registry)

    def load_plugins() -> Callable[..., None]:
        from arbvis_core.cli import plugins

        return plugins.make(profile, registry)

    shown = "Open the picture in a browser, with nothing drawn ahead."
    listed = "Show what was loaded, what failed, and who would take a file."
    return Command("view", shown, load_view), Command("plugins", listed, load_plugins)

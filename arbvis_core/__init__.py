"""arbvis shows the bytes of any file; plugins teach it what they mean."""

from __future__ import annotations

TYPE_CHECKING = False  # as `typing` has it, which takes longer to import than Ctrl-C may wait
if TYPE_CHECKING:
    from pluggy import HookimplMarker

    #: Marks a plugin's function as the implementation of a hook in `arbvis_core.hookspecs`.
    hookimpl: HookimplMarker

__version__ = "0.1.0"

__all__ = ["__version__", "hookimpl"]


def __getattr__(name: str) -> HookimplMarker:
    """Make the marker when it is asked for: the package itself costs the start of a program nothing."""
    if name != "hookimpl":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pluggy import HookimplMarker

    globals()[name] = HookimplMarker("arbvis")
    return globals()[name]  # type: ignore[no-any-return]

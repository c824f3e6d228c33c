"""arbvis shows the bytes of any file; plugins teach it what they mean."""

from pluggy import HookimplMarker

__version__ = "0.1.0"

#: Marks a plugin's function as the implementation of one of the hooks in `arbvis_core.hookspecs`.
hookimpl = HookimplMarker("arbvis")

__all__ = ["__version__", "hookimpl"]

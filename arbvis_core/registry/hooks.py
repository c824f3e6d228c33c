"""What a plugin does with the hooks: which it fills, what it hands over, and what it got wrong."""

from __future__ import annotations

from typing import Any

from pluggy import PluginManager

from arbvis_core import hookspecs
from arbvis_core.naming import suggestion
from arbvis_core.registry.checks import Fault
from arbvis_core.registry.kinds import KINDS

_NAMES = tuple(kind.hook for kind in KINDS)


def filled_hooks(manager: PluginManager, plugin: object) -> tuple[str, ...]:
    """Return the hooks that a registered plugin fills, in the order of the hooks' page.

    Raises:
        Fault: it fills a hook that does not exist, or none at all.
    """
    filled = set()
    for caller in manager.get_hookcallers(plugin) or ():
        if caller.has_spec():
            filled.add(caller.name)
        elif not all(one.optionalhook for one in caller.get_hookimpls() if one.plugin is plugin):
            raise Fault(f"there is no hook named {caller.name}; {suggestion(caller.name, _NAMES)}")
    for name in _NAMES:
        found = getattr(plugin, name, None)
        forgotten = callable(found) and found is not getattr(hookspecs, name)
        if forgotten and name not in filled:
            raise Fault(f"{name} is not marked with @hookimpl, so it would never be called")
    if not filled:
        raise Fault("it fills no hook: mark its functions with @hookimpl")
    return tuple(name for name in _NAMES if name in filled)


def collect(manager: PluginManager, plugin: object, hook: str) -> list[Any]:
    """Call one hook of one plugin and return the objects it hands over.

    Raises:
        Fault: it does not return a list.
        Exception: whatever the plugin raises.
    """
    others = [other for other in manager.get_plugins() if other is not plugin]
    caller = manager.subset_hook_caller(hook, others)
    if not any(one.plugin is plugin for one in caller.get_hookimpls()):
        return []
    answers = caller()
    if not answers:
        raise Fault(f"{hook} returned nothing: return a list")
    items: list[Any] = []
    for answer in answers:
        try:
            items.extend(answer)
        except TypeError:
            what = type(answer).__qualname__
            raise Fault(f"{hook} returned a {what}, not a list of what it brings") from None
    return items

"""The subcommands of modelweightvis; each is imported when it is run."""

from __future__ import annotations

from collections.abc import Callable

from arbvis_core.protocols import Command

ONLY_HERE = ("modelweightvis",)


def _inspect() -> Callable[..., None]:
    from modelweightvis.commands.inspect import inspect

    return inspect


def _export() -> Callable[..., None]:
    from modelweightvis.commands.export import export

    return export


def _preview() -> Callable[..., None]:
    from modelweightvis.commands.preview import preview

    return preview


COMMANDS = (
    Command("inspect", "List the tensors of a model: types, shapes, sizes.", _inspect, ONLY_HERE),
    Command("export", "Write the values of a tensor as a NumPy file.", _export, ONLY_HERE),
    Command("quantize-preview", "Say what a quantisation would cost.", _preview, ONLY_HERE),
)

"""Groups of options: frozen dataclasses whose fields become flags."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

from arbvis_core.registry.checks import Fault

#: Flags of the core; a plugin that asks for one of them is at fault.
RESERVED_FLAGS = frozenset(
    {
        *("--diff", "--executor", "--file-list", "--force", "--format", "--help", "--jobs"),
        *("--host", "--install-completion", "--keep-going", "--layout", "--no-browser", "--out"),
        *("--png", "--port", "--quiet", "--regen-html", "--show-completion", "--tile-format"),
        *("--title", "--version"),
        *("-j", "-l", "-o", "-q"),
    }
)

#: Subcommands of the core.
RESERVED_COMMANDS: frozenset[str] = frozenset({"plugins", "view"})


def check_group(group: Any, taken: Mapping[str, str]) -> frozenset[str]:
    """Return the flags of an option group.

    Args:
        group: what a plugin handed over.
        taken: the flags that exist already, and who brought each.

    Raises:
        Fault: it is no group of options, or one of its flags is taken.
    """
    flags = flags_of(group)
    for flag in sorted(flags):
        if flag in taken:
            raise Fault(
                f"option group {group.__qualname__} adds the flag {flag}, which {taken[flag]} has already"
            )
    return flags


def flags_of(group: Any) -> frozenset[str]:
    """Return the flags that a group adds, as typer makes them: `--limit`, `-n`, `--no-cache`.

    Raises:
        Fault: it is not a frozen dataclass of fields `Annotated[type, typer.Option(...)] = default`.
    """
    if not isinstance(group, type) or not is_dataclass(group):
        raise Fault(f"arbvis_options returned {group!r:.80}, which is no dataclass")
    name = group.__qualname__
    if not group.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise Fault(f"option group {name} is not frozen: write @dataclass(frozen=True)")
    try:
        defaults = group()
        hints = get_type_hints(group, include_extras=True)
    except Exception as error:
        raise Fault(
            f"option group {name} needs annotations that can be resolved and a default for every "
            f"field: {error}"
        ) from error
    annotations = {field.name: hints[field.name] for field in fields(group)}
    _check_annotations(name, annotations)
    return _typer_flags(name, annotations, defaults)


def _check_annotations(group: str, annotations: Mapping[str, Any]) -> None:
    from typer.models import OptionInfo

    for name, annotation in annotations.items():
        metadata = getattr(annotation, "__metadata__", ())
        if not any(isinstance(one, OptionInfo) for one in metadata):
            raise Fault(f"{group}.{name} is not Annotated[type, typer.Option(...)]")


def _typer_flags(group: str, annotations: Mapping[str, Any], defaults: object) -> frozenset[str]:
    """Let typer read the group as it will read the command line, so that nothing can differ."""
    import typer

    def command(**_: object) -> None:
        """Stand in for the command that the flags will belong to."""

    keyword = inspect.Parameter.KEYWORD_ONLY
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, keyword, default=getattr(defaults, name), annotation=annotation)
            for name, annotation in annotations.items()
        ]
    )
    command.__annotations__ = dict(annotations)
    app = typer.Typer(add_completion=False)
    app.command()(command)
    try:
        parameters = typer.main.get_command(app).params
    except Exception as error:
        raise Fault(f"typer cannot make flags of option group {group}: {error}") from error
    flags = [flag for one in parameters for flag in (*one.opts, *one.secondary_opts)]
    return frozenset(flags) - {"--help"}

"""Write the pages of the reference that are made from the code.

Usage: python docs/generate.py. `tests/test_docs.py` holds that the pages are current.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo, OptionInfo

from arbvis_core.protocols import Command

REFERENCE = Path(__file__).parent / "reference"
SECTIONS = ("Attributes", "Args", "Returns", "Raises")


def docstring(item: object) -> str:
    """Return a docstring as Markdown: sections become lists."""
    lines: list[str] = []
    for line in (inspect.getdoc(item) or "").splitlines():
        section = line.strip().removesuffix(":")
        entry = re.match(r"    (\w[\w, ]*): (.*)", line)
        if section in SECTIONS and line == f"{section}:":
            lines += [f"*{section}*", ""]
        elif entry:
            names = ", ".join(f"`{name}`" for name in entry[1].split(", "))
            lines.append(f"- {names}: {entry[2]}")
        elif line.endswith("::"):
            lines.append(line[:-1])
        elif line.startswith("        ") and lines and lines[-1].startswith("- "):
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line.removeprefix("    ") if line.startswith("    - ") else line)
    return "\n".join(lines).strip()


def literal(value: object) -> str:
    """Return a default as it is written, or an ellipsis for what has no short form."""
    if isinstance(value, str):
        return f'"{value}"'
    return "..." if callable(value) else repr(value)


def parameter(one: inspect.Parameter) -> str:
    """Return a parameter as it is written."""
    star = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    text = star.get(one.kind, "") + one.name
    text += "" if one.annotation is one.empty else f": {plain(one.annotation)}"
    return text if one.default is one.empty else f"{text} = {literal(one.default)}"


def signature(name: str, item: Callable[..., Any]) -> str:
    """Return a function's signature as it is written, one argument a line where it is long."""
    parsed = inspect.signature(item)
    kinds = [one.kind for one in parsed.parameters.values()]
    arguments = [parameter(one) for one in parsed.parameters.values()]
    keyword = inspect.Parameter.KEYWORD_ONLY
    if keyword in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        arguments.insert(kinds.index(keyword), "*")
    answer = plain(parsed.return_annotation)
    text = f"{name}({', '.join(arguments)}) -> {answer}"
    if len(text) <= 96:
        return text
    return f"{name}(\n" + "".join(f"    {one},\n" for one in arguments) + f") -> {answer}"


def plain(hint: object) -> str:
    """Return an annotation as it is written."""
    return re.sub(r"ForwardRef\('([^']*)'.*?\)", r"\1", str(hint)).replace("'", "")


def methods(item: type) -> Iterator[tuple[str, Callable[..., Any] | property]]:
    """Yield the public methods and properties that a class itself defines."""
    for name, member in vars(item).items():
        if not name.startswith("_") and (
            inspect.isfunction(member) or isinstance(member, property)
        ):
            yield name, member


def defaults(item: type) -> dict[str, str]:
    """Return the defaults of a class's fields, as they are written."""
    known: dict[str, object] = dict(getattr(item, "_field_defaults", vars(item)))
    if dataclasses.is_dataclass(item):
        known = {one.name: one.default for one in dataclasses.fields(item)}
        for one in dataclasses.fields(item):
            if one.default_factory is not dataclasses.MISSING:
                known[one.name] = one.default_factory()
    hints = inspect.get_annotations(item)
    return {
        name: literal(value)
        for name, value in known.items()
        if name in hints and value is not dataclasses.MISSING
    }


def class_entry(item: type) -> str:
    """Describe a class: its docstring, its fields or attributes, its methods."""
    text = [f"### {item.__name__}", "", docstring(item), ""]
    listed = dataclasses.is_dataclass(item) or issubclass(item, tuple)
    hints = {name: plain(hint) for name, hint in inspect.get_annotations(item).items()}
    if hints:
        given = defaults(item)
        parts = [
            f"{name}: {hint} = {given[name]}" if name in given else f"{name}: {hint}"
            for name, hint in hints.items()
        ]
        fields = f"{item.__name__}({', '.join(parts)})" if listed else "\n".join(parts)
        if listed and len(fields) > 96:
            fields = f"{item.__name__}(\n" + "".join(f"    {one},\n" for one in parts) + ")"
        text += ["```python", fields, "```", ""]
    for name, member in methods(item):
        if isinstance(member, property):
            text += [f"**`{name}`**: {docstring(member)}", ""]
        else:
            text += ["```python", signature(name, member), "```", "", docstring(member), ""]
    return "\n".join(text)


def page(title: str, intro: str, parts: list[str]) -> str:
    """Put a page together, without blank lines in a row."""
    note = "<!-- Made by docs/generate.py from the code: change the code, then run it. -->"
    text = "\n\n".join([note, f"# {title}", intro, *parts])
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def classes(module: ModuleType) -> list[type]:
    """Return the public classes that a module defines, in the order of the source."""
    own = [item for item in vars(module).values() if inspect.isclass(item)]
    return [item for item in own if item.__module__ == module.__name__ and item.__name__[0] != "_"]


def values() -> str:
    """Return the page of values and protocols."""
    from arbvis_core import errors
    from arbvis_core.protocols import painting, stages
    from arbvis_core.values import documents, requests, scenes, tiles, views

    parts = []
    for module in (requests, documents, views, scenes, tiles, stages, painting, errors):
        parts.append(f"## {(inspect.getdoc(module) or '').splitlines()[0].rstrip('.')}")
        parts += [class_entry(item) for item in classes(module)]
    intro = (
        "The values that pass between the stages, and what plugins hand over. All of them are "
        "imported from `arbvis_core.api`. `Tile` is `Indexed | TrueColour`, `Step` one of the steps of a "
        "view, `Buffer` bytes or a view of them, `Window` a (start, stop) per axis. Values are frozen and picklable; where a value says "
        '"plain data", it holds numbers, strings, lists and dictionaries only.'
    )
    return page("Values and protocols", intro, parts)


def api() -> str:
    """Return the page of the Python API."""
    from arbvis_core import api as module
    from arbvis_core.engine.estimate import Estimate
    from arbvis_core.picture import Picture
    from arbvis_core.pipeline.rendering import Report

    parts = ["## Functions"]
    for name in ("open", "plan", "estimate", "render", "tile", "export_png", "deferred"):
        item = getattr(module, name)
        parts.append(f"### {name}\n\n```python\n{signature(name, item)}\n```\n\n{docstring(item)}")
    parts.append("## What they return")
    parts += [class_entry(item) for item in (Picture, Report, Estimate)]
    intro = (
        "`from arbvis_core import api` is the only import that scripts, notebooks and plugins need "
        "(a plugin also imports `hookimpl`, from `arbvis_core`). "
        "[Values and protocols](values.md) describes what passes through these functions."
    )
    return page("Python API", intro, parts)


def program(name: str) -> Any:
    """Return a program's parser, without any plugin that happens to be installed."""
    from arbvis_core.cli.app import build_app
    from arbvis_core.registry import load
    from arbvis_core.values import ARBVIS
    from modelweightvis.profile import MODELWEIGHTVIS

    (profile,) = (one for one in (ARBVIS, MODELWEIGHTVIS) if one.name == name)
    return build_app(profile, load(("modelweightvis",)))


def flags(name: str) -> frozenset[str]:
    """Return the long flags of a program."""
    options = (one for one in program(name).params if one.param_type_name == "option")
    found = (flag for one in options for flag in (*one.opts, *one.secondary_opts))
    return frozenset(flag for flag in found if flag.startswith("--")) | {"--help"}


def option_row(name: str, hint: Any, default: object) -> str:
    """Describe an `Annotated[type, typer.Option(...)]` in a row of a table."""
    inner, option = hint.__origin__, hint.__metadata__[0]
    first = option.default  # within `Annotated` the first flag lands here
    names = (first, *option.param_decls) if isinstance(first, str) else option.param_decls
    names = names or (f"--{name.replace('_', '-')}",)
    value, said = option.metavar, ""
    for one in (inner, *get_args(inner)):  # a choice, or one that may be left open
        if get_origin(one) is Literal:
            value = "\\|".join(map(str, get_args(one)))
            said = f" Default: `{default or option.show_default}`."
    shown = ", ".join(f"`{one}`" for one in names) + (f" `{value}`" if value else "")
    return f"| {shown} | {option.help}{said} |"


def option_table(hints: dict[str, Any], defaults: dict[str, object]) -> str:
    """Describe options in a table."""
    found = {name: hint for name, hint in hints.items() if hasattr(hint, "__metadata__")}
    rows = [
        option_row(name, hint, defaults.get(name))
        for name, hint in found.items()
        if isinstance(hint.__metadata__[0], OptionInfo)
    ]
    return "\n".join(["| option | meaning |", "|---|---|", *rows]) if rows else ""


def group_entry(group: type) -> list[str]:
    """Describe a group of options."""
    hints = get_type_hints(group, include_extras=True)
    title = (inspect.getdoc(group) or "").rstrip(".")
    return [f"### {title}", option_table(hints, dataclasses.asdict(group()))]


def command_entry(program_name: str, entry: Command) -> list[str]:
    """Describe a subcommand: how it is called, its arguments, its options."""
    function = entry.load()
    hints = get_type_hints(function, include_extras=True)
    given = {one.name: one.default for one in inspect.signature(function).parameters.values()}
    arguments = [
        hint.__metadata__[0]
        for hint in hints.values()
        if hasattr(hint, "__metadata__") and isinstance(hint.__metadata__[0], ArgumentInfo)
    ]
    words = " ".join(str(one.metavar) for one in arguments)
    usage = f"```console\n{program_name} {entry.name} [OPTIONS] {words}".rstrip() + "\n```"
    rows = [f"| `{one.metavar}` | {one.help} |" for one in arguments]
    table = "\n".join(["| argument | meaning |", "|---|---|", *rows]) if rows else ""
    title = f"## {program_name} {entry.name}"
    return [title, usage, entry.help, table, option_table(hints, given)]


def models() -> str:
    """Return the page of tensors in Python."""
    import modelweightvis
    from modelweightvis.comparison import Comparison
    from modelweightvis.lazy import LazyTensor
    from modelweightvis.model import Model
    from modelweightvis.table import Table

    parts = []
    for name in modelweightvis.__all__[::-1]:
        function = getattr(modelweightvis, name)
        shown = signature(f"modelweightvis.{name}", function)
        parts.append(f"## {name}\n\n```python\n{shown}\n```\n\n{docstring(function)}")
    known = (Model, LazyTensor, Table, Comparison)
    parts += ["## What they return", *(class_entry(item) for item in known)]
    intro = (
        "`import modelweightvis` opens models for Python and notebooks; "
        "[Tensors in Python](../how-to/tensors-in-python.md) shows it at work. "
        "Errors are those of `arbvis_core.api`."
    )
    return page("Models in Python", intro, parts)


def cli() -> str:
    """Return the page of the command line."""
    from arbvis_core.cli.flags import CORE
    from arbvis_core.registry import load
    from arbvis_core.values import ARBVIS
    from modelweightvis.profile import MODELWEIGHTVIS

    arbvis = program("arbvis")
    parts = ["## arbvis", "```console\narbvis [OPTIONS] [FILES]... --out DIR\n```", ARBVIS.summary]
    for group in CORE:
        parts += group_entry(group)
    for entry in arbvis.entries.values():
        parts += command_entry("arbvis", entry)
    parts += ["## modelweightvis", MODELWEIGHTVIS.summary]
    parts += ["It has every option and command of `arbvis`, and these:"]
    for registered in load(("modelweightvis",)).options:
        if MODELWEIGHTVIS.name in getattr(registered.item, "profiles", ()):
            parts += group_entry(registered.item)
    for name, entry in program("modelweightvis").entries.items():
        if name not in arbvis.entries:
            parts += command_entry("modelweightvis", entry)
    intro = (
        "Both programs print this with `--help`; plugins may add flags and commands. "
        "[Exit codes](exit-codes.md) says how they end. `ARBVIS_PLUGINS` limits which plugins are "
        "loaded, `ARBVIS_STRICT=1` ends at the first that is at fault, `NO_COLOR` turns colours off, `ARBVIS_CACHE_DIR` moves the compiled kernels, and "
        "`ARBVIS_DEBUG=1` prints the traceback of an error."
    )
    return page("Command line", intro, [one for one in parts if one])


def manifest_schema() -> str:
    """Return the schema that arbvis itself holds manifests to."""
    from arbvis_core.cli.schema import PATH

    return PATH.read_text(encoding="utf-8")


def findings() -> str:
    """Return the page of the rules that findings come from."""
    from modelweightvis.reports.rules import RULES

    intro = (
        "What a report lists under findings, and a live view under `f`: each names the rule that "
        "found it. Both have the rules from one table, the gravest first. In a live view what takes "
        "comparing tensors with each other (duplicates, super weights) comes once all of them were "
        "measured."
    )
    grave = {"error": "surely wrong", "warning": "probably wrong", "note": "worth a look"}
    rows = ["| kind | it is | rule | what it may mean |", "|---|---|---|---|"]
    for one in RULES:
        text = one.text.format(axis="row or column").replace("|", "\\|")
        rows.append(f"| {one.kind} | {grave[one.severity]} | {text} | {one.why} |")
    return page("Findings", intro, ["\n".join(rows)])


PAGES: dict[str, Callable[[], str]] = {
    "findings.md": findings,
    "cli.md": cli,
    "values.md": values,
    "api.md": api,
    "models.md": models,
    "manifest.schema.json": manifest_schema,
}


def main() -> None:
    """Write every page."""
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(make(), encoding="utf-8", newline="\n")
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()

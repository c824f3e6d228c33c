"""`arbvis plugins`: what was loaded, what failed, and who would take a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arbvis_core.cli.console import answer
from arbvis_core.cli.isolation import prints_aside
from arbvis_core.registry import deferred_faults
from arbvis_core.values import Profile

if TYPE_CHECKING:
    from arbvis_core.registry import PluginInfo, Registry
    from arbvis_core.registry.explaining import Candidacy, Explanation

#: What the counts of a plugin are called, by the registry's name for the kind.
NOUNS = {
    "source_providers": "source",
    "formats": "format",
    "enrichers": "enricher",
    "diff_builders": "diff builder",
    "derivations": "derivation",
    "layouts": "layout",
    "renderers": "renderer",
    "options": "option group",
    "commands": "command",
}


def make(profile: Profile, registry: Registry) -> Callable[..., None]:
    """Return what the subcommand runs."""

    def plugins(
        *,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
        check: Annotated[bool, typer.Option("--check", help="Exit 1 if anything failed.")] = False,
        explain: Annotated[
            str | None,
            typer.Option(
                "--explain",
                metavar="FILE",
                help="Say who would take this file, or each file of a folder.",
            ),
        ] = None,
    ) -> None:
        with prints_aside():
            faults = [*registry.faults, *(deferred_faults(registry) if check else ())]
            found = registry.explain(explain, profile) if explain is not None else None
        if as_json:
            import json

            for line in json.dumps(_facts(registry, faults, found), indent=2).splitlines():
                answer(line)
        elif found is not None:
            for line in _explained(found):
                answer(line)
        else:
            for line in _listed(registry, faults):
                answer(line)
        if check and (faults or any(one.error for one in registry.plugins)):
            raise typer.Exit(1)
        if found is not None and found.error is not None:
            raise typer.Exit(2)

    return plugins


def _facts(
    registry: Registry, faults: Sequence[str], explanation: Explanation | None
) -> Mapping[str, Any]:
    facts: dict[str, Any] = {
        "plugins": [{**asdict(one), "counts": dict(one.counts)} for one in registry.plugins],
        "faults": list(faults),
    }
    if explanation is not None:
        facts["explanation"] = asdict(explanation)
    return facts


def _listed(registry: Registry, faults: Sequence[str]) -> list[str]:
    widths = [
        max((len(text) for text in texts), default=0)
        for texts in (
            [one.name for one in registry.plugins],
            [one.version for one in registry.plugins],
        )
    ]
    lines = [
        f"{'BAD' if one.error else 'ok ':3} {one.name:{widths[0]}}  {one.version:{widths[1]}}  "
        f"{_failed(one) if one.error else _brought(one)}"
        for one in registry.plugins
    ]
    told = {one.error for one in registry.plugins}
    return lines + [fault for fault in faults if not _repeats(fault, told)]


def _repeats(fault: str, told: set[str | None]) -> bool:
    return any(one and one in fault for one in told)


def _failed(plugin: PluginInfo) -> str:
    return f"{plugin.error}  ({plugin.origin})"


def _brought(plugin: PluginInfo) -> str:
    counts = ", ".join(
        f"{count} {NOUNS.get(kind, kind)}{'s' if count != 1 else ''}"
        for kind, count in plugin.counts.items()
        if count
    )
    heavy = f"; imports {', '.join(plugin.heavy)} at start-up" if plugin.heavy else ""
    return f"{counts or 'nothing'}{heavy}  ({plugin.import_ms:.0f} ms, {plugin.origin})"


def _explained(explanation: Explanation) -> list[str]:
    lines = []
    if explanation.sources > 1:
        lines.append(f"{explanation.spec} holds {explanation.sources:,} files")
    for stage in explanation.stages:
        lines.append(f"{stage.name} {stage.subject}")
        lines += [f"  {_candidate(one)}" for one in stage.candidates]
    if explanation.error is not None:
        lines.append(explanation.error)
    return lines


def _candidate(one: Candidacy) -> str:
    mark = "→" if one.wins else " "
    reason = f": {one.reason}" if one.reason else ""
    return f"{mark} {one.name} {one.priority} ({one.plugin} {one.version}) {one.verdict}{reason}"

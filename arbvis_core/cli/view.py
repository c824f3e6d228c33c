"""`arbvis view`: the picture at once, drawn where one looks."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arbvis_core import api
from arbvis_core.cli import inputs as lines
from arbvis_core.cli.console import answer, tell
from arbvis_core.cli.flags import DiffOptions, InputOptions, signature, with_signature
from arbvis_core.cli.isolation import instances, prints_aside
from arbvis_core.slotted import dataclass
from arbvis_core.values import Plan, Profile, Request

if TYPE_CHECKING:
    from arbvis_core.registry import Registry
    from arbvis_core.server.running import Server

#: Warnings that are shown; the manifest has them all.
SHOWN = 10


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """Where the page is."""

    host: Annotated[
        str,
        typer.Option("--host", metavar="HOST", help="Listen there; others need a token to get in."),
    ] = "127.0.0.1"
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=0,
            max=65535,
            metavar="N",
            help="Listen at this port; 0: any that is free.",
        ),
    ] = None
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address of the page.")
    ] = False
    title: Annotated[
        str | None, typer.Option("--title", metavar="TEXT", help="Title of the page.")
    ] = None
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but errors and the address to open.")
    ] = False


def make(profile: Profile, registry: Registry) -> Callable[..., None]:
    """Return what the subcommand runs."""
    diff = (DiffOptions,) if registry.diff_builders else ()
    own = (one.item for one in registry.options if not hasattr(one.item, "reporter"))
    shown = (one for one in own if profile.name in getattr(one, "profiles", (profile.name,)))
    files = Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILES",
            help="Files, folders, addresses, or - for standard input.",
            show_default=False,
        ),
    ]
    first = inspect.Parameter(
        "files", inspect.Parameter.KEYWORD_ONLY, annotation=files, default=None
    )
    found, names = signature([first], (ViewOptions, InputOptions, *diff, *shown))

    def view(**values: Any) -> None:
        options = instances(names, values, registry)
        _view(profile, registry, options, values["files"] or [])

    with_signature(view, found)
    return view


def _request(
    profile: Profile, options: dict[type, Any], files: list[str], title: str | None
) -> Request:
    given: InputOptions = options.pop(InputOptions)
    diff = options.pop(DiffOptions, DiffOptions())
    return Request(
        inputs=lines.gather(files, given.file_list, diff=diff.diff),
        profile=profile,
        layout=given.layout,
        format=given.format,
        diff=diff.diff,
        keep_going=given.keep_going,
        title=title,
        live=True,
        options=options,
    )


def _view(profile: Profile, registry: Registry, options: dict[type, Any], files: list[str]) -> None:
    from arbvis_core.server.live import Live
    from arbvis_core.server.running import Address, serve

    chosen: ViewOptions = options.pop(ViewOptions)
    request = _request(profile, options, files, chosen.title)
    output = sys.stdout  # which is put aside while plugins plan

    def say(text: str) -> None:
        if not chosen.quiet:
            tell(f"{profile.name}: {text}")

    def plan() -> Plan:
        with prints_aside():
            planned = api.plan(request, registry=registry)
        told = (*planned.warnings, *registry.faults)
        for warning in told[:SHOWN]:
            say(f"warning: {warning}")
        if len(told) > SHOWN:
            say(f"warning: {len(told) - SHOWN:,} more are in the manifest")
        return planned

    def announce(server: Server) -> None:
        if server.access.token is not None:
            say(
                f"everyone who can reach {chosen.host} and knows the token in the address can see "
                f"these files, and the address travels unencrypted"
            )
        answer(server.url, output)
        say("Ctrl-C ends it")

    live = Live(chosen.title or f"{profile.name} view", registry, plan)
    serve(live, Address(chosen.host, chosen.port), announce=announce, browse=not chosen.no_browser)

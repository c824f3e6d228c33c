"""Files in, bundle out: what the program does when no subcommand is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arbvis_core import api
from arbvis_core.cli import inputs as lines
from arbvis_core.cli.console import answer, count, duration, quantity, tell
from arbvis_core.cli.flags import DiffOptions, InputOptions, OutputOptions, RunOptions
from arbvis_core.cli.image import check_image
from arbvis_core.cli.isolation import prints_aside
from arbvis_core.cli.progress import compiling_told, progress
from arbvis_core.cli.space import announce, fits
from arbvis_core.errors import UsageError
from arbvis_core.garbage import kept_for_good
from arbvis_core.protocols import Reporter
from arbvis_core.registry import guard
from arbvis_core.values import Plan, Profile, Request

if TYPE_CHECKING:
    from arbvis_core.pipeline.rendering import Report
    from arbvis_core.registry import Registered, Registry

#: Warnings that are shown; the manifest has them all.
SHOWN = 10
#: Tiles of a scene that are kept for the pictures of a report.
KEPT = 64


def reporters(request: Request, registry: Registry) -> list[tuple[Registered[type], Reporter]]:
    """Return what the groups of options want to report, and whose each is.

    Raises:
        PluginError: a plugin cannot make its reporter, or what it makes is none.
    """
    found = []
    for group in registry.options:
        make = getattr(request.options.get(group.item), "reporter", None)
        if callable(make):
            with guard(group, "report", "what is measured"):
                if (one := make(request)) is not None:
                    if Reporter not in type(one).__mro__:
                        name = type(one).__qualname__
                        raise TypeError(f"reporter {name} does not inherit from Reporter")
                    found.append((group, one))
    return found


class Session:
    """One command line: what was asked for, and what there is to do it with."""

    def __init__(
        self, profile: Profile, registry: Registry, options: dict[type, Any], typed: Sequence[str]
    ) -> None:
        self.profile = profile
        self.registry = registry
        self.options = options
        self.typed = typed
        self.input: InputOptions = options[InputOptions]
        self.output: OutputOptions = options[OutputOptions]
        self.run: RunOptions = options[RunOptions]
        self.reporters: list[tuple[Registered[type], Reporter]] = []

    def execute(self, files: Sequence[str], commands: Sequence[str]) -> None:
        """Do what the command line says.

        Raises:
            ArbvisError: it cannot be done.
        """
        if self.output.regen_html is not None:
            self._regenerate(files)
            return
        inputs = lines.gather(files, self.input.file_list, diff=self._diff)
        request = self._request(inputs)
        self.reporters = reporters(request, self.registry)
        self._check(inputs, commands)
        with prints_aside(), compiling_told(self._say):
            places = self._draw(request)
        for where in places:
            answer(where)

    def _draw(self, request: Request) -> list[str]:
        """Draw what was asked for and return where it is."""
        from arbvis_core.engine.memory import keep_freed_blocks

        keep_freed_blocks()
        sink = self._sink(request.inputs)
        places: list[str] = []
        try:
            with kept_for_good():
                plan = api.plan(request, registry=self.registry)
            self._warn((*plan.warnings, *self.registry.faults))
            opened = self._protect(plan, sink)
            if sink is not None or self.reporters:
                report = self._render(plan, sink)
                places += [str(Path(report.location, "index.html"))] if sink is not None else []
                for group, one in self.reporters:
                    with guard(group, "report", "what was measured"):
                        places.append(one.write(report, opened, force=self.output.force))
            if self.output.png is not None:
                self._export(plan, self.output.png)
            return places or [str(self.output.png)]
        except BaseException:
            if sink is not None:
                sink.abort()
            raise

    def _regenerate(self, files: Sequence[str]) -> None:
        from arbvis_core.cli.regenerate import regenerate

        folder = self.output.regen_html or ""
        if files:
            raise UsageError("--regen-html takes no inputs: it renews the viewer of a bundle")
        self._refuse_all_but({"regen_html", "title", "quiet"}, "--regen-html draws nothing")
        answer(str(Path(regenerate(folder, self.output.title), "index.html")))

    def _refuse_all_but(self, kept: set[str], why: str) -> None:
        """Refuse what would be accepted and ignored."""
        for group in self.options.values():
            for field in fields(group):
                if field.name not in kept and getattr(group, field.name) != field.default:
                    flag = f"--{field.name.replace('_', '-')}"
                    raise UsageError(f"{flag} changes nothing here: {why}")

    def _check(self, inputs: Sequence[str], commands: Sequence[str]) -> None:
        """Refuse what can be known to fail before anything is opened."""
        lines.check_command(inputs, commands)
        if self.input.layout is not None:
            self.registry.layout(self.input.layout)
        elif not self._has_layout():
            raise UsageError(
                f"the layout {self.profile.layout} that {self.profile.name} draws with is not "
                f"installed; to see the bytes, run: arbvis FILE --out DIR"
            )
        if self.input.format is not None:
            self.registry.format(self.input.format)
        if self.output.out is None and self.output.png is None and not self.reporters:
            whole = lines.whole_command(self.profile.name, self.typed, inputs)
            raise UsageError(f"say where the picture goes: {whole}")
        if self.run.executor == "serial" and self.run.jobs is not None:
            raise UsageError("--jobs changes nothing here: --executor serial has no workers")
        if self.output.out is None:
            self._check_drawn()
        if self.output.png is not None:
            check_image(self.output.png, inputs, force=self.output.force)
        for group, one in self.reporters:
            with guard(group, "report", "what is measured"):
                one.check(inputs, force=self.output.force)

    def _check_drawn(self) -> None:
        """Refuse what is about tiles and their page where none are written."""
        drawn = {"out", "tile_format"}
        drawn |= set() if self.reporters else {"jobs", "executor"}
        every = {field.name for group in self.options.values() for field in fields(group)}
        self._refuse_all_but(every - drawn, "without --out no tiles are written")
        if not any(one.titled for _, one in self.reporters):
            self._refuse_all_but(every - {"title"}, "nothing that is written has a title")

    def _has_layout(self) -> bool:
        """Tell whether the layout that the profile takes is there."""
        names = {None, *(one.name for one in self.registry.layouts)}
        return self.profile.layout in names

    @property
    def _diff(self) -> bool:
        found: DiffOptions = self.options.get(DiffOptions, DiffOptions())
        return found.diff

    def _request(self, inputs: tuple[str, ...]) -> Request:
        core = (InputOptions, OutputOptions, RunOptions, DiffOptions)
        return Request(
            inputs=inputs,
            profile=self.profile,
            layout=self.input.layout,
            format=self.input.format,
            diff=self._diff,
            keep_going=self.input.keep_going,
            title=self.output.title,
            options={group: one for group, one in self.options.items() if group not in core},
        )

    def _sink(self, inputs: Sequence[str]) -> Any:
        from arbvis_core.sinks.local import LocalSink

        if self.output.out is None:
            return None
        return LocalSink(self.output.out, force=self.output.force, inputs=inputs)

    def _render(self, plan: Plan, sink: Any) -> Report:
        from arbvis_core.engine.executors import default_jobs

        jobs = 1 if self.run.executor == "serial" else self.run.jobs or default_jobs()
        tile_format = self.output.tile_format
        total = self._announce(plan, jobs)
        verb = "measuring" if sink is None else "drawing"
        with progress(verb, total, quiet=self.run.quiet) as advance:
            report = api.render(
                plan,
                sink,
                registry=self.registry,
                jobs=jobs,
                executor=self.run.executor,
                tile_format=tile_format,
                on_progress=advance,
                keep=KEPT if self.reporters else 0,
            )
        rate = quantity(report.pixels / max(report.seconds, 1e-9), "px")
        done = f"{count(report.tiles, 'tile')}, {quantity(report.bytes, 'B')} "
        self._say(f"{done if sink else 'measured '}in {duration(report.seconds)}, {rate}/s")
        for scene in plan.scenes:
            if told := report.summaries[scene.key].get("told"):
                self._say(f"{scene.label}: {told}")
        return report

    def _announce(self, plan: Plan, jobs: int) -> int:
        """Say what a run will take; return the pixels of its tiles, or 0 where nobody hears how far it is.

        Raises:
            SinkError: it would not fit.
        """
        from arbvis_core.engine.estimate import area

        out, tile_format = self.output.out, self.output.tile_format
        if self.run.quiet and (out is None or fits(plan, out)):
            return 0
        if out is None:
            return area(plan, self.registry)
        estimate = api.estimate(plan, registry=self.registry, jobs=jobs, tile_format=tile_format)
        self._say(announce(estimate, out))
        return estimate.area

    def _protect(self, plan: Plan, sink: Any) -> list[str]:
        """Refuse to replace any file that was opened, however the inputs named it; list them."""
        opened = [key for scene in plan.scenes for key in scene.sources]
        if self.input.file_list not in {None, "-"}:
            opened.append(str(self.input.file_list))
        if sink is not None:
            sink.protect(opened)
        if self.output.png is not None:
            check_image(self.output.png, opened, force=self.output.force, out=self.output.out)
        return opened

    def _export(self, plan: Plan, path: str) -> None:
        canvas = plan.scenes[0].canvas
        pixels = canvas.width * canvas.height
        with progress("writing PNG", pixels, quiet=self.run.quiet) as advance:
            api.export_png(plan, path, registry=self.registry, on_progress=advance)
        self._say(f"{path}: {canvas.width:,} × {canvas.height:,} px")

    def _warn(self, warnings: Sequence[str]) -> None:
        for warning in warnings[:SHOWN]:
            self._say(f"warning: {warning}")
        if len(warnings) > SHOWN:
            self._say(f"warning: {len(warnings) - SHOWN:,} more are in the manifest")

    def _say(self, text: str) -> None:
        if not self.run.quiet:
            tell(f"{self.profile.name}: {text}")

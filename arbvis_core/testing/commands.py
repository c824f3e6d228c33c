"""The contracts of what stands on the command line: option groups and commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from arbvis_core.protocols import Command
from arbvis_core.registry import RESERVED_COMMANDS, RESERVED_FLAGS, flags_of
from arbvis_core.registry.checks import Fault
from arbvis_core.registry.options import check_group
from arbvis_core.testing.documents import check_pickles
from arbvis_core.testing.plugins import check_object


class OptionsContract:
    """A group of options.

    Attributes:
        group: the frozen dataclass under test.
        flags: every flag that it adds, as typed on a command line.
        core: it is one of arbvis's own, whose flags are reserved for it.
    """

    group: type
    flags: frozenset[str] | set[str]
    core: bool = False

    def test_its_flags_are_new(self) -> None:
        """The registry takes the group: no flag is one of arbvis's own."""
        try:
            taken = {} if self.core else dict.fromkeys(RESERVED_FLAGS, "arbvis")
            check_group(self.group, taken)
        except Fault as fault:
            raise AssertionError(str(fault)) from fault

    def test_its_flags_are_those_that_are_promised(self) -> None:
        """Typer makes these flags of it, and no others."""
        assert flags_of(self.group) == frozenset(self.flags)

    def test_every_flag_is_explained(self) -> None:
        """Each field has a help text."""
        from typing import get_type_hints

        from typer.models import OptionInfo

        hints = get_type_hints(self.group, include_extras=True)
        for field in fields(self.group):
            found = [one for one in hints[field.name].__metadata__ if isinstance(one, OptionInfo)]
            assert found[0].help, f"{self.group.__qualname__}.{field.name} has no help text"

    def test_an_instance_is_a_value(self) -> None:
        """Two instances of the same options are equal, also in another process."""
        assert self.group() == self.group()
        check_pickles(self.group(), self.group.__qualname__)


class CommandContract:
    """A subcommand.

    Attributes:
        command: the object under test.
        arguments: a command line that ends well, without the command's name.
        output: what it prints, or a part of it.
        core: it is one of arbvis's own, whose name is reserved for it.
    """

    command: Command
    arguments: Sequence[str] = ("--help",)
    output: str = "Usage"
    core: bool = False

    def test_the_registry_takes_it(self) -> None:
        """Name, help text and loader are in order, and the name is not one of arbvis's own."""
        check_object("commands", self.command)
        assert self.core or self.command.name not in RESERVED_COMMANDS

    def test_it_has_a_help_page(self) -> None:
        """Typer can read its flags, and `--help` says what it is for."""
        assert self.command.help
        self._run(["--help"], "Usage")

    def test_it_runs(self) -> None:
        """The command line ends well and prints what it should."""
        self._run(self.arguments, self.output)

    def _run(self, arguments: Sequence[str], output: str) -> None:
        import typer
        from typer.testing import CliRunner

        app = typer.Typer(add_completion=False)
        app.command(self.command.name)(self.command.load())
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == 0, (
            f"it ends with {done.exit_code}: {done.output}{done.exception!r}"
        )
        assert output in done.output, f"it prints {done.output!r}"

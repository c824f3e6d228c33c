"""Everything that can go wrong, and what the user is told.

ArbvisError                       one clear sentence, exit code 2
├── UsageError                    the command line or the API call asks for something impossible
├── SourceError                   an input cannot be opened or read
│   └── SourceChangedError        an input changed while it was being read
├── FormatError                   a file that a format claimed is not what it says it is
├── LayoutError                   nothing can be arranged, or not by the layout that was asked for
├── SinkError                     the output cannot be written
├── MissingExtraError             an optional dependency is not installed
└── PluginError                   a plugin raised after it had claimed its input
"""

from __future__ import annotations


class ArbvisError(Exception):
    """A sentence for the user: it names the thing, the place and what to do."""

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by content, not by constructor, so that a worker process can hand any error over."""
        return (_restore, (type(self), self.args, self.__dict__))


class UsageError(ArbvisError):
    """The command line or the API call asks for something impossible."""


class SourceError(ArbvisError):
    """An input cannot be opened or read."""


class SourceChangedError(SourceError):
    """An input changed while it was being read, so its picture would be a lie."""


class FormatError(ArbvisError):
    """A file that a format claimed is not what it says it is.

    `source` is the key of the source that is not, where a format knows which of a group it is.
    """

    source: str = ""


class LayoutError(ArbvisError):
    """Nothing can be arranged, or not by the layout that was asked for."""


class SinkError(ArbvisError):
    """The output cannot be written; nothing half-written is left behind."""


class MissingExtraError(ArbvisError, ImportError):
    """An optional dependency is not installed; the message names the extra that brings it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional package: pip install 'modelweightvis[{extra}]'")


class PluginError(ArbvisError):
    """A plugin raised after it had claimed its input.

    The cause is chained. `stage` is a stage of the pipeline (`open`, `parse`, `derive`,
    `arrange`, `plan`, `render`), `subject` what the plugin was working on, `place` the line of its
    code that raised, as `file:line`.
    """

    def __init__(
        self,
        plugin: str,
        version: str,
        stage: str,
        subject: str,
        cause: object = "",
        place: str = "",
    ) -> None:
        because = f": {type(cause).__name__}: {cause}" if isinstance(cause, BaseException) else ""
        where = f" ({place})" if place else ""
        super().__init__(
            f"plugin {plugin} {version} failed while it was to {stage} {subject}{because}{where}; "
            f"run 'arbvis plugins --check', or leave it out with ARBVIS_PLUGINS="
        )
        self.plugin = plugin
        self.version = version
        self.stage = stage
        self.subject = subject
        self.place = place


def _restore(
    kind: type[ArbvisError], args: tuple[object, ...], attributes: dict[str, object]
) -> ArbvisError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(attributes)
    return error

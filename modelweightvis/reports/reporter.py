"""`--report FILE`: what is written is decided by the suffix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arbvis_core.api import MissingExtraError, Reporter, UsageError

if TYPE_CHECKING:
    from arbvis_core.pipeline.rendering import Report

#: What every report has near its beginning or its end, so that the next may replace it.
MARK = "modelweightvis report"
#: Bytes at either end in which it is looked for.
NEAR = 1 << 16
#: How the first line of a table begins.
HEADER = b"model,name,canonical,stack,"

Content = Mapping[str, Any]


class FileReporter(Reporter):
    """Writes a report to a file that appears whole or not at all.

    A file that is there is replaced if it is a report, or with `--force`.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.titled = Path(path).suffix.lower() == ".json"

    def check(self, inputs: Sequence[str], *, force: bool) -> None:
        """Refuse a suffix that nobody knows, and a file that cannot be written.

        Raises:
            UsageError: the suffix says nothing.
            SinkError: the file cannot be written.
            MissingExtraError: it would be Parquet, which needs pyarrow.
        """
        from modelweightvis.commands.writing import check_target

        suffix = Path(self.path).suffix.lower()
        if suffix not in WRITERS:
            raise UsageError(
                f"--report {self.path}: its suffix says what it is, one of {', '.join(WRITERS)}"
            )
        if suffix == ".parquet":
            _check_arrow()
        check_target(
            self.path, Path(self.path), 0, inputs, force=force or is_report(Path(self.path))
        )

    def write(self, report: Report, inputs: Sequence[str], *, force: bool) -> str:
        """Write the file, and say where it is."""
        from modelweightvis.commands.writing import write
        from modelweightvis.reports.content import content_of

        content = content_of(report)
        made = WRITERS[Path(self.path).suffix.lower()](content, report)
        chunks = [chunk.encode() if isinstance(chunk, str) else chunk for chunk in made]
        write(
            self.path,
            chunks,
            sum(map(len, chunks)),
            inputs=inputs,
            force=force or is_report(Path(self.path)),
            on_progress=lambda _bytes: None,
        )
        return self.path


def is_report(path: Path) -> bool:
    """Tell whether a file is a report that was written before; an empty one may be replaced too."""
    try:
        with path.open("rb") as file:
            head = file.read(NEAR)
            file.seek(max(0, path.stat().st_size - NEAR))
            known = MARK.encode()
            begun = not head or head.startswith(HEADER) or known in head
            return begun or known in file.read(NEAR)
    except (OSError, ValueError):
        return False


def _check_arrow() -> None:
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise MissingExtraError("a report as Parquet", "tables")


def _json(content: Content, _report: Report) -> Iterator[str]:
    from modelweightvis.commands.report import json_lines

    for line in json_lines({"$comment": MARK, **content}):
        yield f"{line}\n"


def _csv(content: Content, _report: Report) -> Iterator[str]:
    from modelweightvis.reports.tables import csv_lines

    return csv_lines(content)


def _parquet(content: Content, _report: Report) -> Iterator[bytes]:
    from modelweightvis.reports.tables import parquet

    return parquet(content, MARK)


def _markdown(content: Content, _report: Report) -> Iterator[str]:
    from modelweightvis.reports.markdown import markdown

    yield f"<!-- {MARK} -->\n\n"
    yield from markdown(content)


def _html(content: Content, report: Report) -> Iterator[str]:
    from modelweightvis.reports.page import page

    return page(content, report, MARK)


#: What writes a report, by suffix.
WRITERS: dict[str, Callable[[Content, Any], Iterator[str] | Iterator[bytes]]] = {
    ".html": _html,
    ".md": _markdown,
    ".json": _json,
    ".csv": _csv,
    ".parquet": _parquet,
}

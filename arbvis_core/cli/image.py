"""The file that `--png` names, looked at before anything is drawn."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from arbvis_core.errors import SinkError

#: What every PNG starts with.
MAGIC = b"\x89PNG\r\n\x1a\n"


def check_image(path: str, inputs: Sequence[str], *, force: bool, out: str | None = None) -> None:
    """Refuse a target that cannot be written, or that somebody would miss.

    Raises:
        SinkError: it is a folder or an input, its folder is missing, or it holds something else.
    """
    target = Path(path)
    try:
        if "\0" in path or target.is_dir() or not target.name:
            raise SinkError(f"--png {path} does not name a file")
        if not target.parent.is_dir():
            raise SinkError(f"--png {path} cannot be written: {target.parent} is not a folder")
        if out is not None and Path(out).absolute() in target.absolute().parents:
            raise SinkError(f"--png {path} lies in the bundle that is written; name another file")
        if not os.path.lexists(target):
            return
        if not stat.S_ISREG(os.lstat(target).st_mode):
            raise SinkError(f"--png {path} is no ordinary file and is not replaced; name another")
        if any(Path(one).exists() and target.samefile(one) for one in inputs):
            raise SinkError(f"--png {path} is an input and is not replaced; name another file")
        with target.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC and not force:
                raise SinkError(
                    f"--png {path} is a file that is no PNG; name another, or replace it with --force"
                )
    except (OSError, ValueError) as error:
        raise SinkError(f"--png {path} cannot be written: {error}") from error

"""The cache that `huggingface_hub` keeps, as its documentation lays it out.

models--OWNER--REPO/refs/REVISION        the commit that a branch or tag was last seen at
models--OWNER--REPO/snapshots/COMMIT/…: the files of a commit, links to
models--OWNER--REPO/blobs/ETAG: their contents
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from modelweightvis.sources.addresses import COMMIT


class Cache:
    """What is here of one model.

    Args:
        root: the folder of all models; None takes that of `huggingface_hub`.
        repository: `owner/repo`.
    """

    def __init__(self, root: str | None, repository: str) -> None:
        if root is None:
            from huggingface_hub import constants

            root = constants.HF_HUB_CACHE
        self.root = Path(root).expanduser().resolve()
        self._folder = self.root / "--".join(("models", *repository.split("/")))

    def commit(self, revision: str) -> str | None:
        """Return the commit that a revision is, or was when the Hub was last asked."""
        if COMMIT.fullmatch(revision):
            return revision
        try:
            found = (self._folder / "refs" / revision).read_text("ascii").strip()
        except (OSError, ValueError):
            return None
        return found if COMMIT.fullmatch(found) else None

    def remember(self, revision: str, commit: str) -> None:
        """Keep what a revision is, for when the Hub cannot be asked. A full disk is no error."""
        if revision == commit or self.commit(revision) == commit:
            return
        ref = self._folder / "refs" / revision
        new = ref.with_name(f"{ref.name}.{os.getpid()}.tmp")
        with suppress(OSError):
            ref.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(commit, "ascii")
            new.replace(ref)

    def path(self, commit: str, name: str) -> Path:
        """Return where a file of a commit is, or would be."""
        return self._folder / "snapshots" / commit / Path(*name.split("/"))

    def files(self, commit: str, limit: int) -> dict[str, int]:
        """Return the sizes of the files of a commit that are here, by path; at most `limit`."""
        root = self._folder / "snapshots" / commit
        found: dict[str, int] = {}
        for folder, _, names in os.walk(root):
            for name in names:
                path = Path(folder, name)
                with suppress(OSError):
                    found[path.relative_to(root).as_posix()] = path.stat().st_size
                if len(found) == limit:
                    return found
        return found

    def holds(self, etag: str) -> bool:
        """Tell whether the content is here, of whatever commit."""
        return etag.isalnum() and (self._folder / "blobs" / etag).exists()

    def free(self) -> int | None:
        """Return how many bytes fit on the disk, or None where that cannot be told."""
        for folder in (self.root, *self.root.parents):
            with suppress(OSError):
                return shutil.disk_usage(folder).free
        return None

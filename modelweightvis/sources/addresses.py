"""Addresses of models on the Hugging Face Hub: `hf://owner/repo[@revision][/path]`."""

from __future__ import annotations

import os
import re
from urllib.parse import unquote

from arbvis_core.api import SourceError
from arbvis_core.slotted import dataclass
from modelweightvis.sources.huggingface import SCHEME

FORM = "hf://OWNER/REPO[@REVISION][/PATH]"
BRANCH = "main"
#: What else the Hub has, by the word that its addresses begin with.
OTHERS = {"datasets": "dataset", "spaces": "Space", "buckets": "bucket", "kernels": "kernel"}
#: A revision that is a commit, and so names its content.
COMMIT = re.compile(r"[0-9a-f]{40}")

_PARTS = re.compile(
    r"([^/@]*)/([^/@]*)(?:@(refs/(?:pr|convert)/[^/]+|[^/]*))?(?:/(.*))?", re.DOTALL
)
_NAME = re.compile(r"(?!.*(?:--|\.\.|\.git$))[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_REVISION = re.compile(r"(?!.*(?:\.\.|//|/\.|@\{|\.lock$))[^\s~^:?*\[\\/.-][^\s~^:?*\[\\]{0,254}")
_TOKEN = re.compile(r"hf_[A-Za-z0-9]{8,}")
#: What separates folders somewhere, and what Windows has no files by the name of.
_FORBIDDEN = re.compile(r'[\\:*?"<>|]' if os.name == "nt" else r"\\")
#: How much of what was typed is repeated in an error.
_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Address:
    """Where a model, or a part of one, lies on the Hub.

    Attributes:
        typed: what the user typed, fit for display.
        repository: `owner/repo`.
        revision: a branch, a tag or a commit.
        path: a file or a folder in the repository, or empty.
    """

    typed: str
    repository: str
    revision: str = BRANCH
    path: str = ""

    def __str__(self) -> str:
        return self.typed

    def to(self, path: str) -> str:
        """Write the address of a file or folder of the same repository and revision."""
        revision = "" if self.revision == BRANCH else f"@{self.revision.replace('/', '%2F')}"
        return shown(f"{SCHEME}{self.repository}{revision}/{path}".rstrip("/"))


def parse_address(spec: str) -> Address:
    """Take an address apart.

    Empty parts of the path are dropped, `%2F` in a revision is a slash, and `hf://models/owner/repo`
    is `hf://owner/repo`.

    Raises:
        SourceError: it is none, or not that of a model.
    """
    typed = shown(spec)
    rest = spec[len(SCHEME) :]
    kind = rest.partition("/")[0]
    if kind in OTHERS:
        raise SourceError(f"{typed} is a {OTHERS[kind]}; only models can be drawn: {FORM}")
    found = _PARTS.fullmatch(rest.removeprefix("models/"))
    if found is None:
        raise SourceError(f"{typed} is not the address of a model: write {FORM}")
    owner, name, revision, path = found.groups()
    for part in (owner, name):
        if len(part) > 96 or not _NAME.fullmatch(part):
            what = f"{shown(part)!r} is no name" if part else "a name is missing"
            raise SourceError(f"{typed} is not the address of a model, {what}: write {FORM}")
    revision = BRANCH if revision is None else unquote(revision)
    if not _REVISION.fullmatch(revision) or not revision.isprintable():
        raise SourceError(
            f"{typed}: {shown(revision)!r} is not the name of a revision: write {FORM}"
        )
    path = "/".join(part for part in (path or "").split("/") if part)
    if path and not is_safe(path):
        raise SourceError(f"{typed}: {shown(path)!r} is not the path of a file in a repository")
    return Address(typed, f"{owner}/{name}", revision, path)


def is_safe(path: str) -> bool:
    """Tell whether a path in a repository stays inside of it on every system."""
    parts = path.split("/")
    return (
        path.isprintable()
        and not _FORBIDDEN.search(path)
        and all(part.strip(". ") and len(part.encode()) <= 255 for part in parts)
        and len(path) <= 1024
    )


def shown(text: str) -> str:
    """Make what somebody else wrote fit for a sentence: one line, not too long, no token."""
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    text = "".join(char if char.isprintable() else "�" for char in text)
    return _TOKEN.sub("hf_…", text)

"""The texts that the models learn, and their tokens.

Code is the source of the standard library of the Python that runs this, prose is the English of
its language reference (`pydoc_data.topics`): both stand under Python's own licence.
"""

from __future__ import annotations

import hashlib
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sentencepiece import SentencePieceProcessor

#: The Python whose library the published models learned: another one's gives other figures.
PYTHON = (3, 11, 7)
VOCABULARY = 768
#: Tests, tables of characters, and the prose itself.
SKIPPED = ("__pycache__", "encodings", "idlelib/idle_test", "pydoc_data", "site-packages", "test")
TESTS = ("lib2to3/tests", "distutils/tests", "unittest/test", "tkinter/test", "ctypes/test")
#: One document in so many is held out.
HELD_OUT = {"code": 20, "prose": 6}


def code() -> Iterator[tuple[str, str]]:
    """Yield name and text of each module of the standard library."""
    root = Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py"), key=lambda path: path.as_posix()):
        name = path.relative_to(root).as_posix()
        if not name.startswith(tuple(f"{part}/" for part in (*SKIPPED, *TESTS))):
            yield name, path.read_text(encoding="utf-8", errors="replace").replace("\t", "    ")


def prose() -> Iterator[tuple[str, str]]:
    """Yield name and text of each topic of the language reference."""
    from pydoc_data.topics import topics

    yield from sorted(topics.items())


KINDS = {"code": code, "prose": prose}


def split(kind: str) -> tuple[list[str], list[str]]:
    """Return the documents to learn and those held out; a document's name decides."""
    learned: list[str] = []
    held_out: list[str] = []
    for name, text in KINDS[kind]():
        chosen = hashlib.sha256(name.encode()).digest()[0] % HELD_OUT[kind] == 0
        (held_out if chosen else learned).append(text)
    return learned, held_out


def digest() -> str:
    """Return the SHA-256 of all texts, in order."""
    whole = hashlib.sha256()
    for kind in KINDS.values():
        for name, text in kind():
            whole.update(f"{name}\0{text}\0".encode())
    return whole.hexdigest()


def tokens(tokenizer: SentencePieceProcessor, documents: list[str]) -> np.ndarray:
    """Return the documents' tokens as one row, `<s>` before each document."""
    rows = tokenizer.encode(documents, add_bos=True)
    return np.concatenate([np.array(row, np.int64) for row in rows])


def unigram_entropy(row: np.ndarray) -> float:
    """Return the entropy of the tokens' own frequencies, in nats: what no context can beat."""
    counts = np.unique(row, return_counts=True)[1]
    shares = counts / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def check_python() -> None:
    """Warn when this is not the Python whose library the published models learned."""
    if sys.version_info[:3] != PYTHON:
        wanted = ".".join(map(str, PYTHON))
        print(f"this Python is not {wanted}: the texts differ, and so will the figures")

"""Differences of bytes and of JSON keep the contracts that plugins have to keep."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from arbvis_core.diff.builder import ByteDiffBuilder
from arbvis_core.diff.json_builder import JsonDiffBuilder
from arbvis_core.formats.raw import RawFormat
from arbvis_core.layouts.hilbert import HilbertLayout
from arbvis_core.protocols import Group
from arbvis_core.render.byte_differences import ByteDifferenceRenderer
from arbvis_core.testing import (
    DiffBuilderContract,
    LayoutContract,
    MemorySource,
    RendererContract,
)
from arbvis_core.values import Document, Request, Scene

NOISE = np.random.default_rng(3).bytes(300_000)
CHANGED = bytes([*NOISE[:70_000], NOISE[70_000] ^ 255, *NOISE[70_001:]]) + b"more"
REQUEST = Request(("left", "right"), diff=True)


def side(folder: str, *files: tuple[str, bytes]) -> Sequence[Document]:
    sources = tuple(MemorySource(name, content, folder) for name, content in files)
    return RawFormat().parse(Group(folder, sources, ()))


SIDES = (
    side("left", ("same", NOISE[:999]), ("a", NOISE), ("gone", b"x" * 70), ("empty", b"")),
    side("right", ("same", NOISE[:999]), ("a", CHANGED), ("new", b"y" * 80), ("empty", b"z")),
)


def differences() -> Sequence[Document]:
    made = ByteDiffBuilder().build(REQUEST, SIDES)
    return [replace(one, derived=True) for one in made]


class TestByteDiffBuilder(DiffBuilderContract):
    builder = ByteDiffBuilder()
    makers = (RawFormat(),)

    def sides(self) -> Sequence[Sequence[Document]]:
        return SIDES


class TestHilbertLayout(LayoutContract):
    layout = HilbertLayout()

    def documents(self) -> Sequence[Document]:
        return differences()


class TestByteDifferenceRenderer(RendererContract):
    renderer = ByteDifferenceRenderer()
    makers = (RawFormat(), ByteDiffBuilder())

    def scene(self) -> Scene:
        (scene,) = HilbertLayout().arrange(REQUEST, differences())
        return scene


OLD = {"name": "old", "layers": [1, 2, 3], "gone": {"deep": [True, None]}, "long": "x" * 3000}
NEW = {"layers": [1, 2.5, 3, 4], "name": "new", "come": [[], {}], "long": "x" * 2000 + "y" * 1001}
JSON_SIDES = (
    side("left", ("a.json", json.dumps(OLD).encode()), ("b.json", b"[1]"), ("c.jsonl", b"1\n2\n")),
    side("right", ("a.json", json.dumps(NEW, indent=2).encode()), ("c.jsonl", b"2\n3\n")),
)


def json_differences() -> Sequence[Document]:
    made = JsonDiffBuilder().build(REQUEST, JSON_SIDES)
    return [replace(one, derived=True) for one in made]


class TestJsonDiffBuilder(DiffBuilderContract):
    builder = JsonDiffBuilder()
    makers = (RawFormat(),)

    def sides(self) -> Sequence[Sequence[Document]]:
        return JSON_SIDES


class TestHilbertLayoutOfJson(LayoutContract):
    layout = HilbertLayout()

    def documents(self) -> Sequence[Document]:
        return json_differences()


class TestRendererOfJson(RendererContract):
    renderer = ByteDifferenceRenderer()
    makers = (RawFormat(), JsonDiffBuilder())

    def scene(self) -> Scene:
        (scene,) = HilbertLayout().arrange(REQUEST, json_differences())
        return scene

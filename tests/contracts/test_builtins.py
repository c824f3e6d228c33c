"""Arbvis's own objects keep the contracts that plugins have to keep."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from arbvis_core.cli import flags
from arbvis_core.cli.commands import own_commands
from arbvis_core.deferring import resolved
from arbvis_core.diff.builder import ByteDiffBuilder
from arbvis_core.diff.json_builder import JsonDiffBuilder
from arbvis_core.errors import SourceError
from arbvis_core.formats.raw import RawFormat
from arbvis_core.layouts.hilbert import HilbertLayout
from arbvis_core.protocols import Group
from arbvis_core.registry import load
from arbvis_core.registry.kinds import KINDS, Kind
from arbvis_core.render.byte_differences import ByteDifferenceRenderer
from arbvis_core.render.bytes import ByteRenderer
from arbvis_core.sources.local import LocalProvider
from arbvis_core.sources.stdin import StdinProvider
from arbvis_core.testing import (
    CommandContract,
    FormatContract,
    LayoutContract,
    MemorySource,
    OptionsContract,
    PluginContract,
    RendererContract,
    SourceContract,
    SourceProviderContract,
)
from arbvis_core.values import (
    TILE,
    Document,
    Profile,
    Range,
    Request,
    Scene,
    ScenePlan,
    Source,
    TileKey,
)

CONTENT = np.random.default_rng(0).bytes(300_000)


class TestPlugin(PluginContract):
    module = "arbvis_core.plugin"

    def test_it_loads_without_a_fault(self) -> None:
        (info,) = load(allow=()).plugins
        assert info.error is None
        assert info.counts


class TestLocalSource(SourceContract):
    content = CONTENT[:1000]

    def source(self, folder: Path) -> Source:
        path = folder / "a.bin"
        path.write_bytes(self.content)
        (source,) = LocalProvider().open(str(path))
        return source

    def change(self, source: Source) -> None:
        with Path(source.key).open("ab") as file:
            file.write(b"more")


class TestLocalProvider(SourceProviderContract):
    provider = LocalProvider()
    contents = (b"a", b"", CONTENT[:100], b"z")
    strangers = ("-", "hf://user/repo", "https://example.org/x")
    missing = "no such folder/no such file"

    def spec(self, folder: Path) -> str:
        for name, content in zip(("a", "b", "c/a", "z"), self.contents, strict=True):
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        return str(folder)


class TestRawFormat(FormatContract):
    format = RawFormat()
    sample = CONTENT[:600]
    claims_everything = True

    def expected(self) -> Mapping[str, NDArray[np.uint8]]:
        return {"sample": np.frombuffer(self.sample, np.uint8)}


def documents(*sizes: int) -> Sequence[Document]:
    sources = [MemorySource(f"{size}.bin", CONTENT[:size]) for size in sizes]
    return RawFormat().parse(Group("memory", tuple(sources), ()))


class TestHilbertLayout(LayoutContract):
    layout = HilbertLayout()

    def documents(self) -> Sequence[Document]:
        return documents(1000, 0, 1, 70_000)


class TestByteRenderer(RendererContract):
    renderer = ByteRenderer()

    def scene(self) -> Scene:
        (scene,) = HilbertLayout().arrange(Request(("x",)), documents(200_000, 1, 150_000))
        return scene

    def expected(self, plan: ScenePlan, key: TileKey) -> NDArray[np.uint8]:
        """Lay the files end to end along a recursively defined curve, in the published colours."""
        stream = np.frombuffer(CONTENT[:200_000] + CONTENT[:1] + CONTENT[:150_000], np.uint8)
        tile = stream[key.x * TILE * TILE :][: TILE * TILE]
        pixels = np.zeros((TILE, TILE, 4), np.uint8)
        x, y = curve(9)[: len(tile)].T
        pixels[y, x] = COLOURS[tile]
        return pixels


def curve(order: int) -> NDArray[np.int64]:
    """Return (x, y) along a Hilbert curve: y down, from the upper left to the upper right."""
    if order == 0:
        return np.zeros((1, 2), np.int64)
    inner, side = curve(order - 1), 1 << (order - 1)
    flipped = inner[:, ::-1]
    return np.concatenate(
        [
            flipped,
            np.add(inner, (0, side)),
            np.add(inner, side),
            (2 * side - 1, side - 1) - flipped,
        ]
    )


def colours() -> NDArray[np.uint8]:
    """Return the colour of every byte, RGBA: black, green, blue, red, white."""
    table = np.zeros((256, 4), np.uint8)
    table[:, 3] = 255
    table[1:32, 1] = [(value - 1) * 255 // 30 for value in range(1, 32)]
    table[32:127, 2] = [(value - 32) * 255 // 94 for value in range(32, 127)]
    table[127:255, 0] = [(value - 127) * 255 // 127 for value in range(127, 255)]
    table[255] = 255
    return table


COLOURS = colours()


class Stdin:
    """Standard input that holds something."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


class TestStdinProvider(SourceProviderContract):
    provider = StdinProvider()
    contents = (CONTENT[:5000],)
    strangers = ("", "--", "./-", "x")
    missing = "-"

    @pytest.fixture(autouse=True)
    def piped(self, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
        content = None if "cannot_be_opened" in request.node.name else self.contents[0]
        monkeypatch.setattr(sys, "stdin", None if content is None else Stdin(content))

    def spec(self, folder: Path) -> str:
        del folder
        return "-"

    def test_its_sources_are_in_order(self, tmp_path: Path) -> None:
        """A pipe can be opened once only."""
        (source,) = self.provider.open(self.spec(tmp_path))
        assert bytes(source.read([Range(0, source.size)])[0]) == self.contents[0]
        with pytest.raises(SourceError, match="only once"):
            self.provider.open("-")


class TestInputOptions(OptionsContract):
    group = flags.InputOptions
    flags = frozenset({"--file-list", "-l", "--layout", "--format", "--keep-going"})
    core = True


class TestOutputOptions(OptionsContract):
    group = flags.OutputOptions
    flags = frozenset(
        {"--out", "-o", "--force", "--title", "--tile-format", "--png", "--regen-html"}
    )
    core = True


class TestRunOptions(OptionsContract):
    group = flags.RunOptions
    flags = frozenset({"--jobs", "-j", "--executor", "--quiet", "-q", "--version"})
    core = True


class TestDiffOptions(OptionsContract):
    group = flags.DiffOptions
    flags = frozenset({"--diff"})
    core = True


class TestPluginsCommand(CommandContract):
    (command,) = (
        one for one in own_commands(Profile("arbvis"), load(allow=())) if one.name == "plugins"
    )
    arguments = ("--json",)
    output = '"arbvis_core.plugin"'
    core = True


FIELDS = {
    "source_providers": {TestLocalProvider.provider, TestStdinProvider.provider},
    "formats": {TestRawFormat.format},
    "layouts": {TestHilbertLayout.layout},
    # Those of differences have theirs in test_builtin_differences.py.
    "diff_builders": {ByteDiffBuilder(), JsonDiffBuilder()},
    "renderers": {TestByteRenderer.renderer, ByteDifferenceRenderer()},
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.field)
def test_every_built_in_has_its_contract(kind: Kind) -> None:
    found = {type(resolved(one.item)) for one in getattr(load(allow=()), kind.field)}
    assert found == {type(item) for item in FIELDS.get(kind.field, set())}

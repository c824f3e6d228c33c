"""Every object of the rehearsal keeps the contract that its author is handed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arbvis_rehearsal.commands import STATS
from arbvis_rehearsal.derive import SegmentEnergy, TableDifference
from arbvis_rehearsal.enrich import RoleSidecar
from arbvis_rehearsal.formats import TableFormat
from arbvis_rehearsal.layout import ShelfLayout
from arbvis_rehearsal.options import RehearsalOptions
from arbvis_rehearsal.render import TableRenderer
from arbvis_rehearsal.sources import CountingProvider
from rehearsal_server import RangeServer
from rehearsal_tables import Table, picture, tiles, write

from arbvis_core import api
from arbvis_core.testing import (
    CommandContract,
    DerivationContract,
    DiffBuilderContract,
    EnricherContract,
    FormatContract,
    LayoutContract,
    MemorySource,
    OptionsContract,
    PluginContract,
    RendererContract,
    SourceContract,
    SourceProviderContract,
)

SMALL = (Table("t", 7, 70), Table("u", 3, 5, bits=4, order=(2, 0, 1)))
LARGE = (Table("t", 600, 70, holes=True), Table("u", 30, 500, bits=4))


def pair(folder: Path, tables: Sequence[Table], seed: int) -> tuple[bytes, bytes, Any]:
    """Return both files and the values of the tables."""
    values = write(folder, "model", tables, seed, header_size=512)
    return (folder / "model.tbc").read_bytes(), (folder / "model.tbs").read_bytes(), values


@pytest.fixture(scope="module", autouse=True)
def samples(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Write the samples of all suites."""
    for number, tables in enumerate((SMALL, LARGE)):
        folder = tmp_path_factory.mktemp("sample")
        SAMPLES[tables] = [pair(folder, tables, seed=number + 10 * side) for side in range(2)]
    codes, scales, _ = SAMPLES[SMALL][0]
    TestFormat.sample, TestFormat.beside = codes, {"model.tbs": scales}


SAMPLES: dict[tuple[Table, ...], list[tuple[bytes, bytes, Any]]] = {}


def documents(tables: tuple[Table, ...] = SMALL, side: int = 0) -> Sequence[api.Document]:
    codes, scales, _ = SAMPLES[tables][side]
    folder = f"memory{side}"
    sources = (MemorySource("model.tbc", codes, folder), MemorySource("model.tbs", scales, folder))
    return TableFormat().parse(api.Group(folder, sources, ()))


class TestPlugin(PluginContract):
    module = "arbvis_rehearsal"

    @pytest.fixture(autouse=True)
    def _found(self, registry: object) -> None:
        """Let another process find the module."""


class TestFormat(FormatContract):
    format = TableFormat()
    sample_name = "model.tbc"

    def expected(self) -> Mapping[str, Any]:
        values = SAMPLES[SMALL][0][2]
        return {"t": values["t"], "u": values["u"][[2, 0, 1]]}  # as they are stored


class TestEnricher(EnricherContract):
    enricher = RoleSidecar()
    makers = (TableFormat(),)

    def document(self) -> api.Document:
        return documents()[0]

    def siblings(self) -> Sequence[MemorySource]:
        return [MemorySource("rehearsal.json", b'{"t": "weight", "x": 1}', "memory0")]


class TestDiffBuilder(DiffBuilderContract):
    builder = TableDifference()
    makers = (TableFormat(),)

    def sides(self) -> Sequence[Sequence[api.Document]]:
        return [documents(side=side) for side in range(2)]


class TestDerivation(DerivationContract):
    derivation = SegmentEnergy()
    makers = (TableFormat(),)

    def request(self) -> api.Request:
        options = {RehearsalOptions: RehearsalOptions(rehearsal_energy=True)}
        return api.Request(("input",), options=options)

    def documents(self) -> Sequence[api.Document]:
        return documents()


class TestLayout(LayoutContract):
    layout = ShelfLayout()

    def documents(self) -> Sequence[api.Document]:
        return documents(LARGE)


class TestRenderer(RendererContract):
    renderer = TableRenderer()
    makers = (TableFormat(),)

    def scene(self) -> api.Scene:
        (scene,) = ShelfLayout().arrange(api.Request(("input",)), documents(LARGE))
        return scene

    def expected(self, plan: api.ScenePlan, key: api.TileKey) -> Any:
        values = SAMPLES[LARGE][0][2]
        return dict(tiles(picture([(0, 0, values["t"]), (73, 0, values["u"])])))[tuple(key)]


class TestOptions(OptionsContract):
    group = RehearsalOptions
    flags = frozenset(
        ("--rehearsal-grey", "--no-rehearsal-grey", "--rehearsal-energy", "--no-rehearsal-energy")
    )


class TestCommand(CommandContract):
    command = STATS


class Served:
    """A server for the tests of one suite."""

    content = np.random.default_rng(0).bytes(1000)

    @pytest.fixture(autouse=True)
    def _serve(self, tmp_path: Path) -> Iterator[None]:
        (tmp_path / "a.bin").write_bytes(self.content)
        (tmp_path / "b.bin").write_bytes(b"")
        with RangeServer(tmp_path) as self.server:
            yield


class TestSource(Served, SourceContract):
    def source(self, folder: Path) -> api.Source:
        return CountingProvider().open(f"{self.server.url}{folder.joinpath('a.bin').name}")[0]

    def change(self, source: api.Source) -> None:
        assert source.name == "a.bin"
        self.server.version += 1


class TestProvider(Served, SourceProviderContract):
    provider = CountingProvider()
    contents = (Served.content, b"")
    strangers = ("-", "http://127.0.0.1/", "hf://user/repo")
    missing = "count+http://127.0.0.1:1/nothing"

    def spec(self, folder: Path) -> str:
        assert folder.is_dir()
        return self.server.url

"""Models in several files, named by a folder, an index, a part or a shard."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from arbvis_core import api
from arbvis_core.api import Document, FormatError, Group, Profile, Request
from arbvis_core.registry.probe import SourceProbe
from arbvis_core.testing import MemorySource
from modelweightvis.formats import (
    GgufFormatPlugin,
    PickleFormatPlugin,
    SafetensorsFormatPlugin,
)
from modelweightvis.formats.tensors import is_tensor

torch = pytest.importorskip("torch")

STRICT = Profile("modelweightvis", layout="hilbert", strict=True)
INDEX = "model.safetensors.index.json"


def shards(count: int = 3, variant: str = "") -> dict[str, bytes]:
    """Return shards of a model, one tensor each, and their index."""
    names = [f"model{variant}-{n:05}-of-{count:05}.safetensors" for n in range(1, count + 1)]
    files = {name: save({f"t{n}": np.full(2, n, "f4")}) for n, name in enumerate(names)}
    table = {f"t{n}": name for n, name in enumerate(names)}
    return files | {
        f"model.safetensors.index{variant}.json": json.dumps({"weight_map": table}).encode()
    }


def part(number: int, count: int = 3) -> tuple[str, bytes]:
    """Return a part of a GGUF model, of one tensor."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    facts = [
        text("split.no") + struct.pack("<IH", 2, number - 1),
        text("split.count") + struct.pack("<IH", 2, count),
    ]
    entry = text(f"blk.{number}.attn_q.weight") + struct.pack("<IQIQ", 1, 8, 0, 0)
    head = struct.pack("<4sIQQ", b"GGUF", 3, 1, len(facts)) + b"".join(facts) + entry
    name = f"m-Q8_0-{number:05}-of-{count:05}.gguf"
    return name, head + bytes(-len(head) % 32) + bytes(32)


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def opened(path: Path, profile: Profile = STRICT) -> Document:
    """Return the one document of a path, as a run sees it."""
    ((document,), _) = api.documents(Request((str(path),), profile=profile))
    return document


def tensors(document: Document) -> list[str]:
    return [one.name for one in document.regions if is_tensor(one)]


@pytest.mark.parametrize("name", ["", INDEX])
def test_a_folder_and_an_index_name_the_whole_model(name: str, tmp_path: Path) -> None:
    document = opened(written(tmp_path, shards()) / name)
    assert document.name == "model.safetensors"
    assert tensors(document) == ["t0", "t1", "t2"]
    assert document.warnings == ()
    assert "missing" not in document.metadata
    last = document.regions[-1]
    assert api.values(document, last, ((0, 2),)).tolist() == [2, 2]


def test_an_index_of_a_variant(tmp_path: Path) -> None:
    files = shards() | shards(2, ".fp16")
    document = opened(written(tmp_path, files) / "model.safetensors.index.fp16.json")
    assert (document.name, len(document.sources)) == ("model.fp16.safetensors", 2)
    documents, _ = api.documents(Request((str(tmp_path),), profile=STRICT))
    assert [one.name for one in documents] == ["model.safetensors", "model.fp16.safetensors"]


def test_a_shard_is_shown_alone_and_says_what_lies_beside_it(tmp_path: Path) -> None:
    files = shards()
    document = opened(written(tmp_path, files) / "model-00002-of-00003.safetensors")
    assert tensors(document) == ["t1"]
    assert document.metadata["missing"]["tensors"] == ("t0", "t2")
    (warning,) = document.warnings
    assert warning == (
        "model.safetensors: 2 of 3 files lie beside what is shown "
        "('model-00001-of-00003.safetensors', 'model-00003-of-00003.safetensors'); "
        f"name {INDEX} to see all"
    )
    (tmp_path / "model-00003-of-00003.safetensors").unlink()
    first, second = opened(tmp_path / "model-00002-of-00003.safetensors").warnings
    assert "1 of 3 files lie beside what is shown" in first
    assert "1 of 3 files are not here ('model-00003-of-00003.safetensors')" in second
    (tmp_path / INDEX).unlink()
    warnings = opened(tmp_path / "model-00002-of-00003.safetensors").warnings
    assert "name their folder to see all" in warnings[0]


def test_the_first_part_of_a_gguf_names_the_others_too(tmp_path: Path) -> None:
    written(tmp_path, dict(part(number) for number in (1, 2, 3)))
    document = opened(tmp_path / part(1)[0])
    assert document.name == "m-Q8_0.gguf"
    assert tensors(document) == [f"blk.{number}.attn_q.weight" for number in (1, 2, 3)]
    assert document.warnings == ()
    second = opened(tmp_path / part(2)[0])
    assert tensors(second) == ["blk.2.attn_q.weight"]
    assert f"name {part(1)[0]} to see all" in second.warnings[0]


def test_the_byte_picture_shows_what_was_named_and_nothing_beside_it(tmp_path: Path) -> None:
    written(tmp_path, dict(part(number) for number in (1, 2, 3)) | shards())
    lenient = Profile("arbvis", layout="hilbert")
    for name in (part(1)[0], INDEX, "model-00001-of-00003.safetensors"):
        (scene,) = api.plan(Request((str(tmp_path / name),), profile=lenient)).scenes
        assert [one.name for one in scene.placements] == [name]
    (scene,) = api.plan(Request((str(tmp_path / INDEX),), profile=STRICT)).scenes
    assert len(scene.placements) == 3


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (shards()[INDEX], f"none of the files that {INDEX} lists is here"),
        (b"[]", f"{INDEX} is not an index"),
        (b"", f"{INDEX} is not JSON"),
    ],
)
def test_an_index_without_its_files_is_refused(content: bytes, sentence: str) -> None:
    index = MemorySource(INDEX, content)
    with pytest.raises(FormatError, match=sentence) as raised:
        SafetensorsFormatPlugin().parse(Group("memory", (index,), ()))
    assert raised.value.source == index.key
    alone = MemorySource(
        "model-00001-of-00003.safetensors", shards()["model-00001-of-00003.safetensors"]
    )
    (document,) = SafetensorsFormatPlugin().parse(Group("memory", (index, alone), ()))
    assert tensors(document) == ["t0"]


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        (INDEX, "safetensors"),
        ("model.safetensors.index.fp16.json", "safetensors"),
        ("pytorch_model.bin.index.json", "pytorch"),
        ("config.json", None),
        ("index.json", None),
        ("model.index.json", None),
    ],
)
def test_indexes_are_known_by_their_names(name: str, owner: str | None) -> None:
    probe = SourceProbe(MemorySource(name, b"{}"))
    formats = (SafetensorsFormatPlugin(), PickleFormatPlugin(), GgufFormatPlugin())
    assert [one.name for one in formats if one.matches(probe)] == ([owner] if owner else [])


def test_slices_for_several_processors_are_shown_one_by_one(tmp_path: Path) -> None:
    for number in (0, 1):
        torch.save({"wq.weight": torch.zeros(2, 4)}, tmp_path / f"consolidated.0{number}.pth")
    documents, _ = api.documents(Request((str(tmp_path),), profile=STRICT))
    assert [one.name for one in documents] == ["consolidated.00.pth", "consolidated.01.pth"]
    documents.append(opened(tmp_path / "consolidated.00.pth"))
    for one in documents:
        assert one.warnings[0].startswith(f"{one.name} is one of 2 slices of a model")

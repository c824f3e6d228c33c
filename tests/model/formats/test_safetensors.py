"""The safetensors library as the judge of files."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import safetensors
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import save

from arbvis_core.api import Document, FormatError, Group
from arbvis_core.testing import MemorySource, region_values
from arbvis_core.testing.documents import decoders_with
from modelweightvis.formats import SafetensorsFormatPlugin, safetensors_header
from modelweightvis.formats.tensors import is_tensor

FORMAT = SafetensorsFormatPlugin()
DECODERS = decoders_with(FORMAT)
ARRAYS: dict[str, NDArray[Any]] = {
    "model.layers.0.weight": np.linspace(-1, 1, 24, dtype=np.float32).reshape(4, 6),
    "bias": np.arange(5, dtype=np.float16),
    "ids": np.arange(-3, 3, dtype=np.int64).reshape(2, 3, 1),
    "scalar": np.array(2.5),
    "nothing": np.zeros((0, 3), np.uint8),
}
ONE = '"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'


def deserialize(content: bytes) -> dict[str, Any]:
    return dict(safetensors.deserialize(content))  # type: ignore[no-untyped-call]


def raw(header: str | bytes, data: bytes = b"") -> bytes:
    text = header.encode() if isinstance(header, str) else header
    return struct.pack("<Q", len(text)) + text + data


def parse(files: Mapping[str, bytes]) -> Sequence[Document]:
    sources = [MemorySource(name, content) for name, content in files.items()]
    claimed = tuple(one for one in sources if one.name.endswith(".safetensors"))
    return FORMAT.parse(Group("memory", claimed, tuple(set(sources) - set(claimed))))


def parsed(content: bytes) -> Document:
    (document,) = parse({"a.safetensors": content})
    return document


def tensors(document: Document) -> list[str]:
    return [region.name for region in document.regions if is_tensor(region)]


# What the library takes and what it does not.

NUMBERS = st.sampled_from(["0", "1", "2", "3", "4", "8", "1.0", "-1", "-0", "true", "null"])
DTYPES = st.sampled_from(["F32", "F16", "BOOL", "F4", "F6_E2M3", "F8_E8M0", "C64", "f32", ""])
SIZES = st.lists(st.sampled_from(["0", "1", "2", "4", "9999999999", "18446744073709551616"]) | NUMBERS, max_size=3)  # fmt: skip
EXTRA = st.sampled_from(
    [
        "1.5",
        "[[{}]]",
        '"\\ud83d\\ude00"',
        '"\\ud800"',
        "NaN",
        "1e999",
        "[" * 125 + "]" * 125,
        "[" * 126 + "]" * 126,
        "00",
        '"\t"',
        "{}",
    ]
)
FIELD = st.one_of(
    DTYPES.map('"dtype":"{}"'.format),
    SIZES.map(lambda sizes: f'"shape":[{",".join(sizes)}]'),
    SIZES.map(lambda sizes: f'"data_offsets":[{",".join(sizes)}]'),
    EXTRA.map('"x":{}'.format),
)
METADATA = st.sampled_from(["{}", "null", '{"a":"b"}', '{"a":1}', "[]", '"x"', '{"a":null}'])


@st.composite
def headers(draw: st.DrawFn) -> bytes:
    """Draw a header that is valid, or nearly so."""
    pieces, position = [], draw(st.sampled_from([0, 0, 0, 0, 4]))
    for name in draw(st.lists(st.sampled_from(["a", "b", "", "\\u0000", "ü"]), unique=True)):
        dtype, width = draw(st.sampled_from([("F32", 4), ("BF16", 2), ("F8_E4M3", 1)]))
        shape = draw(st.lists(st.integers(0, 3), max_size=3))
        stop = position + width * int(np.prod(shape))
        fields = [f'"dtype":"{dtype}"', f'"shape":{shape}', f'"data_offsets":[{position}, {stop}]']
        if draw(st.integers(0, 4)) == 0:
            changed = draw(FIELD)
            kept = [one for one in fields if one.split(":")[0] != changed.split(":")[0]]
            fields = [*kept, changed][draw(st.integers(0, 6)) == 6 :]
        pieces.append(f'"{name}":{{{",".join(draw(st.permutations(fields)))}}}')
        position = stop
    if draw(st.booleans()):
        pieces.append(f'"__metadata__":{draw(METADATA)}')
    text = "{" + ",".join(draw(st.permutations(pieces))) + "}" + draw(st.sampled_from(["", "  "]))
    return raw(text, bytes(range(position % 256)))


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """Draw a file with some bytes replaced, removed or put in."""
    content = bytearray(draw(headers()))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, max(len(content) - 1, 0)))
        new = draw(st.sampled_from([b"", b"0", b"9", b'"', b"{", b",", b"\0", b"\xff", b" ", b"x"]))
        content[place : place + draw(st.integers(0, 1))] = new
    return bytes(content)


@settings(max_examples=200, deadline=None)
@given(headers() | mutations())
def test_files_are_taken_and_refused_as_the_library_does(content: bytes) -> None:
    try:
        theirs = deserialize(content)
        refused = ""
    except safetensors.SafetensorError as error:
        refused = str(error)
    try:
        document = parsed(content)
    except FormatError as error:
        sentence = str(error)
        stricter = "has no elements and an impossible shape" in sentence
        assert refused or stricter, sentence
        return
    unknown = [region for region in document.regions if region.encoding == "unknown"]
    if refused:
        assert unknown, f"taken, though the library says: {refused}"
        assert "unknown variant" in refused
        return
    found = {one.name: one for one in document.regions if is_tensor(one)}
    assert found.keys() == {name or "(no name)" for name in theirs}
    for name, tensor in theirs.items():
        region = found[name or "(no name)"]
        assert region.shape == tuple(tensor["shape"])
        assert region.attributes["dtype"] == tensor["dtype"]
        (part,) = region.parts
        assert content[part.start : part.stop] == tensor["data"]


ENTRY = '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
AXES = ",".join(["1"] * 65)


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (f'{{"a":{ENTRY},"a":{ENTRY}}}', "'a' is said twice"),
        (f'{{"__metadata__":{{"x":"1","x":"2"}},{ONE}}}', "'x' is said twice"),
        ('{"a":["F32",[1],[0,4]]}', "tensor 'a' has no dtype, shape and data_offsets"),
        (ONE.join("{}").replace('"F32"', '{"F32":null}'), "has an impossible dtype"),
        (ONE.join("{}").replace("[1]", f"[{AXES}]"), "tensor 'a' has 65 axes, 64 is most"),
        (
            ONE.join("{}").replace("[1]", f"[0,{2**60}]").replace("[0,4]", "[0,0]"),
            "'a' at byte .* has no elements and an impossible shape",
        ),
    ],
)
def test_what_only_the_library_takes(header: str, sentence: str) -> None:
    content = raw(header, b"\0" * (0 if "[0,0]" in header else 4))
    assert deserialize(content)
    with pytest.raises(FormatError, match=sentence):
        parsed(content)


@pytest.mark.parametrize(("dtype", "size"), [("U4", 5), ("C128", 16), ("Q4_K", 144)])
def test_a_dtype_that_nobody_knows_degrades_its_tensor_only(dtype: str, size: int) -> None:
    entry = f'"odd":{{"dtype":"{dtype}","shape":[1],"data_offsets":[4,{4 + size}]}}'
    document = parsed(raw(f"{{{ONE},{entry}}}", struct.pack("<f", 1.5) + bytes(size)))
    good, odd = document.regions[1:]
    assert region_values(good, document.sources, DECODERS).tolist() == [1.5]
    assert (odd.encoding, odd.attributes["dtype"], odd.shape) == ("unknown", dtype, (1,))
    assert odd.parts[0].stop - odd.parts[0].start == size
    assert document.warnings == (
        f"a.safetensors: nobody here can decode '{dtype}', so 'odd' will be drawn hatched",
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "ends within its first 8 bytes"),
        (struct.pack("<Q", 2**64 - 1) + b"{}", "18446744073709551615 bytes, and 100000000 is most"),
        (struct.pack("<Q", 100_000_000) + b"{}", "ends at byte 10, within its header"),
        (raw("{" + ONE + "}", b"123"), "its tensors end at byte 66; it was cut short"),
        (raw("{" + ONE + "}", b"12345"), "its tensors end at byte 66; something was added to it"),
        (raw("{" + ONE.replace("[1]", "[2]") + "}", b"1234"), r"shape \[2\] takes 8"),
        (raw("{" + ONE.replace("[0,4]", "[1,5]") + "}", b"12345"), "byte 63 does not begin where"),
        (
            raw("{" + ONE.replace("F32", "X").replace("[1]", "[65]") + "}", b"1234"),
            "65 elements in 4",
        ),
        (raw("{" + ONE.replace("[1]", "[1,1e0]") + "}", b"1234"), "an impossible dtype, shape"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git lfs pull"),
        (raw("[" * 100_000), "nested too deeply"),
        (raw(b'{"\xff"'), "not UTF-8 at its byte 2"),
    ],
)
def test_damage_is_told_with_its_place(content: bytes, sentence: str) -> None:
    with pytest.raises(FormatError, match=sentence) as raised:
        parsed(content)
    assert str(raised.value).startswith("a.safetensors")
    assert raised.value.source == "memory/a.safetensors"
    assert "\n" not in str(raised.value)


def test_more_tensors_than_any_model_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safetensors_header, "MOST", 3)
    with pytest.raises(FormatError, match="5 tensors, 3 is most"):
        parsed(save(ARRAYS))


def sharded(count: int = 3, stem: str = "model", end: str = "") -> dict[str, bytes]:
    shards = {f"{stem}-{n:05}-of-{count:05}{end}.safetensors": n for n in range(1, count + 1)}
    files = {name: save({f"layer.{n}": np.full(2, n, "f4")}) for name, n in shards.items()}
    table = {f"layer.{n}": name for name, n in shards.items()}
    files[f"{stem}.safetensors.index{end}.json"] = json.dumps({"weight_map": table}).encode()
    return files


def test_shards_with_an_index_are_one_document() -> None:
    files = sharded()
    (document,) = parse(files)
    assert document.name == "model.safetensors"
    assert tensors(document) == ["layer.1", "layer.2", "layer.3"]
    values = [region_values(one, document.sources, DECODERS)[0] for one in document.regions[1::2]]
    assert values == [1, 2, 3]
    assert document.warnings == ()
    assert "missing" not in document.metadata


@pytest.mark.parametrize("indexed", [True, False])
def test_shards_that_are_missing_are_named(indexed: bool) -> None:
    files = sharded()
    gone = "model-00002-of-00003.safetensors"
    del files[gone]
    if not indexed:
        del files["model.safetensors.index.json"]
    (document,) = parse(files)
    assert tensors(document) == ["layer.1", "layer.3"]
    lost = ("layer.2",) if indexed else ()
    assert document.metadata["missing"] == {"files": (gone,), "tensors": lost}
    (warning,) = document.warnings
    assert f"1 of 3 files are not here ('{gone}')" in warning


def test_variants_are_models_of_their_own() -> None:
    files = sharded() | sharded(2, "model.fp16") | {"adapter.safetensors": save({})}
    assert [(one.name, tensors(one)) for one in parse(files)] == [
        ("model.safetensors", ["layer.1", "layer.2", "layer.3"]),
        ("model.fp16.safetensors", ["layer.1", "layer.2"]),
        ("adapter.safetensors", []),
    ]


def test_shards_with_the_variant_behind_the_number_go_together() -> None:
    files = {name: data for name, data in sharded(2, end=".fp16").items() if "index" not in name}
    (document,) = parse(files)
    assert (document.name, len(tensors(document))) == ("model.fp16.safetensors", 2)


def test_an_index_and_files_that_disagree_are_told() -> None:
    files = sharded()
    table = {
        "layer.1": "model-00001-of-00003.safetensors",
        "layer.2": "model-00003-of-00003.safetensors",
        "layer.9": "model-00002-of-00003.safetensors",
    }
    files["model.safetensors.index.json"] = json.dumps({"weight_map": table}).encode()
    (document,) = parse(files)
    assert document.warnings == (
        "model.safetensors: 'layer.9' are in the index and in no file",
        "model.safetensors: 'layer.3' are not in the index",
        "model.safetensors: 'layer.2' are not in the file that the index says",
    )


def test_a_tensor_in_two_files_is_shown_from_the_one_that_the_index_says() -> None:
    files = sharded(2)
    for n, name in enumerate(list(files)[:2]):
        files[name] = save({"layer.1": np.full(2, n, "f4")})
    table = {"layer.1": "model-00002-of-00002.safetensors"}
    files["model.safetensors.index.json"] = json.dumps({"weight_map": table}).encode()
    (document,) = parse(files)
    (region,) = (one for one in document.regions if is_tensor(one))
    assert region_values(region, document.sources, DECODERS).tolist() == [1, 1]
    assert "more than one file has 'layer.1'" in document.warnings[0]


@pytest.mark.parametrize("index", [b"", b"[]", b"{", b'{"weight_map":{"a":1}}', b"[" * 10_000])
def test_an_index_that_cannot_be_read_is_a_warning(index: bytes) -> None:
    (document,) = parse(sharded() | {"model.safetensors.index.json": index})
    assert tensors(document) == ["layer.1", "layer.2", "layer.3"]
    (warning,) = document.warnings
    assert warning.startswith("model.safetensors.index.json is ")


def test_a_damaged_shard_is_the_one_that_is_named() -> None:
    files = sharded()
    name = "model-00002-of-00003.safetensors"
    files[name] = files[name][:-1]
    with pytest.raises(FormatError, match="cut short") as raised:
        parse(files)
    assert raised.value.source == f"memory/{name}"


@pytest.mark.parametrize(
    ("name", "claimed"),
    [("x.safetensors", True), ("X.SAFETENSORS", True), ("._x.safetensors", False), ("x", False)],
)
def test_names_come_second(name: str, claimed: bool) -> None:
    from arbvis_core.registry.probe import SourceProbe

    assert FORMAT.matches(SourceProbe(MemorySource(name, b"no tensors"))) is claimed

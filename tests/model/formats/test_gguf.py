"""The gguf package as the judge of files."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Kind
from hypothesis import given, settings
from hypothesis import strategies as st

from arbvis_core.api import Document, FormatError, Group
from arbvis_core.testing import CountingSource, MemorySource, region_values
from arbvis_core.testing.documents import decoders_with
from modelweightvis.formats import GgufFormatPlugin
from modelweightvis.formats.tensors import is_tensor

FORMAT = GgufFormatPlugin()
DECODERS = decoders_with(FORMAT)
VALUES = np.random.default_rng(0).normal(size=(4, 64)).astype(np.float32)
PACKED = gguf.quants.quantize(VALUES, Kind.Q8_0)


def text(value: str | bytes) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(content)) + content


def pair(key: str | bytes, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def entry(name: str | bytes, dims: Iterable[int], kind: int, offset: int) -> bytes:
    dims = list(dims)
    return text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)


def file(
    pairs: Sequence[bytes] = (),
    entries: Sequence[bytes] = (),
    data: bytes = b"",
    *,
    version: int = 3,
    alignment: int = 32,
) -> bytes:
    head = struct.pack("<4sIQQ", b"GGUF", version, len(entries), len(pairs))
    head += b"".join(pairs) + b"".join(entries)
    return head + bytes(-len(head) % alignment if entries else 0) + data


def parse(*sources: tuple[str, bytes]) -> Sequence[Document]:
    return FORMAT.parse(Group("memory", tuple(MemorySource(*one) for one in sources), ()))


def parsed(content: bytes) -> Document:
    (document,) = parse(("a.gguf", content))
    return document


# What the package reads of valid files.

SCALARS = {
    0: ("B", st.integers(0, 255)),
    3: ("h", st.integers(-(2**15), 2**15 - 1)),
    4: ("I", st.integers(0, 2**32 - 1)),
    6: ("f", st.floats(width=32, allow_nan=False, allow_infinity=False)),
    7: ("?", st.booleans()),
    11: ("q", st.integers(-(2**63), 2**63 - 1)),
    12: ("d", st.floats(allow_nan=False, allow_infinity=False)),
}


@st.composite
def facts(draw: st.DrawFn) -> bytes:
    """Draw a value of a fact, its type before it."""
    kind = draw(st.sampled_from([*SCALARS, 8, 9]))
    if kind == 8:
        return struct.pack("<I", 8) + text(draw(st.text(max_size=9)))
    if kind in SCALARS:
        letter, values = SCALARS[kind]
        return struct.pack(f"<I{letter}", kind, draw(values))
    inner = draw(st.sampled_from([*SCALARS, 8]))
    count = draw(st.integers(1, 70))
    if inner == 8:
        items = b"".join(text(f"{number}") for number in range(count))
    else:
        letter, values = SCALARS[inner]
        items = struct.pack(f"<{letter}", draw(values)) * count
    return struct.pack("<IIQ", 9, inner, count) + items


@st.composite
def files(draw: st.DrawFn) -> bytes:
    alignment = draw(st.sampled_from([8, 32, 64, 4096]))
    keys = draw(st.lists(st.text(min_size=1, max_size=5), unique=True, max_size=4))
    pairs = [text(key) + draw(facts()) for key in keys]
    if alignment != 32 or draw(st.booleans()):
        pairs.append(pair("general.alignment", 4, struct.pack("<I", alignment)))
    entries, offset = [], 0
    kinds = [(Kind.F32, 1, 4), (Kind.F16, 1, 2), (Kind.Q4_0, 32, 18), (Kind.Q6_K, 256, 210)]
    for name in draw(st.lists(st.text(max_size=5), unique=True, max_size=3)):
        kind, elements, size = draw(st.sampled_from(kinds))
        rest = draw(st.lists(st.integers(1, 3), max_size=3))
        row = draw(st.integers(1, 2))
        entries.append(entry(name, [row * elements, *rest], kind, offset))
        stored = row * size * int(np.prod(rest, dtype=int))
        offset += -(-stored // alignment) * alignment
    order = draw(st.permutations(entries))
    version = draw(st.sampled_from([2, 3]))
    return file(pairs, order, bytes(offset), version=version, alignment=alignment)


@settings(max_examples=60, deadline=None)
@given(files())
def test_valid_files_say_what_the_package_reads(content: bytes) -> None:
    document = parsed(content)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # it is still mapped
        path = Path(folder, "a.gguf")
        path.write_bytes(content)
        reader = gguf.GGUFReader(path)
        theirs = {
            field.name: field.contents()
            for field in reader.fields.values()
            if not field.name.startswith("GGUF.")
        }
        tensors = [
            (one.name, one.tensor_type.name, one.shape.tolist(), one.data_offset, one.n_bytes)
            for one in reader.tensors
        ]
        del reader
    pairs = document.metadata["pairs"]
    assert pairs.keys() == theirs.keys()
    for key, expected in theirs.items():
        found = pairs[key]
        if isinstance(found, dict):
            assert (found["length"], list(found["first"])) == (len(expected), expected[:3])
        else:
            assert (list(found) if isinstance(found, tuple) else found) == expected
    regions = {one.name: one for one in document.regions if is_tensor(one)}
    assert len(regions) == len(tensors)
    for name, kind, dims, start, size in tensors:
        region = regions[name or "(no name)"]
        assert region.attributes["dtype"] == kind
        assert region.shape == tuple(dims[::-1])
        assert (region.parts[0].start, region.parts[0].stop) == (start, start + size)


def test_a_vocabulary_is_passed_over() -> None:
    tokens = [f"token {number}" for number in range(50_000)]
    strings = struct.pack("<IQ", 8, len(tokens)) + b"".join(map(text, tokens))
    content = file(
        [pair("tokens", 9, strings)], [entry("a", [4], 0, 0)], struct.pack("<4f", 1, 2, 3, 4)
    )
    source = CountingSource(MemorySource("a.gguf", content + bytes(64 << 20)))
    (document,) = FORMAT.parse(Group("memory", (source,), ()))
    assert document.metadata["pairs"]["tokens"] == {
        "type": "string",
        "length": 50_000,
        "first": ("token 0", "token 1", "token 2"),
    }
    values = region_values(document.regions[1], document.sources, DECODERS)
    assert values.tolist() == [1, 2, 3, 4]
    assert source.bytes_read < 4 * len(strings) + (1 << 20)


def test_nested_and_long_arrays_are_summarised() -> None:
    inner = struct.pack("<IQ2i", 5, 2, 7, -8)
    numbers = struct.pack("<IQ", 4, 5000) + struct.pack("<5000I", *range(5000))
    document = parsed(
        file([pair("a", 9, struct.pack("<IQ", 9, 4) + inner * 4), pair("b", 9, numbers)])
    )
    assert document.metadata["pairs"] == {
        "a": {"type": "array", "length": 4, "first": ((7, -8),) * 3},
        "b": {"type": "uint32", "length": 5000, "first": (0, 1, 2)},
    }


@pytest.mark.parametrize(("kind", "dtype"), [(99, "GGML type 99"), (31, "Q4_0_4_4")])
def test_a_type_that_nobody_knows_degrades_its_tensor_only(kind: int, dtype: str) -> None:
    entries = [
        entry("a", [2], 0, 0),
        entry("odd", [32, 3], kind, 32),
        entry("z", [1], 0, 32 + 64),
    ]
    data = struct.pack("<2f24x", 1, 2) + bytes(64) + struct.pack("<f", 3)
    document = parsed(file([], entries, data))
    a, odd, z = document.regions[1:]
    assert region_values(a, document.sources, DECODERS).tolist() == [1, 2]
    assert region_values(z, document.sources, DECODERS).tolist() == [3]
    assert (odd.encoding, odd.shape, odd.attributes["dtype"]) == ("unknown", (3, 32), dtype)
    assert odd.parts[0].stop <= z.parts[0].start
    (warning,) = document.warnings
    assert f"nobody here can decode '{dtype}', so 'odd' will be drawn hatched" in warning


U32 = struct.Struct("<I").pack
ONE = entry("a", [4], 0, 0)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "ends at byte 0, within its header"),
        (b"GGUX" + bytes(20), "does not begin with GGUF"),
        (file(version=1), "is GGUF version 1; versions 2 and 3 can be read"),
        (file(version=4), "is GGUF version 4"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "big-endian"),
        (struct.pack("<4sIQQ", b"GGUF", 3, 2**63, 0), "9223372036854775808 tensors and 0 facts"),
        (file([pair("a", 4, U32(1))] * 2), "says 'a' a second time at byte 41"),
        (file([pair("a", 13, U32(1))]), "a fact of type 13"),
        (file([pair(b"\xff", 4, U32(1))]), "name of a fact at byte 24 is not UTF-8"),
        (file([], [entry(b"\xff", [4], 0, 0)], bytes(16)), "name of a tensor at byte 24 is not"),
        (file([], [ONE, ONE], bytes(16)), "two tensors of one name"),
        (file([], [ONE, entry("b", [4], 0, 12)], bytes(28)), "'b' at byte 108 overlaps the one"),
        (file([], [ONE], bytes(15)), "'a' at byte 64 ends at byte 80, but the file at byte 79"),
        (file([], [entry("a", [4], 99, 2**63)], bytes(16)), "it was cut short"),
        (file([], [entry("a", [31], 2, 0)], bytes(99)), "rows of 31 elements, and blocks of Q4_0"),
        (file([], [entry("a", [2**63, 2**63], 0, 0)], bytes(99)), "it was cut short"),
        (file([], [entry("a", [0, 2**63], 0, 0)], bytes(9)), "no elements and an impossible shape"),
        (file([], [entry("a", [1] * 65, 0, 0)], bytes(99)), "65 axes, and 64 is most"),
        (file([], [entry("a", [2**40], 99, 0)], bytes(16)), "1099511627776 elements in 16 bytes"),
        (file([pair("general.alignment", 4, U32(0))]), "aligned to 0 bytes"),
        (file([pair("general.alignment", 4, U32(24))]), "aligned to 24 bytes"),
        (file([pair("general.alignment", 8, text("32"))]), "aligned to 32 bytes"),
        (file([pair("a", 8, struct.pack("<Q", 2**64 - 1))]), "within its header"),
        (file([pair("a", 9, struct.pack("<IQ", 12, 2**61))]), "within its header"),
        (file([pair("a", 9, struct.pack("<IQ", 8, 2**63))]), "within its header"),
        (file([pair("a", 9, struct.pack("<IQ", 9, 1) * 99)]), "a fact of type 9"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    ],
)
def test_damage_is_told_with_its_place(content: bytes, sentence: str) -> None:
    with pytest.raises(FormatError, match=sentence) as raised:
        parsed(content)
    assert str(raised.value).startswith("a.gguf")
    assert raised.value.source == "memory/a.gguf"


def test_what_is_not_finite_is_plain_data() -> None:
    value = struct.pack("<d", float("nan"))
    assert parsed(file([pair("a", 12, value)])).metadata["pairs"] == {"a": "nan"}


def split(number: int, count: int = 3, claims: int = 3) -> tuple[str, bytes]:
    pairs = [
        pair("split.no", 2, struct.pack("<H", number)),
        pair("split.count", 2, struct.pack("<H", claims)),
    ]
    data = struct.pack("<f", number)
    name = f"m-Q4_K_M-{number + 1:05}-of-{count:05}.gguf"
    return name, file(pairs, [entry(f"t{number}", [1], 0, 0)], data)


def test_split_files_are_one_document() -> None:
    other = ("mmproj.gguf", file())
    joined, alone = parse(split(2), split(0), split(1), other)
    assert joined.name == "m-Q4_K_M.gguf"
    assert [one.name for one in joined.regions if is_tensor(one)] == ["t0", "t1", "t2"]
    assert joined.warnings == ()
    assert alone.name == "mmproj.gguf"


def test_a_part_that_is_missing_is_named() -> None:
    (document,) = parse(split(0), split(2))
    assert document.metadata["missing"]["files"] == ("m-Q4_K_M-00002-of-00003.gguf",)
    (warning,) = document.warnings
    assert "1 of 3 files are not here" in warning


def test_parts_whose_names_and_numbers_disagree_are_told() -> None:
    (document,) = parse(("renamed.gguf", split(1)[1]))
    (warning,) = document.warnings
    assert "says that it is part 2 of 3, and 1 go by its name" in warning

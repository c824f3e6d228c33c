"""Pickles written by hand, and pickles that mean harm; none of it needs torch."""

from __future__ import annotations

import io
import pickle
import struct
import sys
import zipfile
from pathlib import Path

import pytest
from pickles import FORMAT, archive, parsed, text, values

from arbvis_core.api import FormatError
from arbvis_core.registry.probe import SourceProbe
from arbvis_core.testing import MemorySource
from modelweightvis.formats import pickle_machine


def harmful(folder: str) -> dict[str, bytes]:
    """Return programs that make a folder when they are run, one per way of calling."""
    made, name = text(folder), b"cos\nmkdir\n"
    by_stack = text("os") + text("mkdir") + b"\x93"
    command = text(f"__import__('os').mkdir({folder!r})")
    return {
        "REDUCE": name + b"(" + made + b"tR.",
        "STACK_GLOBAL": b"\x80\x04" + by_stack + made + b"\x85R.",
        "INST": b"(" + made + b"ios\nmkdir\n.",
        "OBJ": b"(" + name + made + b"o.",
        "eval": b"cbuiltins\neval\n(" + command + b"tR.",
        "exec": b"\x80\x04" + text("builtins") + text("exec") + b"\x93" + command + b"\x85R0N.",
        "NEWOBJ": b"\x80\x02cfunctools\npartial\n" + name + b"\x85\x81" + made + b"\x85R.",
        "NEWOBJ_EX": b"\x80\x04cfunctools\npartial\n" + name + b"\x85}\x92" + made + b"\x85R.",
        "BUILD": (
            b"\x80\x02cfunctools\npartial\ncbuiltins\nlen\n\x85\x81("
            + name + made + b"\x85}Ntb)R."
        ),
        "in a dictionary": b"}" + text("x") + name + made + b"\x85Rs.",
        "in a class": b"ctypes\nSimpleNamespace\n)R}" + text("x") + name + made + b"\x85Rsb.",
    }  # fmt: skip


@pytest.mark.parametrize("way", harmful(""))
def test_nothing_is_called(way: str, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    program = harmful(str(folder))[way]
    pickle.loads(program)
    assert folder.is_dir()
    folder.rmdir()
    document = parsed(archive(program))
    assert not folder.exists()
    assert "is passed over" in document.warnings[0]


def test_nothing_is_imported() -> None:
    assert "antigravity" not in sys.modules
    parsed(archive(b"cantigravity\nfly\n)R."))
    assert "antigravity" not in sys.modules


TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n"
STORAGE = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu")


def tensor(offset: bytes = b"K\0", shape: bytes = b"K\x02\x85", strides: bytes = b"K\x01\x85", count: bytes = b"K\x02") -> bytes:  # fmt: skip
    """Write a program that makes a tensor of two elements, unless it is told otherwise."""
    return (
        b"\x80\x02" + TENSOR + b"(" + STORAGE + count + b"tQ" + offset + shape + strides
        + b"\x89ccollections\nOrderedDict\n)RtR}" + text("x") + b"2s."
    )  # fmt: skip


def held(program: bytes) -> bytes:
    return b"\x80\x02}" + text("x") + program.removeprefix(b"\x80\x02")[: -len(b"}" + text("x") + b"2s.")] + b"s."  # fmt: skip


DATA = struct.pack("<2f", 1, 2)
HUGE = b"\x8a\x08" + struct.pack("<q", 2**62)


def test_a_program_by_hand_is_read() -> None:
    document = parsed(archive(held(tensor()), **{"data/0": DATA}))
    assert values(document)["x"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        (held(tensor(offset=b"K\x01")), "reaches to byte"),
        (held(tensor(shape=b"K\x03\x85")), "reaches to byte"),
        (held(tensor(shape=HUGE + b"\x85")), "reaches to byte"),
        (held(tensor(shape=HUGE + b"\x85", strides=b"K\0\x85")), "shows 1 elements"),
        (held(tensor(strides=HUGE + b"\x85")), "reaches to byte"),
        (held(tensor(shape=HUGE + b"K\0\x86", strides=b"K\0K\0\x86")), "an impossible shape"),
        (held(tensor(offset=b"J\xff\xff\xff\xff")), "not described as torch does"),
        (held(tensor(shape=b"K\x02K\x02\x86")), "not described as torch does"),
        (held(tensor(shape=b"G\0\0\0\0\0\0\0\0\x85")), "not described as torch does"),
        (held(tensor(count=b"N")), "not described as torch does"),
        (b"", "at byte 46 is not"),
        (b"\x80\x02", "not valid"),
        (b"0.", "not valid at its byte 0"),
        (b"t.", "not valid at its byte 0"),
        (b"h\0.", "not valid at its byte 0"),
        (b"K\x01K\x02s.", "not valid"),
        (b"NNR.", "not valid"),
        (b"\xff.", "not valid"),
        (b"X\xff\xff\xff\xff.", "not valid"),
        (b"\x8d" + b"\xff" * 7 + b"\x7fabc.", "not valid"),
    ],
)
def test_damage_is_told(program: bytes, sentence: str) -> None:
    with pytest.raises(FormatError, match=sentence) as raised:
        parsed(archive(program, **{"data/0": DATA}))
    assert str(raised.value).startswith("a.pth")
    assert raised.value.source == "memory/a.pth"
    assert "\n" not in str(raised.value)


def test_a_program_that_does_not_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_machine, "LONGEST", 1000)
    with pytest.raises(FormatError, match="longer than 1000 instructions"):
        parsed(archive(b"]" * 2000 + b"."))


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x02]q\0h\0a.",
        b"\x80\x02}q\0" + text("x") + b"h\0s.",
        b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
        b"\x80\x02]" + b"q\0(h\0h\0l" * 1000 + b".",
        b"\x80\x02" + b"(" * 100_000 + b"1" * 99_999 + b"N.",
        b"\x82\x01.",
        b"Pstorage\n.",
        b"\x80\x05\x97\x98.",
        b"(NNd.",
        b"\x80\x04\x8f(K\x01\x90.",
        b"\x80\x04(K\x01\x91.",
        b"}]]s.",
    ],
)
def test_strange_programs_hold_no_weights(program: bytes) -> None:
    assert "is passed over" in parsed(archive(program)).warnings[0]


def test_archives_that_cannot_be_read_in_parts_are_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("archive/data.pkl", b"\0" * 10_000_000)
    with pytest.raises(FormatError, match="is compressed"):
        parsed(file.getvalue())
    with pytest.raises(FormatError, match="big-endian"):
        parsed(archive(b"N.", byteorder=b"big"))
    with pytest.raises(FormatError, match="has no member 'archive/data/0'"):
        parsed(archive(held(tensor())))
    with pytest.raises(FormatError, match=r"without data\.pkl"):
        parsed(archive(b"").replace(b"data.pkl", b"data.pk_"))


@pytest.mark.parametrize("name", ["firmware.bin", "a.pt", "b.zip"])
def test_other_files_are_left_alone(name: str) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("readme.txt", b"text")
    for content in (b"\x7fELF" + bytes(100), file.getvalue(), b""):
        assert not FORMAT.matches(SourceProbe(MemorySource(name, content)))


def odd(kind: bytes) -> bytes:
    """Write a program that makes a tensor of a kind that is not read."""
    return b"ctorch._utils\n_rebuild_" + kind + b"\n(NtR"


def test_tensors_of_kinds_that_are_not_read_are_named() -> None:
    few = b"}" + text("a") + odd(b"nested_tensor") + b"s."
    document = parsed(archive(few))
    assert document.warnings == (
        "a.pth is passed over: it holds no weights that can be read",
        "a.pth: nothing is shown of tensors of kinds that are not read: 'a' (nested_tensor)",
    )
    many = b"}" + b"".join(text(name) + odd(b"meta") + b"s" for name in "abcde") + b"."
    assert (
        parsed(archive(many))
        .warnings[1]
        .endswith(": 'a' (meta), 'b' (meta), 'c' (meta) and 2 more")
    )
    inside = b"}" + text("optimizer") + b"}" + text("a") + odd(b"meta") + b"ss."
    assert parsed(archive(inside)).warnings == ("a.pth is passed over: it holds no weights",)


def test_a_tensor_of_something_that_is_no_storage_is_named() -> None:
    program = b"}" + text("x") + TENSOR + b"(NK\0))\x89NtRs."
    assert parsed(archive(program)).warnings[1].endswith(": 'x' (Tensor)")

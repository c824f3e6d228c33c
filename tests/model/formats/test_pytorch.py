"""Torch as the judge of values, and pickles that mean harm."""

from __future__ import annotations

import io
import json
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from arbvis_core.api import Document, FormatError, Group
from arbvis_core.registry.probe import SourceProbe
from arbvis_core.testing import MemorySource, region_values
from arbvis_core.testing.documents import decoders_with
from modelweightvis.formats import PickleFormatPlugin, pickle_machine
from modelweightvis.formats.tensors import is_tensor

torch = pytest.importorskip("torch")

FORMAT = PickleFormatPlugin()
DECODERS = decoders_with(FORMAT)


def saved(value: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


BASE = torch.arange(24.0).reshape(4, 6)
STATE = OrderedDict(
    base=BASE,
    transposed=BASE.t(),
    part=BASE[1:3, ::2],
    expanded=torch.tensor([1.5]).expand(3, 4),
    half=torch.linspace(-1, 1, 3).half(),
    brain=torch.linspace(-1, 1, 4).reshape(2, 2).bfloat16(),
    empty=torch.zeros(0, 3),
    scalar=torch.tensor(3),
    parameter=torch.nn.Parameter(torch.tensor([1.0, -2.0])),
    eight=torch.linspace(-1, 1, 4).to(torch.float8_e4m3fn),
    unsigned=torch.arange(3).to(torch.uint16),
    truth=torch.tensor([True, False]),
    tied=BASE,
)
LEGACY = {"_use_new_zipfile_serialization": False}


def parse(files: Mapping[str, bytes]) -> Sequence[Document]:
    sources = [MemorySource(name, content) for name, content in files.items()]
    claimed = tuple(one for one in sources if not one.name.endswith(".json"))
    return FORMAT.parse(Group("memory", claimed, tuple(set(sources) - set(claimed))))


def parsed(content: bytes, name: str = "a.pth") -> Document:
    (document,) = parse({name: content})
    return document


def values(document: Document) -> dict[str, NDArray[np.float32]]:
    return {
        one.name: region_values(one, document.sources, DECODERS)
        for one in document.regions
        if is_tensor(one)
    }


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 4), max_size=4),
    st.data(),
    st.booleans(),
    st.sampled_from([2, 3, 4, 5]),
)
def test_views_of_storages_are_what_torch_shows(
    shape: list[int], data: st.DataObject, legacy: bool, protocol: int
) -> None:
    strides = [data.draw(st.integers(0, 9)) for _ in shape]
    offset = data.draw(st.integers(0, 5))
    view = torch.arange(200, dtype=torch.int16).as_strided(shape, strides, offset)
    options = LEGACY if legacy else {}
    document = parsed(saved({"x": {"y": [view]}}, pickle_protocol=protocol, **options))
    assert values(document)["x.y.0"].tolist() == view.tolist()


def trained() -> tuple[Any, Any]:
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    optimiser = torch.optim.Adam(module.parameters())
    module(torch.randn(4, 2)).sum().backward()
    optimiser.step()
    return module, optimiser


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("wrapped", ["module", "state", "checkpoint"])
def test_weights_are_found_wherever_they_are_kept(wrapped: str, legacy: bool) -> None:
    module, optimiser = trained()
    state = module.state_dict()
    kept = {
        "module": module,
        "state": state,
        "checkpoint": {"epoch": 3, "state_dict": state, "optimizer": optimiser.state_dict()},
    }[wrapped]
    document = parsed(saved(kept, **(LEGACY if legacy else {})))
    found = values(document)
    assert found.keys() == state.keys()
    for name, value in found.items():
        np.testing.assert_array_equal(value, state[name].numpy().astype(np.float32))
    left_out = "a.pth: 12 tensors of its training's state are left out"
    assert document.warnings == ((left_out,) if wrapped == "checkpoint" else ())


def test_tensors_of_one_storage_are_told() -> None:
    regions = {one.name: one for one in parsed(saved(STATE)).regions}
    assert regions["tied"].attributes["same_as"] == "base"
    assert regions["tied"].parts == regions["base"].parts
    assert "same_as" not in regions["transposed"].attributes


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("training_args.bin", saved({"lr": 1})),
        ("optimizer.pt", saved(trained()[1].state_dict())),
        ("other.pt", saved(trained()[1].state_dict())),
        ("rng_state.pth", saved({"cpu": torch.get_rng_state()})),
        ("scheduler.pt", saved({"last_epoch": 3})),
        ("notes.pt", saved("text")),
        ("plain.bin", pickle.dumps({"a": 1})),
    ],
)
def test_what_holds_no_weights_is_passed_over_with_a_note(name: str, content: bytes) -> None:
    assert FORMAT.matches(SourceProbe(MemorySource(name, content)))
    document = parsed(content, name)
    assert not [one for one in document.regions if is_tensor(one)]
    (warning,) = document.warnings
    assert warning.startswith(f"{name} is passed over: ")


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_types_that_cannot_be_decoded_degrade_their_tensor_only() -> None:
    state = {
        "complex": torch.zeros(2, dtype=torch.complex64),
        "quantised": torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.qint8),
        "good": torch.ones(1),
    }
    document = parsed(saved(state))
    told = {one.name: (one.encoding, one.attributes["dtype"]) for one in document.regions[1:]}
    assert told == {
        "complex": ("unknown", "ComplexFloat"),
        "quantised": ("unknown", "QInt8"),
        "good": ("F32", "F32"),
    }
    assert len(document.warnings) == 2


def test_a_storage_of_a_kind_that_nobody_knows() -> None:
    state = {"odd": torch.ones(3).half(), "good": torch.ones(1)}
    old, new = (
        saved(state, **options).replace(b"HalfStorage", b"HalvStorage") for options in (LEGACY, {})
    )
    odd = parsed(new).regions[1]
    assert (odd.encoding, odd.attributes["dtype"], odd.shape) == ("unknown", "Halv", (3,))
    with pytest.raises(FormatError, match="'HalvStorage'"):  # nobody knows where the next begins
        parsed(old)


def test_shards_with_an_index_are_one_document() -> None:
    shards = {f"pytorch_model-{n:05}-of-00002.bin": n for n in (1, 2)}
    files = {name: saved({f"layer.{n}": torch.full((2,), n)}) for name, n in shards.items()}
    table = {f"layer.{n}": name for name, n in shards.items()}
    files["pytorch_model.bin.index.json"] = json.dumps({"weight_map": table}).encode()
    (document,) = parse(files)
    assert (document.name, list(values(document))) == ("pytorch_model.bin", ["layer.1", "layer.2"])
    assert document.warnings == ()


# Pickles that mean harm.


def archive(program: bytes, **extra: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("archive/data.pkl", program)
        for name, content in extra.items():
            made.writestr(f"archive/{name}", content)
    return file.getvalue()


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


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

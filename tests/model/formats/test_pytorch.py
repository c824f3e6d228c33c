"""Torch as the judge of values."""

from __future__ import annotations

import io
import json
import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pickles import FORMAT, parse, parsed, values

from arbvis_core.api import FormatError
from arbvis_core.registry.probe import SourceProbe
from arbvis_core.testing import MemorySource
from modelweightvis.formats.tensors import is_tensor

torch = pytest.importorskip("torch")


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


@pytest.mark.parametrize("options", [{}, LEGACY])
def test_sparse_tensors_are_not_shown_and_named(options: dict[str, Any]) -> None:
    state = {"model": {"weight": BASE}, "extra": [BASE.to_sparse()]}
    document = parsed(saved(state, **options))
    assert list(values(document)) == ["model.weight"]
    assert document.warnings == (
        "a.pth: nothing is shown of tensors of kinds that are not read: 'extra.0' (sparse_tensor)",
    )


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

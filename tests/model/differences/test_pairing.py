"""Tensors are paired by what they are, however they are named, fused or split."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from arbvis_core.api import Document, Part, Region, values
from arbvis_core.testing import MemorySource
from modelweightvis.differences.pairing import Pairing, pair
from modelweightvis.names import parse_names
from modelweightvis.tensors import Tensor

Arrays = Mapping[str, np.ndarray]
RANDOM = np.random.default_rng(5)


def _random(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def _stored(arrays: Arrays, key: str) -> tuple[list[Tensor], Document]:
    regions, blob = [], b""
    for name, array in arrays.items():
        strides = tuple(np.ascontiguousarray(array).strides)
        part = Part(
            "codes",
            MemorySource(key, b"").key,
            len(blob),
            len(blob) + array.nbytes,
            array.shape,
            strides,
        )
        regions.append(Region(name, array.shape, "F32", (part,)))
        blob += array.astype("<f4").tobytes()
    facts = {"general.architecture": "llama"} if any("blk." in name for name in arrays) else {}
    names = parse_names(list(arrays), facts)
    tensors = [Tensor(region, name) for region, name in zip(regions, names, strict=True)]
    return tensors, Document(key, "toy", (MemorySource(key, blob),), tuple(regions))


def _check(left: Arrays, right: Arrays) -> Pairing:
    """Pair two models of the same values; every pair must hold the same."""
    ours, _ = _stored(left, "a")
    theirs, document = _stored(right, "b")
    found = pair(ours, theirs)
    for one in found.pairs:
        if one.left is None or one.right is None:
            continue
        window = tuple((0, size) for size in one.right.shape)
        np.testing.assert_array_equal(
            values(document, one.right, window), left[one.left.region.name], one.left.region.name
        )
    return found


Q, K, V = _random(8, 8), _random(4, 8), _random(4, 8)
GATE, UP, DOWN = _random(16, 8), _random(16, 8), _random(8, 16)
TOKENS, NORM = _random(50, 8), _random(8)
GATES, UPS, DOWNS = _random(4, 16, 8), _random(4, 16, 8), _random(4, 8, 16)

SPLIT = {
    "model.embed_tokens.weight": TOKENS,
    "model.layers.0.self_attn.q_proj.weight": Q,
    "model.layers.0.self_attn.k_proj.weight": K,
    "model.layers.0.self_attn.v_proj.weight": V,
    "model.layers.0.mlp.gate_proj.weight": GATE,
    "model.layers.0.mlp.up_proj.weight": UP,
    "model.layers.0.mlp.down_proj.weight": DOWN,
    "model.norm.weight": NORM,
}
FUSED = {
    "model.embed_tokens.weight": TOKENS,
    "model.layers.0.self_attn.qkv_proj.weight": np.concatenate([Q, K, V]),
    "model.layers.0.mlp.gate_up_proj.weight": np.concatenate([GATE, UP]),
    "model.layers.0.mlp.down_proj.weight": DOWN,
    "model.norm.weight": NORM,
}
GGUF = {
    "output_norm.weight": NORM,
    "token_embd.weight": TOKENS,
    "blk.0.attn_q.weight": Q,
    "blk.0.attn_k.weight": K,
    "blk.0.attn_v.weight": V,
    "blk.0.ffn_gate.weight": GATE,
    "blk.0.ffn_up.weight": UP,
    "blk.0.ffn_down.weight": DOWN,
}
EXPERTS = {
    f"model.layers.0.mlp.experts.{number}.{word}_proj.weight": bank[number]
    for number in range(4)
    for word, bank in (("gate", GATES), ("up", UPS), ("down", DOWNS))
}
BANKS = {
    "model.layers.0.mlp.experts.gate_up_proj": np.concatenate([GATES, UPS], axis=1),
    "model.layers.0.mlp.experts.down_proj": DOWNS,
}
GGUF_BANKS = {
    "blk.0.ffn_gate_exps.weight": GATES,
    "blk.0.ffn_up_exps.weight": UPS,
    "blk.0.ffn_down_exps.weight": DOWNS,
}


@pytest.mark.parametrize("left", [SPLIT, FUSED, GGUF], ids=["split", "fused", "gguf"])
@pytest.mark.parametrize("right", [SPLIT, FUSED, GGUF], ids=["split", "fused", "gguf"])
def test_dense_models_meet_in_every_arrangement(left: Arrays, right: Arrays) -> None:
    found = _check(left, right)
    assert len(found.pairs) == len(left)
    assert all(one.left and one.right for one in found.pairs)


@pytest.mark.parametrize("left", [EXPERTS, BANKS, GGUF_BANKS], ids=["experts", "banks", "gguf"])
@pytest.mark.parametrize("right", [EXPERTS, BANKS, GGUF_BANKS], ids=["experts", "banks", "gguf"])
def test_experts_meet_in_every_arrangement(left: Arrays, right: Arrays) -> None:
    found = _check(left, right)
    assert len(found.pairs) == len(left)
    assert all(one.left and one.right for one in found.pairs)


def test_a_tied_head_is_compared_with_the_embedding() -> None:
    found = _check({**SPLIT, "lm_head.weight": TOKENS}, GGUF)
    (head,) = (one for one in found.pairs if one.left and one.left.name.role == "head")
    assert head.rule == "tied to the embedding"


def test_what_only_one_side_has_says_so() -> None:
    bias = "model.layers.0.self_attn.q_proj.bias"
    found = _check({**SPLIT, bias: _random(8)}, {**SPLIT, "model.extra.weight": NORM})
    rules = {
        (one.left.region.name if one.left else one.others[0].region.name): one.rule
        for one in found.pairs
        if one.left is None or one.right is None
    }
    assert rules == {bias: "only in A", "model.extra.weight": "only in B"}


def test_names_meet_by_their_ends() -> None:
    renamed = {f"wrapped.inner.{name}": array for name, array in SPLIT.items()}
    found = _check({f"x.{name}": one for name, one in SPLIT.items()}, renamed)
    assert all(one.left and one.right for one in found.pairs)


def test_an_incomplete_set_of_experts_is_no_bank() -> None:
    missing = {name: one for name, one in EXPERTS.items() if ".2." not in name}
    found = _check(BANKS, missing)
    assert [one.rule for one in found.pairs if one.left] == ["only in A", "only in A"]


def test_what_could_be_two_things_is_left_alone() -> None:
    found = _check({"a.scale": NORM}, {"b.a.scale": NORM, "c.a.scale": NORM})
    assert found.pairs[0].rule == "only in A"
    assert found.ambiguous == ("a.scale could be b.a.scale, c.a.scale; it was left alone",)

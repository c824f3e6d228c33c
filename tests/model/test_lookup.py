from __future__ import annotations

import pytest
from checkpoints import folder, llama

import modelweightvis
from arbvis_core.api import UsageError
from modelweightvis.lookup import FEW, UnknownTensorError, nearest
from modelweightvis.model import Model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return modelweightvis.open(folder(tmp_path_factory.mktemp("m"), llama()))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("model.layers.1.self_attn.qproj.weight", "model.layers.1.self_attn.q_proj.weight"),
        ("model.layer.2.mlp.down.weight", "model.layers.2.mlp.down_proj.weight"),
        ("blk.2.ffn_down.weight", "model.layers.2.mlp.down_proj.weight"),
        ("token_embd.weight", "model.embed_tokens.weight"),
        ("layers.1.attention.wq.weight", "model.layers.1.self_attn.q_proj.weight"),
        ("lm_head", "lm_head.weight"),
        ("LM_HEAD.WEIGHT", "lm_head.weight"),
    ],
)
def test_what_was_meant_comes_first(model: Model, typed: str, meant: str) -> None:
    assert nearest(typed, model)[0] == meant


@pytest.mark.parametrize("typed", ["", "\0", "x" * 100_000, "q_proj" * 1000, "🙈.9.9.9"])
def test_anything_may_be_asked_for(model: Model, typed: str) -> None:
    assert len(nearest(typed, model)) <= FEW
    with pytest.raises(UnknownTensorError) as raised:
        model[typed]
    assert len(str(raised.value)) < 700


def test_the_error_is_a_key_error_and_a_sentence(model: Model) -> None:
    with pytest.raises(KeyError) as raised:
        model["self_attn.k_proj"]
    assert isinstance(raised.value, UsageError)
    assert str(raised.value).startswith(f"{model.path} has no tensor 'self_attn.k_proj'; did you ")
    assert str(raised.value).endswith(" or 'model.layers.2.self_attn.k_proj.weight'?")
    assert "no such name" not in model
    assert model.get("no such name") is None

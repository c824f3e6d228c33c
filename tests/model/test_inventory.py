from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from checkpoints import folder, llama

import modelweightvis
from arbvis_core.api import UsageError
from modelweightvis.inventory import (
    FACTS,
    Total,
    by_dtype,
    by_group,
    check_column,
    facts_of_model,
    table_of,
    total,
)
from modelweightvis.measuring import FIGURES

torch = pytest.importorskip("torch")


def test_totals_are_those_of_the_arrays(tmp_path: Path) -> None:
    stored = llama() | {"extra": np.ones((5, 5), "f2")}
    tensors = [*modelweightvis.open(folder(tmp_path / "m", stored)).values()]
    whole = total(tensors)
    assert whole.tensors == len(stored)
    assert whole.parameters == sum(array.size for array in stored.values())
    assert whole.bytes == sum(array.nbytes for array in stored.values())
    assert whole.bits_per_weight == 8 * whole.bytes / whole.parameters
    assert by_dtype(tensors)["F16"] == Total(1, 25, 50)
    groups = by_group(tensors)
    assert groups["attention"].parameters == 3 * 32 * (32 + 16 + 16 + 32)
    assert groups["norm"] == Total(7, 7 * 32, 7 * 128)
    assert next(iter(groups)) == "mlp"
    assert sum(one.bytes for one in groups.values()) == whole.bytes
    assert total([]) == Total(0, 0, 0)
    assert total([]).bits_per_weight == 0


def test_tied_tensors_count_once(tmp_path: Path) -> None:
    embedding = torch.ones(10, 4)
    held = {"model.embed_tokens.weight": embedding, "lm_head.weight": embedding}
    torch.save({**held, "model.norm.weight": torch.ones(4)}, tmp_path / "model.bin")
    model = modelweightvis.open(tmp_path / "model.bin")
    assert len(model) == 3
    assert total(model.values()) == Total(2, 44, 176)


def test_empty_tensors_share_nothing(tmp_path: Path) -> None:
    held = {"a": np.zeros((0, 4), "f4"), "b": np.zeros((0, 4), "f4")}
    model = modelweightvis.open(folder(tmp_path / "m", held))
    assert total(model.values()) == Total(2, 0, 0)


def test_the_table_has_a_row_per_tensor(tmp_path: Path) -> None:
    model = modelweightvis.open(folder(tmp_path / "m", llama()))
    table = table_of(model, stats=False)
    assert table.columns == (*FACTS, "count")
    assert table["name"] == [*model]
    assert table["count"] == [tensor.size for tensor in model.values()]
    assert table_of(model, stats=True).columns == (*FACTS, *FIGURES)


def test_columns_are_checked_before_anything_is_opened() -> None:
    check_column("bytes", stats=False)
    check_column("count", stats=False)
    check_column("kurtosis", stats=True)
    with pytest.raises(UsageError, match="--sort rms is known only with --stats"):
        check_column("rms", stats=False)
    with pytest.raises(UsageError, match="--sort loss: the columns are name, stack"):
        check_column("loss", stats=True)


def test_facts_are_what_the_config_says(tmp_path: Path) -> None:
    (document,) = modelweightvis.open(folder(tmp_path / "m", llama())).documents
    told, doubts = facts_of_model(document)
    assert told["architecture"] == "LlamaForCausalLM"
    assert (told["layers"], told["heads"], told["kv_heads"], told["head_dim"]) == (3, 4, 2, 8)
    assert (told["vocab_size"], told["max_positions"]) == (96, 128)
    assert "experts" not in told
    assert doubts == ()

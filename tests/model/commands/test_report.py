from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import jsonschema
import numpy as np
import pytest
from checkpoints import CONFIG, folder, llama

Cli = Callable[..., Any]
SCHEMA = Path(__file__).parents[3] / "docs/reference/inspect.schema.json"


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    told = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(told)
    return jsonschema.Draft202012Validator(told)


@pytest.mark.parametrize("flags", [(), ("--stats",), ("--match", "*.mlp.*", "--sort", "name")])
def test_it_keeps_its_schema(
    cli: Cli, tmp_path: Path, schema: jsonschema.Draft202012Validator, flags: tuple[str, ...]
) -> None:
    odd = {"nan": np.full(2, np.nan, "f4"), "none": np.zeros((0, 2), "f4")}
    odd |= {"one": np.array(1, "f2"), "bn.running_var": np.ones(2, "f4")}
    path = folder(tmp_path / "m", llama(experts=2) | odd | {"a.mlp.x": np.ones(3, "i8")})
    told = json.loads(cli("inspect", path, "--json", *flags).out)
    schema.validate(told)
    assert told["documents"][0]["config"] == CONFIG
    assert told["documents"][0]["facts"]["layers"] == 3
    told["tensors"][0]["surprise"] = told["schema"] = 2
    assert len([*schema.iter_errors(told)]) == 2


def test_pairs_of_a_gguf_file_are_there(
    cli: Cli, tmp_path: Path, schema: jsonschema.Draft202012Validator
) -> None:
    writer = gguf.GGUFWriter(tmp_path / "a.gguf", "llama")
    writer.add_name("Tiny")
    writer.add_token_list([f"t{number}" for number in range(1000)])
    writer.add_float32("odd", float("nan"))
    writer.add_array("numbers", [1, 2, 3])
    writer.add_tensor("token_embd.weight", np.ones((1000, 4), "f4"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    told = json.loads(cli("inspect", tmp_path / "a.gguf", "--json").out)
    schema.validate(told)
    pairs = told["documents"][0]["metadata"]
    assert pairs["general.name"] == "Tiny"
    assert pairs["numbers"] == [1, 2, 3]
    assert pairs["tokenizer.ggml.tokens"]["length"] == 1000
    assert told["documents"][0]["config"] is None


def test_a_configuration_of_a_thousand_depths_is_cut(
    cli: Cli, tmp_path: Path, schema: jsonschema.Draft202012Validator
) -> None:
    path = folder(tmp_path / "m", llama())
    (path / "config.json").write_text(f'{{"model_type": "llama", "x": {"[" * 900}{"]" * 900}}}')
    found = cli("inspect", path, "--json")
    assert found.code == 0
    schema.validate(json.loads(found.out))

"""The example models are what `examples/README.md` says they are."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import gguf
import pytest
import safetensors

EXAMPLES = Path(__file__).parents[1] / "examples"
MODELS = EXAMPLES / "models"
LIMIT = 24_000_000

pytestmark = pytest.mark.skipif(
    not MODELS.is_dir(), reason="a source distribution leaves the example models out"
)


def readme() -> str:
    return (EXAMPLES / "README.md").read_text(encoding="utf-8")


def section(name: str) -> list[list[str]]:
    """Return the rows of the table that stands between a section's marks."""
    found = re.search(f"<!-- {name} -->\n(.*?)<!-- end of {name} -->", readme(), re.DOTALL)
    assert found, name
    rows = [line.strip("| ").split(" | ") for line in found[1].splitlines()]
    return [[cell.strip("` ") for cell in row] for row in rows[2:]]


def losses() -> dict[str, tuple[float, float]]:
    """Return each model's held-out loss on code and on prose."""
    return {name: (float(code), float(prose)) for name, code, prose in section("losses")}


def test_every_file_is_the_one_in_the_table() -> None:
    told = {name: (int(size.replace(",", "")), digest) for name, size, digest in section("files")}
    kinds = {".safetensors", ".gguf", ".json", ".model"}
    found = {
        path.relative_to(EXAMPLES).as_posix(): (len(data), hashlib.sha256(data).hexdigest())
        for path in MODELS.rglob("*")
        if path.suffix in kinds and (data := path.read_bytes()) is not None
    }
    assert found == told
    assert len({name.split("/")[1] for name in found}) == 4


def test_all_examples_fit_their_limit() -> None:
    sizes = [p.stat().st_size for p in EXAMPLES.rglob("*") if p.is_file() and p.suffix != ".pyc"]
    assert sum(sizes) <= LIMIT


@pytest.mark.parametrize(
    ("folder", "architecture", "layers", "experts"),
    [
        ("llama-code", "LlamaForCausalLM", 4, 0),
        ("llama-prose", "LlamaForCausalLM", 4, 0),
        ("mixtral-code-prose", "MixtralForCausalLM", 4, 8),
    ],
)
def test_safetensors_hold_the_model_of_the_config(
    folder: str, architecture: str, layers: int, experts: int
) -> None:
    config = json.loads((MODELS / folder / "config.json").read_text(encoding="utf-8"))
    assert config["architectures"] == [architecture]
    assert config["num_hidden_layers"] == layers
    with safetensors.safe_open(MODELS / folder / "model.safetensors", "numpy") as file:
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
        assert {tensor.get_dtype() for tensor in slices.values()} == {"BF16"}
        size = config["vocab_size"], config["hidden_size"]
        assert tuple(slices["lm_head.weight"].get_shape()) == size
        assert tuple(slices["model.embed_tokens.weight"].get_shape()) == size
        assert len([name for name in slices if name.endswith("q_proj.weight")]) == layers
        assert len([name for name in slices if ".experts." in name]) == layers * experts * 3


def test_base_and_finetune_are_one_shape() -> None:
    shapes = []
    for folder in ("llama-code", "llama-prose"):
        with safetensors.safe_open(MODELS / folder / "model.safetensors", "numpy") as file:
            shapes.append({name: file.get_slice(name).get_shape() for name in file.keys()})  # noqa: SIM118
    assert shapes[0] == shapes[1]
    assert all(shape[-1] % 256 == 0 for shape in shapes[0].values())


@pytest.mark.parametrize(
    ("kind", "type_"),
    [("Q8_0", "Q8_0"), ("Q4_K_M", "Q4_K"), ("IQ4_XS", "IQ4_XS")],
)
def test_ggufs_are_quantised_as_their_names_say(kind: str, type_: str) -> None:
    reader = gguf.GGUFReader(MODELS / f"llama-code-gguf/llama-code-{kind}.gguf")
    field = reader.get_field("general.architecture")
    assert field is not None
    assert field.contents() == "llama"
    matrices = [tensor for tensor in reader.tensors if len(tensor.shape) == 2]
    assert len(matrices) == 4 * 7 + 2
    kinds = [tensor.tensor_type.name for tensor in matrices]
    assert max(set(kinds), key=kinds.count) == type_


def test_they_learned_what_only_context_tells() -> None:
    found = losses()
    code, prose = found["unigram entropy of the same tokens"]
    assert found["llama-code"][0] <= code - 1
    assert found["llama-prose"][1] <= prose - 1
    assert found["mixtral-code-prose"][0] <= code - 1
    assert found["mixtral-code-prose"][1] <= prose - 1


def test_the_finetune_moved_to_its_own_text() -> None:
    found = losses()
    assert found["llama-prose"][1] <= found["llama-code"][1] - 0.3


def test_the_experts_tell_code_from_prose() -> None:
    for _, between, *within, _, _ in section("routing"):
        assert float(between) > 2 * max(map(float, within))

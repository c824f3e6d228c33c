"""Which files are the model, on the listings of repositories as they are."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.api import SourceError
from modelweightvis.sources.addresses import Address, parse_address
from modelweightvis.sources.choosing import beside, choose, size_of


def listing(text: str) -> dict[str, int]:
    """Return a listing; sizes are the number after a name, or 1."""
    found = {}
    for line in text.split():
        name, _, size = line.partition("=")
        found[name] = int(float(size or 1))
    return found


def shards(stem: str, count: int, end: str) -> str:
    return " ".join(f"{stem}-{one:05d}-of-{count:05d}{end}" for one in range(1, count + 1))


LLAMA = (
    ".gitattributes LICENSE.txt README.md USE_POLICY.md config.json generation_config.json "
    "model.safetensors original/consolidated.00.pth original/params.json original/tokenizer.model "
    "special_tokens_map.json tokenizer.json tokenizer_config.json"
)
GPT2 = (
    "64.tflite 64-fp16.tflite README.md config.json flax_model.msgpack generation_config.json "
    "merges.txt model.safetensors onnx/config.json onnx/decoder_model.onnx pytorch_model.bin "
    "rust_model.ot tf_model.h5 tokenizer.json vocab.json"
)
SHARDED = (
    f"config.json {shards('model', 3, '.safetensors')} model.safetensors.index.json "
    f"{shards('pytorch_model', 2, '.bin')} pytorch_model.bin.index.json consolidated.safetensors "
    "params.json tokenizer.model training_args.bin optimizer.pt checkpoint-500/model.safetensors"
)
DIFFUSERS = (
    "model_index.json README.md sd_xl_base_1.0.safetensors=7e9 sd_xl_base_1.0_0.9vae.safetensors "
    "scheduler/scheduler_config.json text_encoder/config.json text_encoder/model.safetensors "
    "text_encoder/model.fp16.safetensors text_encoder/flax_model.msgpack text_encoder/model.onnx "
    "text_encoder/openvino_model.bin unet/config.json vae/config.json "
    f"{shards('unet/diffusion_pytorch_model', 2, '.safetensors')} "
    "unet/diffusion_pytorch_model.safetensors.index.json "
    f"{shards('unet/diffusion_pytorch_model', 2, '.fp16.safetensors')} "
    "unet/diffusion_pytorch_model.safetensors.index.fp16.json unet/diffusion_pytorch_model.bin "
    "vae/diffusion_pytorch_model.fp16.safetensors vae_1_0/diffusion_pytorch_model.safetensors "
    "tokenizer/vocab.json"
)
GGUFS = (
    "README.md config.json m-Q4_K_M.gguf=4.9e9 m-Q8_0.gguf=8.5e9 mmproj-F16.gguf=1e9 "
    "m-imatrix.gguf imatrix_unsloth.dat m.imatrix "
    f"{shards('m-F32/m-F32', 2, '.gguf')}"
)
SENTENCES = (
    "1_Pooling/config.json 2_Dense/config.json 2_Dense/model.safetensors 2_Dense/pytorch_model.bin "
    "README.md config.json model.safetensors modules.json onnx/model.onnx "
    "openvino/openvino_model.bin pytorch_model.bin"
)
OSS = (
    "README.md config.json metal/model.bin model-00000-of-00002.safetensors "
    "model-00001-of-00002.safetensors model.safetensors.index.json original/config.json "
    "original/model.safetensors original/dtypes.json"
)


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        (LLAMA, "", "README.md config.json generation_config.json model.safetensors"),
        (
            LLAMA,
            "original",
            "README.md original/consolidated.00.pth original/params.json",
        ),
        (GPT2, "", "README.md config.json generation_config.json model.safetensors"),
        (
            SHARDED,
            "",
            (
                "config.json model-00001-of-00003.safetensors model-00002-of-00003.safetensors "
                "model-00003-of-00003.safetensors model.safetensors.index.json params.json"
            ),
        ),
        (SHARDED, "checkpoint-500", "checkpoint-500/model.safetensors"),
        (SHARDED, "model-00002-of-00003.safetensors", "model-00002-of-00003.safetensors"),
        (
            DIFFUSERS,
            "",
            (
                "README.md model_index.json text_encoder/config.json text_encoder/model.safetensors "
                "unet/config.json unet/diffusion_pytorch_model-00001-of-00002.safetensors "
                "unet/diffusion_pytorch_model-00002-of-00002.safetensors "
                "unet/diffusion_pytorch_model.safetensors.index.json vae/config.json "
                "vae/diffusion_pytorch_model.fp16.safetensors "
                "vae_1_0/diffusion_pytorch_model.safetensors"
            ),
        ),
        (
            DIFFUSERS,
            "vae",
            "README.md vae/config.json vae/diffusion_pytorch_model.fp16.safetensors",
        ),
        (DIFFUSERS, "tokenizer/vocab.json", "tokenizer/vocab.json"),
        (GGUFS, "m-Q8_0.gguf", "m-Q8_0.gguf"),
        (
            GGUFS,
            "m-F32",
            "README.md m-F32/m-F32-00001-of-00002.gguf m-F32/m-F32-00002-of-00002.gguf",
        ),
        (
            GGUFS,
            "m-F32/m-F32-00002-of-00002.gguf",
            "m-F32/m-F32-00001-of-00002.gguf m-F32/m-F32-00002-of-00002.gguf",
        ),
        ("x.gguf mmproj-x.gguf README.md", "", "README.md x.gguf"),
        ("mmproj-x.gguf", "", "mmproj-x.gguf"),
        ("model.safetensors x.gguf", "", "model.safetensors"),
        (
            SENTENCES,
            "",
            (
                "2_Dense/config.json 2_Dense/model.safetensors README.md config.json "
                "model.safetensors modules.json"
            ),
        ),
        (
            OSS,
            "",
            (
                "README.md config.json model-00000-of-00002.safetensors "
                "model-00001-of-00002.safetensors model.safetensors.index.json"
            ),
        ),
        (
            "adapter_config.json adapter_model.bin adapter_model.safetensors training_args.bin",
            "",
            "adapter_config.json adapter_model.safetensors",
        ),
        ("pytorch_model.bin consolidated.00.pth consolidated.01.pth", "", "pytorch_model.bin"),
        (
            "consolidated.00.pth consolidated.01.pth params.json x.txt",
            "",
            "consolidated.00.pth consolidated.01.pth params.json",
        ),
        ("sd_xl.safetensors sd_xl.fp16.safetensors", "", "sd_xl.safetensors"),
        ("model.bf16.safetensors model.fp16.safetensors", "", "model.bf16.safetensors"),
        ("model.non_ema.safetensors model.ema.safetensors", "", "model.ema.safetensors"),
        ("weights.npz config.json", "", "config.json weights.npz"),
        ("kokoro-v1_0.pth voices/af.pt voices/am.pt", "", "kokoro-v1_0.pth"),
        ("a/model.safetensors a/config.json b.txt", "", "a/config.json a/model.safetensors"),
    ],
)
def test_a_repository_is_one_model(text: str, path: str, expected: str) -> None:
    assert choose(Address("hf://o/r", "o/r", "main", path), listing(text)) == expected.split()


@pytest.mark.parametrize(
    ("text", "path", "told"),
    [
        (GGUFS, "", "holds 3 GGUF models; name one of them, as in hf://o/r/m-F32/m-F32-00001"),
        (GGUFS, "", "m-Q4_K_M.gguf (4.9 GB), m-Q8_0.gguf (8.5 GB)"),
        (GGUFS, "m-Q4_KM.gguf", "no 'm-Q4_KM.gguf' in it; did you mean m-Q4_K_M.gguf"),
        (GGUFS, "blob/main/m-Q8_0.gguf", "did you mean m-Q8_0.gguf"),
        (DIFFUSERS, "unett", "did you mean unet"),
        ("a.safetensors b.safetensors=2e6", "", "a.safetensors (1 B), b.safetensors (2 MB)"),
        ("a/model.safetensors b/model.safetensors", "", "in several folders; name one of"),
        ("README.md a.onnx=9 b.onnx c.h5", "", "holds no weights that can be read"),
        ("README.md a.onnx=9 b.onnx c.h5", "", "2 .onnx, 1 .md, 1 .h5"),
        ("README.md a.onnx=9 b.onnx c.h5", "", "shown by: arbvis hf://o/r/a.onnx"),
        ("training_args.bin optimizer.pt Makefile", "", "1 without an extension"),
        ("a b c", "zzzzzz", "there is no 'zzzzzz' in it; it has 3 other files"),
    ],
)
def test_what_is_not_one_model_is_a_sentence(text: str, path: str, told: str) -> None:
    with pytest.raises(SourceError, match=re.escape(told)) as caught:
        choose(Address("hf://o/r", "o/r", "main", path), listing(text))
    assert str(caught.value).startswith("hf://o/r")
    assert "\n" not in str(caught.value)


def test_an_empty_repository_has_no_model() -> None:
    with pytest.raises(SourceError, match="is empty"):
        choose(parse_address("hf://o/r"), {})


def test_what_describes_a_file_lies_beside_it() -> None:
    files = listing(DIFFUSERS)
    found = beside(parse_address("hf://o/r/vae/diffusion_pytorch_model.fp16.safetensors"), files)
    assert found == ["README.md", "vae/config.json"]
    found = beside(parse_address("hf://o/r/model-00001-of-00003.safetensors"), listing(SHARDED))
    assert found == ["config.json", "model.safetensors.index.json", "params.json"]
    assert beside(parse_address("hf://o/r/vae"), files) == []
    assert beside(parse_address("hf://o/r/README.md"), files) == []


def test_what_is_too_large_is_no_sidecar() -> None:
    files = {"model.safetensors": 1 << 40, "config.json": 1 << 30, "README.md": 5}
    assert choose(parse_address("hf://o/r"), files) == ["README.md", "model.safetensors"]


def test_alternatives_are_listed_up_to_some_number() -> None:
    files = {f"m-Q{number}.gguf": 5 * 10**9 for number in range(500)}
    with pytest.raises(SourceError) as caught:
        choose(parse_address("hf://o/r"), files)
    assert "500 GGUF models" in str(caught.value)
    assert str(caught.value).endswith("and 440 more")


SEGMENTS = st.sampled_from(
    [
        "model",
        "unet",
        "consolidated.00",
        "model-00001-of-00002",
        "a.b",
        "modules",
        "model_index",
        "x.fp16",
        "mmproj-x",
        "..",
        "a\nb",
        "\u202e",
        "1_Dense",
        "onnx",
        "diffusion_pytorch_model",
    ]
)
EXTENSIONS = st.sampled_from([".safetensors", ".bin", ".gguf", ".pth", ".json", ".onnx", ""])
PATHS = st.builds(
    lambda parts, end: "/".join(parts) + end, st.lists(SEGMENTS, min_size=1), EXTENSIONS
)


def outcome(address: Address, files: dict[str, int]) -> list[str] | str:
    try:
        return choose(address, files)
    except SourceError as error:
        return str(error)


@given(st.dictionaries(PATHS, st.integers(0, 1 << 60)), st.randoms(use_true_random=False))
def test_any_listing_is_a_model_or_a_sentence(files: dict[str, int], random: Random) -> None:
    address = parse_address("hf://o/r")
    shuffled = list(files.items())
    random.shuffle(shuffled)
    found, again = outcome(address, files), outcome(address, dict(shuffled))
    assert found == again
    assert set(found) <= set(files) if isinstance(found, list) else found.isprintable()


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (4_920_000_000, "4.92 GB"), (2e12, "2 TB")],
)
def test_sizes_are_written_as_people_read_them(count: int, text: str) -> None:
    assert size_of(count) == text

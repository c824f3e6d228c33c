"""Models by the shapes of their tensors, without a byte of data: what real checkpoints hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

from arbvis_core.values import Document, Region

Shapes = dict[str, tuple[int, ...]]


def document(
    shapes: Mapping[str, tuple[int, ...]], config: Mapping[str, Any] | None = None
) -> Document:
    """Return a model of these tensors."""
    regions = tuple(
        Region(name, tuple(shape), "BF16", attributes={"dtype": "BF16"})
        for name, shape in shapes.items()
    )
    facts = {} if config is None else {"config": dict(config)}
    return Document("model.safetensors", "safetensors", (), regions, metadata=facts)


def shuffled(one: Document, regions: Iterable[Region]) -> Document:
    """Return the document with its tensors in another order."""
    return replace(one, regions=tuple(regions))


def swiglu(prefix: str, hidden: int, inner: int, names: tuple[str, str, str]) -> Shapes:
    gate, up, down = (f"{prefix}{name}.weight" for name in names)
    return {gate: (inner, hidden), up: (inner, hidden), down: (hidden, inner)}


def linear(prefix: str, out: int, inputs: int) -> Shapes:
    return {f"{prefix}.weight": (out, inputs), f"{prefix}.bias": (out,)}


def llama(
    layers: int,
    hidden: int,
    inner: int,
    heads: tuple[int, int, int],
    vocabulary: int,
    *,
    tied: bool = False,
    bias: bool = False,
    experts: tuple[int, str, tuple[str, str, str]] | None = None,
) -> Document:
    """Return a dense or sparse decoder in the manner of Llama.

    Args:
        layers: how many blocks.
        hidden: elements of a hidden state.
        inner: of the MLP, or of an expert.
        heads: of queries, of keys and values, elements of one.
        vocabulary: how many tokens.
        tied: there is no head of its own.
        bias: queries, keys and values have one.
        experts: how many, what stands before their number, and the names of their matrices.
    """
    queries, keys = heads[0] * heads[2], heads[1] * heads[2]
    shapes: Shapes = {"model.embed_tokens.weight": (vocabulary, hidden)}
    for layer in range(layers):
        block = f"model.layers.{layer}."
        attention = f"{block}self_attn."
        for name, size in (("q_proj", queries), ("k_proj", keys), ("v_proj", keys)):
            shapes[f"{attention}{name}.weight"] = (size, hidden)
            shapes |= {f"{attention}{name}.bias": (size,)} if bias else {}
        shapes[f"{attention}o_proj.weight"] = (hidden, queries)
        if experts is None:
            names = ("gate_proj", "up_proj", "down_proj")
            shapes |= swiglu(f"{block}mlp.", hidden, inner, names)
        else:
            count, path, names = experts
            shapes[f"{block}{path.rpartition('experts')[0]}gate.weight"] = (count, hidden)
            for expert in range(count):
                shapes |= swiglu(f"{block}{path}.{expert}.", hidden, inner, names)
        shapes |= {f"{block}{name}.weight": (hidden,) for name in NORMS}
    shapes["model.norm.weight"] = (hidden,)
    shapes |= {} if tied else {"lm_head.weight": (vocabulary, hidden)}
    config = {
        "model_type": "llama",
        "num_hidden_layers": layers,
        "num_attention_heads": heads[0],
        "num_key_value_heads": heads[1],
        "head_dim": heads[2],
        "hidden_size": hidden,
    }
    return document(shapes, config)


NORMS = ("input_layernorm", "post_attention_layernorm")
PROJECTIONS = ("gate_proj", "up_proj", "down_proj")


def bert(layers: int, hidden: int) -> Document:
    """Return an encoder in the manner of BERT, its pooler and its head included."""
    top = "bert.embeddings."
    shapes: Shapes = {
        f"{top}word_embeddings.weight": (30522, hidden),
        f"{top}position_embeddings.weight": (512, hidden),
        f"{top}token_type_embeddings.weight": (2, hidden),
        **linear_norm(f"{top}LayerNorm", hidden),
    }
    for layer in range(layers):
        block = f"bert.encoder.layer.{layer}."
        for name in ("query", "key", "value"):
            shapes |= linear(f"{block}attention.self.{name}", hidden, hidden)
        shapes |= linear(f"{block}attention.output.dense", hidden, hidden)
        shapes |= linear_norm(f"{block}attention.output.LayerNorm", hidden)
        shapes |= linear(f"{block}intermediate.dense", 4 * hidden, hidden)
        shapes |= linear(f"{block}output.dense", hidden, 4 * hidden)
        shapes |= linear_norm(f"{block}output.LayerNorm", hidden)
    shapes |= linear("bert.pooler.dense", hidden, hidden)
    shapes |= linear("cls.predictions.transform.dense", hidden, hidden)
    shapes |= linear_norm("cls.predictions.transform.LayerNorm", hidden)
    shapes["cls.predictions.bias"] = (30522,)
    return document(shapes, {"model_type": "bert", "num_hidden_layers": layers})


def linear_norm(prefix: str, hidden: int) -> Shapes:
    return {f"{prefix}.weight": (hidden,), f"{prefix}.bias": (hidden,)}


def t5(layers: int, hidden: int, inner: int, *, gated: bool) -> Document:
    """Return an encoder and a decoder in the manner of T5, and of version 1.1 if `gated`."""
    shapes: Shapes = {"shared.weight": (32128, hidden)}
    for side, layer in product(("encoder", "decoder"), range(layers)):
        block = f"{side}.block.{layer}."
        attentions = ["layer.0.SelfAttention", "layer.1.EncDecAttention"]
        for attention in attentions[: 1 + (side == "decoder")]:
            shapes |= {f"{block}{attention}.{name}.weight": (hidden, hidden) for name in "qkvo"}
            shapes[f"{block}{attention.rpartition('.')[0]}.layer_norm.weight"] = (hidden,)
        if layer == 0:
            shapes[f"{block}layer.0.SelfAttention.relative_attention_bias.weight"] = (32, 12)
        half = f"{block}layer.{1 + (side == 'decoder')}."
        for name in ("wi_0", "wi_1") if gated else ("wi",):
            shapes[f"{half}DenseReluDense.{name}.weight"] = (inner, hidden)
        shapes[f"{half}DenseReluDense.wo.weight"] = (hidden, inner)
        shapes[f"{half}layer_norm.weight"] = (hidden,)
    shapes |= {f"{side}.final_layer_norm.weight": (hidden,) for side in ("encoder", "decoder")}
    shapes |= {"lm_head.weight": (32128, hidden)} if gated else {}
    config = {"model_type": "t5", "num_layers": layers, "num_decoder_layers": layers}
    return document(shapes, config)


def gpt2() -> Document:
    """Return GPT-2, whose matrices are stored as (inputs, outputs)."""
    shapes: Shapes = {"wte.weight": (50257, 768), "wpe.weight": (1024, 768)}
    for layer in range(12):
        block = f"h.{layer}."
        sizes = {"attn.c_attn": (768, 2304), "attn.c_proj": (768, 768)}
        sizes |= {"mlp.c_fc": (768, 3072), "mlp.c_proj": (3072, 768)}
        for name, shape in sizes.items():
            shapes |= {f"{block}{name}.weight": shape, f"{block}{name}.bias": shape[1:]}
        for name in ("ln_1", "ln_2"):
            shapes |= linear_norm(f"{block}{name}", 768)
    config = {"model_type": "gpt2", "n_layer": 12, "n_head": 12, "n_embd": 768}
    return document(shapes | linear_norm("ln_f", 768), config)


def mamba() -> Document:
    """Return Mamba-1.4B."""
    shapes: Shapes = {"backbone.embeddings.weight": (50280, 2048)}
    for layer in range(48):
        mixer = f"backbone.layers.{layer}.mixer."
        shapes |= {
            f"backbone.layers.{layer}.norm.weight": (2048,),
            f"{mixer}A_log": (4096, 16),
            f"{mixer}D": (4096,),
            f"{mixer}conv1d.weight": (4096, 1, 4),
            f"{mixer}conv1d.bias": (4096,),
            f"{mixer}in_proj.weight": (8192, 2048),
            f"{mixer}x_proj.weight": (160, 4096),
            f"{mixer}out_proj.weight": (2048, 4096),
            **linear(f"{mixer}dt_proj", 4096, 128),
        }
    shapes["backbone.norm_f.weight"] = (2048,)
    return document(shapes, {"model_type": "mamba", "num_hidden_layers": 48})


def deepseek() -> Document:
    """Return DeepSeek-V3: 61 layers, all but three with 256 experts."""
    shapes: Shapes = {"model.embed_tokens.weight": (129280, 7168)}
    for layer in range(61):
        block = f"model.layers.{layer}."
        attention = f"{block}self_attn."
        shapes |= {
            f"{attention}q_a_proj.weight": (1536, 7168),
            f"{attention}q_a_layernorm.weight": (1536,),
            f"{attention}q_b_proj.weight": (24576, 1536),
            f"{attention}kv_a_proj_with_mqa.weight": (576, 7168),
            f"{attention}kv_a_layernorm.weight": (512,),
            f"{attention}kv_b_proj.weight": (32768, 512),
            f"{attention}o_proj.weight": (7168, 16384),
            **{f"{block}{name}.weight": (7168,) for name in NORMS},
        }
        if layer < 3:
            shapes |= swiglu(f"{block}mlp.", 7168, 18432, PROJECTIONS)
            continue
        shapes[f"{block}mlp.gate.weight"] = (256, 7168)
        shapes[f"{block}mlp.gate.e_score_correction_bias"] = (256,)
        for path in ("shared_experts", *(f"experts.{expert}" for expert in range(256))):
            shapes |= swiglu(f"{block}mlp.{path}.", 7168, 2048, PROJECTIONS)
    shapes |= {"model.norm.weight": (7168,), "lm_head.weight": (129280, 7168)}
    config = {"model_type": "deepseek_v3", "num_hidden_layers": 61, "num_attention_heads": 128}
    return document(shapes, config)


def gpt_oss() -> Document:
    """Return gpt-oss-120b, the experts of a layer in one tensor."""
    shapes: Shapes = {"model.embed_tokens.weight": (201088, 2880)}
    for layer in range(36):
        block = f"model.layers.{layer}."
        attention, mlp = f"{block}self_attn.", f"{block}mlp."
        shapes |= linear(f"{attention}q_proj", 4096, 2880) | linear(
            f"{attention}o_proj", 2880, 4096
        )
        shapes |= linear(f"{attention}k_proj", 512, 2880) | linear(f"{attention}v_proj", 512, 2880)
        shapes |= linear(f"{mlp}router", 128, 2880)
        shapes |= {
            f"{attention}sinks": (64,),
            f"{mlp}experts.gate_up_proj": (128, 2880, 5760),
            f"{mlp}experts.gate_up_proj_bias": (128, 5760),
            f"{mlp}experts.down_proj": (128, 2880, 2880),
            f"{mlp}experts.down_proj_bias": (128, 2880),
            **{f"{block}{name}.weight": (2880,) for name in NORMS},
        }
    shapes |= {"model.norm.weight": (2880,), "lm_head.weight": (201088, 2880)}
    return document(shapes, {"model_type": "gpt_oss", "num_hidden_layers": 36})


def jamba() -> Document:
    """Return Jamba-v0.1: attention in every eighth layer, 16 experts in every second."""
    shapes: Shapes = {"model.embed_tokens.weight": (65536, 4096)}
    for layer in range(32):
        block = f"model.layers.{layer}."
        shapes |= _attention(block) if layer % 8 == 4 else _mixer(f"{block}mamba.")
        if layer % 2:
            shapes[f"{block}feed_forward.router.weight"] = (16, 4096)
            for expert in range(16):
                path = f"{block}feed_forward.experts.{expert}."
                shapes |= swiglu(path, 4096, 14336, PROJECTIONS)
        else:
            shapes |= swiglu(f"{block}feed_forward.", 4096, 14336, PROJECTIONS)
        shapes[f"{block}input_layernorm.weight"] = (4096,)
        shapes[f"{block}pre_ff_layernorm.weight"] = (4096,)
    shapes |= {"model.final_layernorm.weight": (4096,), "lm_head.weight": (65536, 4096)}
    return document(shapes, {"model_type": "jamba", "num_attention_heads": 32})


def _attention(block: str) -> Shapes:
    rows = {"q_proj": 4096, "k_proj": 1024, "v_proj": 1024, "o_proj": 4096}
    return {f"{block}self_attn.{name}.weight": (count, 4096) for name, count in rows.items()}


def _mixer(path: str) -> Shapes:
    return {
        f"{path}A_log": (8192, 16),
        f"{path}D": (8192,),
        f"{path}conv1d.weight": (8192, 1, 4),
        f"{path}conv1d.bias": (8192,),
        f"{path}in_proj.weight": (16384, 4096),
        f"{path}x_proj.weight": (288, 8192),
        f"{path}dt_layernorm.weight": (256,),
        f"{path}b_layernorm.weight": (16,),
        f"{path}c_layernorm.weight": (16,),
        f"{path}out_proj.weight": (4096, 8192),
        **linear(f"{path}dt_proj", 8192, 256),
    }


def resnet() -> Document:
    """Return ResNet-50, which has stages and no stack of equal blocks."""
    shapes: Shapes = {"conv1.weight": (64, 3, 7, 7), **batch_norm("bn1", 64)}
    inputs = 64
    for stage, (count, width) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512)), 1):
        for number in range(count):
            block = f"layer{stage}.{number}."
            kernels = ((width, inputs, 1), (width, width, 3), (4 * width, width, 1))
            for at, (out, into, side) in enumerate(kernels, 1):
                shapes[f"{block}conv{at}.weight"] = (out, into, side, side)
                shapes |= batch_norm(f"{block}bn{at}", out)
            if number == 0:
                shapes[f"{block}downsample.0.weight"] = (4 * width, inputs, 1, 1)
                shapes |= batch_norm(f"{block}downsample.1", 4 * width)
            inputs = 4 * width
    return document(shapes | linear("fc", 1000, 2048))


def batch_norm(prefix: str, width: int) -> Shapes:
    names = ("weight", "bias", "running_mean", "running_var")
    counter: Shapes = {f"{prefix}.num_batches_tracked": ()}
    return {f"{prefix}.{name}": (width,) for name in names} | counter


_MIXTRAL = (8, "block_sparse_moe.experts", ("w1", "w3", "w2"))
_QWEN = (128, "mlp.experts", PROJECTIONS)

#: Every model, with the least share of the canvas that it has to paint.
MODELS: dict[str, tuple[Callable[[], Document], float]] = {
    "Llama-3.1-8B": (lambda: llama(32, 4096, 14336, (32, 8, 128), 128256), 0.6),
    "Llama-3.1-70B": (lambda: llama(80, 8192, 28672, (64, 8, 128), 128256), 0.6),
    "Mixtral-8x7B": (lambda: llama(32, 4096, 14336, (32, 8, 128), 32000, experts=_MIXTRAL), 0.6),
    "Qwen3-30B-A3B": (lambda: llama(48, 2048, 768, (32, 4, 128), 151936, experts=_QWEN), 0.6),
    "DeepSeek-V3": (deepseek, 0.6),
    "gpt-oss-120b": (gpt_oss, 0.6),
    "Qwen2.5-7B": (lambda: llama(28, 3584, 18944, (28, 4, 128), 152064, bias=True), 0.6),
    "Qwen2.5-0.5B": (
        lambda: llama(24, 896, 4864, (14, 2, 64), 151936, tied=True, bias=True),
        0.55,
    ),
    "SmolLM2-135M": (lambda: llama(30, 576, 1536, (9, 3, 64), 49152, tied=True), 0.55),
    "gemma-2b": (lambda: llama(18, 2048, 16384, (8, 1, 256), 256000, tied=True), 0.55),
    "BERT-base": (lambda: bert(12, 768), 0.6),
    "BERT-large": (lambda: bert(24, 1024), 0.6),
    "T5-base": (lambda: t5(12, 768, 3072, gated=False), 0.6),
    "Flan-T5-XL": (lambda: t5(24, 2048, 5120, gated=True), 0.6),
    "GPT-2": (gpt2, 0.6),
    "Mamba-1.4B": (mamba, 0.6),
    "ResNet-50": (resnet, 0.55),
    "Jamba-v0.1": (jamba, 0.4),  # layers of two sizes at one pitch
}

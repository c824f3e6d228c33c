"""A model's own account of itself: `config.json` or GGUF metadata, under any known spelling.

Nothing in it is trusted. A value of the wrong type costs that one fact and is told in a warning.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Final

from arbvis_core.slotted import dataclass
from modelweightvis import config_keys

_LARGEST: Final = 2**40  # a size beyond it is a mistake or an attack
_DEEPEST: Final = 4  # nested configurations
_LONGEST: Final = 2**24  # bytes of a `config.json`
_DIGITS: Final = 20  # of a whole number; more would only cost time


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What a model says of itself; None where it does not say.

    Attributes:
        architecture: the class or family it names, e.g. `LlamaForCausalLM`, `qwen3moe`.
        model_type: its family as transformers or llama.cpp spell it.
        hidden_size: elements of a hidden state.
        layers: blocks of the stack; of the encoder, where there are two.
        heads: attention heads of a block (the first, where they differ).
        kv_heads: heads of keys and values; as many as `heads` where nothing is said.
        head_dim: elements of a head; `hidden_size / heads` where nothing is said.
        q_head_dim: elements of a head of queries and keys; other than `head_dim` with MLA.
        v_head_dim: elements of a head of values.
        intermediate_size: elements of the MLP's hidden state (the first, where they differ).
        vocab_size: rows of the token embedding.
        max_positions: the longest context it was made for.
        experts: routed experts of an MoE block.
        experts_per_token: how many of them work on a token.
        shared_experts: experts that work on every token.
        moe_intermediate_size: elements of an expert's hidden state.
        shared_intermediate_size: elements of the shared experts' hidden state.
        first_dense_layers: how many blocks come before the first MoE block.
        q_lora_rank: rank of the queries' latent (MLA).
        kv_lora_rank: rank of the keys' and values' latent (MLA).
        rope_theta: base of the rotary frequencies.
        norm_eps: epsilon of the norms.
        sliding_window: reach of local attention, in tokens.
        tied: whether head and token embedding are one tensor.
        parts: configurations of the stacks inside, by stack name: `text`, `vision` …
        warnings: sentences for the user.
    """

    architecture: str = ""
    model_type: str = ""
    hidden_size: int | None = None
    layers: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    head_dim: int | None = None
    q_head_dim: int | None = None
    v_head_dim: int | None = None
    intermediate_size: int | None = None
    vocab_size: int | None = None
    max_positions: int | None = None
    experts: int | None = None
    experts_per_token: int | None = None
    shared_experts: int | None = None
    moe_intermediate_size: int | None = None
    shared_intermediate_size: int | None = None
    first_dense_layers: int | None = None
    q_lora_rank: int | None = None
    kv_lora_rank: int | None = None
    rope_theta: float | None = None
    norm_eps: float | None = None
    sliding_window: int | None = None
    tied: bool | None = None
    parts: Mapping[str, ModelConfig] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def of(self, stack: str) -> ModelConfig:
        """Return what is known of one stack: its own configuration, or else this one."""
        return self.parts.get(stack.partition(".")[0], self)


def parse_config(data: bytes, where: str = "config.json") -> ModelConfig:
    """Return what a `config.json` says; whatever is wrong with it becomes a warning.

    Args:
        data: the file's content.
        where: what the warnings call it.
    """
    if len(data) > _LONGEST:
        return _nothing(f"{where} is larger than {_LONGEST >> 20} MiB")
    try:
        value = json.loads(data, parse_int=_parse_int)
    except RecursionError:
        return _nothing(f"{where} is nested too deeply")
    except ValueError:  # UnicodeDecodeError among them
        return _nothing(f"{where} is not valid JSON")
    return read_config(value, where)


def read_config(value: object, where: str = "config.json") -> ModelConfig:
    """Return what a parsed `config.json`, or the key-value pairs of a GGUF file, say.

    Args:
        value: a mapping; anything else is told in a warning.
        where: what the warnings call it.
    """
    if not isinstance(value, Mapping):
        return _nothing(f"{where} is not a JSON object")
    reader = _Reader(where)
    if any(isinstance(key, str) and key.startswith("general.") for key in value):
        config = reader.gguf(value)
    else:
        config = reader.plain(value, 0)
    return replace(config, warnings=tuple(dict.fromkeys(reader.warnings)))


def _parse_int(digits: str) -> float:
    return int(digits) if len(digits) <= _DIGITS else math.inf


def _nothing(why: str) -> ModelConfig:
    return ModelConfig(warnings=(f"{why}, so nothing is known of the model's shape",))


class _Reader:
    """Reads the facts of one configuration and collects what is wrong with it."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.warnings: list[str] = []

    def plain(self, config: Mapping[str, Any], depth: int) -> ModelConfig:
        """Read a `config.json` or a part of one."""
        facts = self._facts(config, config_keys.KEYS)
        if "rope_theta" not in facts and isinstance(rope := config.get("rope_parameters"), Mapping):
            per_kind = rope.get("full_attention")
            facts |= self._facts(per_kind if isinstance(per_kind, Mapping) else rope, _ROPE)
        for key in ("attn_config", "ffn_config"):
            if isinstance(nested := config.get(key), Mapping):
                facts = self._facts(nested, config_keys.KEYS) | facts
        facts |= self._heads(config, facts)
        parts = self._sides(config, facts) | self._parts(config, depth)
        architectures = config.get("architectures")
        first = architectures[0] if isinstance(architectures, list) and architectures else None
        model_type = _word(config.get("model_type"))
        return _complete(ModelConfig(_word(first) or model_type, model_type, parts=parts, **facts))

    def gguf(self, pairs: Mapping[str, Any]) -> ModelConfig:
        """Read the key-value pairs of a GGUF file."""
        family = _word(pairs.get("general.architecture"))
        if not family:
            counts = (key for key in pairs if isinstance(key, str) and key.endswith(".block_count"))
            family = _word(next(counts, "").removesuffix(".block_count"))
        facts = self._facts(pairs, _prefixed(family, config_keys.GGUF_KEYS))
        tokens: Any = pairs.get("tokenizer.ggml.tokens")
        if "vocab_size" not in facts and hasattr(tokens, "__len__"):
            facts["vocab_size"] = len(tokens)
        parts = {}
        for tower in ("vision", "audio"):
            told = self._facts(pairs, _prefixed(f"{family}.{tower}", config_keys.GGUF_KEYS))
            if told:
                parts[tower] = _complete(ModelConfig(family, family, **told))
        decoder = self._facts(pairs, {"layers": (f"{family}.decoder_block_count",)})
        if decoder:
            parts["encoder"] = _complete(ModelConfig(family, family, **facts))
            parts["decoder"] = _complete(ModelConfig(family, family, **(facts | decoder)))
        return _complete(ModelConfig(family, family, parts=parts, **facts))

    def _heads(self, config: Mapping[str, Any], facts: dict[str, Any]) -> dict[str, int]:
        told: dict[str, int] = {}
        latent = self._facts(config, {key: (key,) for key in ("qk_nope_head_dim", _ROTATED)})
        if len(latent) == 2 and "q_head_dim" not in facts:
            told["q_head_dim"] = sum(latent.values())
        shared = config.get("multi_query") is True
        if shared and "kv_heads" not in facts and not config.get("new_decoder_architecture"):
            told["kv_heads"] = 1
        return told

    def _sides(self, config: Mapping[str, Any], facts: dict[str, Any]) -> dict[str, ModelConfig]:
        if not any(key in config for key in ("decoder_layers", "num_decoder_layers")):
            return {}
        own = {side: self._facts(config, keys) for side, keys in config_keys.SIDES.items()}
        return {side: _complete(ModelConfig(**(facts | told))) for side, told in own.items()}

    def _parts(self, config: Mapping[str, Any], depth: int) -> dict[str, ModelConfig]:
        parts: dict[str, ModelConfig] = {}
        for key, stack in config_keys.NESTED.items():
            nested = config.get(key)
            if nested is None or (not isinstance(nested, Mapping) and "config" not in key):
                continue
            if not isinstance(nested, Mapping) or depth >= _DEEPEST:
                self._warn(key, "not an object" if depth < _DEEPEST else "nested too deeply")
                continue
            part = self.plain(nested, depth + 1)
            parts = dict(part.parts) | parts
            if stack:
                parts.setdefault(stack, part)
        return parts

    def _facts(
        self, config: Mapping[str, Any], table: Mapping[str, tuple[str, ...]]
    ) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        for name, spellings in table.items():
            check, wanted = _CHECKS.get(name, (_whole, "a whole number of a sensible size"))
            for key in spellings:
                value = config.get(key)
                if value is None:
                    continue
                if (checked := check(value)) is not None:
                    facts[name] = checked
                    break
                self._warn(key, f"not {wanted}")
        return facts

    def _warn(self, key: str, why: str) -> None:
        self.warnings.append(f"{self.where}: {key} is {why}, so it is left out")


def _whole(value: object) -> int | None:
    """Return a size; of a list (one for each layer) the first that is not zero."""
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        sizes = [_whole(item) for item in value[:4096] if not isinstance(item, Sequence)]
        known = [size for size in sizes if size is not None]
        return next((size for size in known if size), known[0] if known else None)
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        value = int(value) if math.isfinite(value) and value.is_integer() else -1
    if not isinstance(value, int):
        return None
    return value if 0 <= value <= _LARGEST else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return float(value) if abs(value) <= _LARGEST else None
    return value if math.isfinite(value) else None


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _word(value: object) -> str:
    """Return a name; nothing for what cannot be one."""
    return value if isinstance(value, str) and len(value) <= 200 and value.isprintable() else ""


def _prefixed(family: str, table: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(f"{family}.{key}" for key in keys) for name, keys in table.items()}


def _complete(config: ModelConfig) -> ModelConfig:
    """Fill what is not said from the language model inside, and from what follows."""
    text = config.parts.get("text")
    if text is not None:
        missing = {
            name: getattr(text, name) for name in config_keys.KEYS if getattr(config, name) is None
        }
        config = replace(config, **missing)
    heads, head_dim = config.heads, config.head_dim
    if head_dim is None and heads and config.hidden_size and config.hidden_size % heads == 0:
        head_dim = config.hidden_size // heads
    kv_heads = heads if config.kv_heads is None else config.kv_heads
    return replace(
        config,
        kv_heads=kv_heads,
        head_dim=head_dim,
        q_head_dim=config.q_head_dim or head_dim,
        v_head_dim=config.v_head_dim or head_dim,
    )


_ROTATED: Final = "qk_rope_head_dim"
_ROPE: Final = {"rope_theta": ("rope_theta",)}
_CHECKS: Final[dict[str, tuple[Callable[[object], Any], str]]] = {
    "rope_theta": (_number, "a number"),
    "norm_eps": (_number, "a number"),
    "tied": (_truth, "true or false"),
}

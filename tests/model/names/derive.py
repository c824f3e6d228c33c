"""What every tensor of a model is, derived from transformers' module tree, not from names.

A small random model is built from its config. Each stored tensor is traced back to the parameter it
was written from by marking every parameter with a number of its own: which expert and which half of
a fused projection a stored tensor holds is read off the marks. The stack and layer come from the
module lists and the classes around them, the role from the class that owns the parameter and, for
the norms of a language model, from the flow of a forward pass.

    python tests/model/names/derive.py            # writes tests/data/names/*.json anew
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
from architectures import ARCHITECTURES, EXPERTS, build
from owners import OWNERS

DATA = Path(__file__).parents[2] / "data" / "names"
_STEP = 64  # marks for one parameter: twice the number of experts at least


class Expected(NamedTuple):
    """What one stored tensor has to come out as."""

    name: str
    stack: str
    layer: int | None
    role: str
    kind: str
    expert: int | None
    shape: tuple[int, ...]


def derive(architecture: str) -> list[Expected]:
    """Return what every stored tensor of a small random model is."""
    import torch

    model = build(architecture)
    parameters = dict(model.state_dict(keep_vars=True))
    order = list(parameters)
    with torch.no_grad():
        for number, name in enumerate(order):
            mark(parameters[name], number * _STEP)
    roles = Roles(model)
    stored = stored_tensors(model)
    return [expect(name, tensor, order, parameters, roles) for name, tensor in stored.items()]


def stored_tensors(model: Any) -> dict[str, Any]:
    """Return what `save_pretrained` writes."""
    from transformers.core_model_loading import revert_weight_conversion

    return dict(revert_weight_conversion(model, model.state_dict()))


def mark(tensor: Any, base: int) -> None:
    """Fill a parameter with its mark; a bank of experts with one for each expert and half."""
    tensor.fill_(base)
    if tensor.dim() == 3 and tensor.shape[0] == EXPERTS:
        for expert in range(EXPERTS):
            tensor[expert] = base + 2 * expert
            if tensor.shape[1] % 2 == 0:
                tensor[expert, tensor.shape[1] // 2 :] += 1


def expect(
    name: str, tensor: Any, order: list[str], parameters: dict[str, Any], roles: Roles
) -> Expected:
    """Return what a stored tensor is, from the marks it holds."""
    marks = sorted({int(value) for value in tensor.flatten().tolist()})
    number = marks[0] // _STEP
    tied = [known for known in order if parameters[known] is parameters[order[number]]]
    alike = [known for known in tied if known.split(".")[-2:] == name.split(".")[-2:]]
    path = name if name in parameters else (alike or tied)[0]
    kind = "bias" if path.endswith("bias") else "weight"
    stack, layer, role = roles.of(path)
    expert = None
    if role.startswith("experts."):
        inside = {value % _STEP for value in marks}
        experts, halves = {value // 2 for value in inside}, {value % 2 for value in inside}
        if len(experts) == 1 and tensor.dim() < parameters[path].dim():
            expert = experts.pop()
        if role == "experts.gate_up" and len(halves) == 1 and kind == "weight":
            role = ("experts.gate", "experts.up")[halves.pop()]
    return Expected(name, stack, layer, role, kind, expert, tuple(tensor.shape))


class Roles:
    """The roles of a model's parameters, from its module tree."""

    def __init__(self, model: Any) -> None:
        self.modules = dict(model.named_modules())
        self.model = model
        self.input = model.get_input_embeddings() if hasattr(model, "lm_head") else None
        self.output = model.get_output_embeddings()
        language = self.language_model()
        self.norms = {} if language is None else flow_of_norms(model, language)

    def language_model(self) -> str | None:
        """Return the name of the module that token ids alone run through; None if there is none."""
        kind = type(self.model).__name__
        if "model.language_model" in self.modules:
            return "model.language_model"
        return "" if kind.endswith(("ForCausalLM", "LMHeadModel")) else None

    def of(self, path: str) -> tuple[str, int | None, str]:
        """Return the stack, layer and role of a parameter."""
        chain = list(self.ancestors(path))
        at = next((at for at, (_, name) in enumerate(chain) if self.is_block(name)), None)
        layer = None if at is None else int(chain[at][0])
        stack = self.stack(path, chain)
        role = self.role(path, chain, inside=at is not None)
        shared = at is None and stack == "text" and self.model.config.is_encoder_decoder
        if shared and role in ("embedding.token", "head"):
            stack = "decoder" if role == "head" else ""
        return stack, layer, role

    def ancestors(self, path: str) -> Iterator[tuple[str, str]]:
        """Yield `(attribute, full name)` of every module that leads to a parameter."""
        words = path.split(".")
        for at in range(1, len(words)):
            name = ".".join(words[:at])
            if name in self.modules:
                yield words[at - 1], name

    def class_of(self, name: str) -> str:
        """Return the name of a module's class."""
        return type(self.modules[name]).__name__

    def is_block(self, name: str) -> bool:
        """Tell whether a module is one of a list of layers, not of experts or of halves."""
        parent = name.rpartition(".")[0]
        is_listed = parent in self.modules and self.class_of(parent) == "ModuleList"
        return is_listed and re.search(r"(Layer|Block)(?!\w*Norm)", self.class_of(name)) is not None

    def stack(self, path: str, chain: list[tuple[str, str]]) -> str:
        """Return the stack that the classes around a parameter speak of."""
        told = {"visual_projection": "vision"}.get(path.partition(".")[0], "")
        for _, name in [("", ""), *chain]:
            module, kind = self.modules[name], self.class_of(name)
            if re.search(r"Projector|Merger", kind):
                return "projector"
            if re.search(
                r"Vision(Model|Transformer|Encoder)|VisionTransformerPretrained"
                r"|(ViT|Dinov2|Siglip\w*Vision)\w*(Model|Classification)",
                kind,
            ):
                told = told or "vision"
            if self.model.config.is_encoder_decoder and kind.endswith(("Encoder", "Decoder")):
                told = told or ("encoder" if kind.endswith("Encoder") else "decoder")
            if kind == "T5Stack":
                told = "decoder" if module.is_decoder else "encoder"
        return told or "text"

    def role(self, path: str, chain: list[tuple[str, str]], *, inside: bool) -> str:
        """Return the role, from the nearest class that the table knows."""
        names = [name for _, name in chain]
        if not inside and names:
            if self.modules[names[-1]] is self.input:
                return "embedding.token"
            if self.modules[names[-1]] is self.output:
                return "head"
        if inside and names[-1] in self.norms:
            return self.norms[names[-1]]
        for name in [*sorted(names, key=self.is_whole, reverse=True)[:1], *reversed(names), ""]:
            rest = path[len(name) :].lstrip(".")
            for leaf in (rest, re.sub(r"\.?(weight|bias)$", "", rest)):
                for pattern, table in OWNERS:
                    if leaf in table and re.fullmatch(pattern, self.class_of(name)):
                        return self.crossed(table[leaf], names)
        kinds = [self.class_of(name) for name in names]
        raise LookupError(f"{path}: no owner among {kinds} is in the table")

    def is_whole(self, name: str) -> bool:
        """Tell a module whose inside is told as one: a pooling head with an attention of its own."""
        return "PoolingHead" in self.class_of(name)

    def crossed(self, role: str, names: list[str]) -> str:
        """Tell an attention to the encoder from one to itself, and experts for all tokens."""
        words = {name.rpartition(".")[2] for name in names}
        kinds = {self.class_of(name) for name in names}
        cross = words & {"encoder_attn", "crossattention", "cross_attn", "EncDecAttention"}
        if role.startswith("attention") and (cross or "T5LayerCrossAttention" in kinds):
            return "cross_" + role
        if role.startswith("mlp.") and words & {"shared_expert", "shared_experts", "shared_mlp"}:
            return "shared_experts." + role.removeprefix("mlp.")
        return role


def flow_of_norms(model: Any, language: str) -> dict[str, str]:
    """Return the role of every norm of a block, from what it reads and who reads it."""
    import torch

    part = model.get_submodule(language)
    roles = Flow(part)
    handles = roles.listen()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.02)
        part(input_ids=torch.arange(2, 8).reshape(1, 6), use_cache=False)
    for handle in handles:
        handle.remove()
    marked = {name: roles.role(name) for name in roles.norms}
    with torch.no_grad():
        for number, tensor in enumerate(model.state_dict(keep_vars=True).values()):
            mark(tensor, number * _STEP)
    prefix = f"{language}." if language else ""
    return {prefix + name: role for name, role in marked.items() if role}


class Flow:
    """Listens to a forward pass: which tensors the parts of a block read and write."""

    def __init__(self, model: Any) -> None:
        self.read: dict[str, list[int]] = {}
        self.written: dict[str, list[int]] = {}
        self.kept: list[Any] = []  # so that no address is used twice
        self.parts: dict[str, str] = {}
        self.norms: list[str] = []
        self.modules: dict[str, Any] = {}
        for name, module in model.named_modules():
            parent, _, index = name.rpartition(".")
            if index.isdigit() and type(model.get_submodule(parent)).__name__ == "ModuleList":
                for attribute, child in module.named_children():
                    self.sort(f"{name}.{attribute}", child)

    def sort(self, name: str, child: Any) -> None:
        """Note what a part of a block is."""
        kind = type(child).__name__
        self.modules[name] = child
        if "Norm" in kind:
            self.norms.append(name)
        elif re.search(r"Attention|Mixer|DeltaNet|Mamba|ShortConv|TimeMix", kind):
            self.parts[name] = "attention"
        else:
            self.parts[name] = "mlp"

    def listen(self) -> list[Any]:
        """Hook every part and norm."""
        return [
            module.register_forward_hook(self.hook(name), with_kwargs=True)
            for name, module in self.modules.items()
        ]

    def hook(self, name: str) -> Any:
        """Return a hook that notes where the tensors lie that a module reads and writes."""

        def note(_: Any, args: Any, kwargs: Any, output: Any) -> None:
            outputs = output if isinstance(output, tuple) else (output,)
            self.note(self.read, name, [*args, *kwargs.values()])
            self.note(self.written, name, outputs[:1])

        return note

    def note(self, place: dict[str, list[int]], name: str, values: Any) -> None:
        """Note where the tensors among some values lie."""
        tensors = [value for value in values if hasattr(value, "data_ptr")]
        self.kept += tensors
        place.setdefault(name, []).extend(tensor.data_ptr() for tensor in tensors)

    def role(self, norm: str) -> str:
        """Return the role of a norm; nothing for one that was never called."""
        block = norm.rpartition(".")[0]
        parts = {n: kind for n, kind in self.parts.items() if n.rpartition(".")[0] == block}
        read, written = set(self.read.get(norm, ())), set(self.written.get(norm, ()))
        for wanted in ("attention", "mlp"):
            for name, kind in parts.items():
                if kind == wanted and written & set(self.read.get(name, ())):
                    return f"{kind}_norm"
        for wanted in ("attention", "mlp"):
            for name, kind in parts.items():
                if kind == wanted and read & set(self.written.get(name, ())):
                    return f"{kind}_post_norm"
        return ""


def pack(expected: list[Expected]) -> list[list[Any]]:
    """Fold tensors that differ in layer and expert only into one line."""
    lines: dict[tuple[Any, ...], tuple[set[int], set[int]]] = {}
    for name, stack, layer, role, kind, expert, shape in expected:
        template = name
        if expert is not None:
            template = re.sub(rf"(experts\.){expert}(?=\.)", r"\1{E}", template)
        if layer is not None:
            template = re.sub(rf"(?<=\.){layer}(?=\.)", "{L}", template, count=1)
        layers, experts = lines.setdefault((template, stack, role, kind, shape), (set(), set()))
        layers |= set() if layer is None else {layer}
        experts |= set() if expert is None else {expert}
    return [[*key, sorted(ls), sorted(es)] for key, (ls, es) in lines.items()]


def unpack(lines: list[list[Any]]) -> list[Expected]:
    """Return the tensors that `pack` folded."""
    return [
        Expected(
            template.replace("{L}", str(layer)).replace("{E}", str(expert)),
            stack, layer, role, kind, expert, tuple(shape),
        )
        for template, stack, role, kind, shape, layers, experts in lines
        for layer in layers or [None]
        for expert in experts or [None]
    ]  # fmt: skip


def write(architecture: str) -> None:
    """Write what one architecture has to come out as."""
    lines = ",\n".join(json.dumps(line) for line in pack(derive(architecture)))
    (DATA / f"{architecture}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    DATA.mkdir(parents=True, exist_ok=True)
    for chosen in sys.argv[1:] or ARCHITECTURES:
        write(chosen)

"""Makes `vectors/`: little checkpoints, quantised and dequantised by the libraries people use.

Run as `python make_vectors.py FOLDER…`, where the folders hold what is not installed. The files in the
repository were made with AutoAWQ 0.2.9, AutoGPTQ 0.7.1, GPTQModel 7.7.0, bitsandbytes 0.50.2, MLX
0.32.4, compressed-tensors 0.20.0 and transformers 5.23.0, all on a CPU. Of these only the modules that
pack and unpack are run; whatever else they import and is not here is replaced by nothing.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import json
import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import torch
from safetensors.torch import save_file

HERE = Path(__file__).with_name("vectors")
LAYER = "model.layers.0.self_attn.q_proj"
OUT, IN = 32, 128
#: What the libraries import and do not need here.
ABSENT = frozenset(
    ("accelerate", "datasets", "defuser", "device_smi", "dill", "evalution", "gekko", "kernels",
     "logbar", "maturin", "optimum", "pcre", "peft", "random_word", "rouge", "sentencepiece",
     "threadpoolctl", "tokenicer", "torchao", "zstandard")
)  # fmt: skip
Case = tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]


class Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands for packages that are not here."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Find a package that nobody else has found."""
        absent = name.partition(".")[0] in ABSENT
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if absent else None

    def create_module(self, spec: Any) -> Any:
        """Return something that has every attribute."""
        made = MagicMock(name=spec.name)
        made.__spec__, made.__path__, made.__name__ = spec, [], spec.name
        return made

    def exec_module(self, module: Any) -> None:
        """Do nothing."""


def weights(seed: int, *shape: int) -> torch.Tensor:
    """Return weights such as models have: rows and columns of their own size."""
    random = np.random.default_rng(seed)
    rows = np.exp(random.normal(-4, 0.5, (*shape[:-1], 1)))
    columns = np.exp(random.normal(0, 0.3, shape[-1]))
    return torch.from_numpy((random.standard_normal(shape) * rows * columns).astype(np.float32))


def linear(seed: int) -> torch.nn.Linear:
    """Return a layer without bias."""
    made = torch.nn.Linear(IN, OUT, bias=False)
    made.weight.data = weights(seed, OUT, IN)
    return made


def affine(weight: torch.Tensor, bits: int, group: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return scales and zeros of groups of inputs, (out, groups)."""
    apart = weight.reshape(weight.shape[0], -1, group)
    least, most = apart.amin(-1).clamp(max=0), apart.amax(-1).clamp(min=0)
    scales = ((most - least) / ((1 << bits) - 1)).half().float()
    return scales, (-least / scales).round().clamp(0, (1 << bits) - 1)


def awq() -> Case:
    """AutoAWQ: WQLinear_GEMM.from_linear, dequantize_gemm."""
    gemm: Any = importlib.import_module("awq.modules.linear.gemm")
    layer, group = linear(1), 32
    scales, zeros = affine(layer.weight.data, 4, group)
    gemm.get_best_device = lambda: "cpu"
    made = gemm.WQLinear_GEMM.from_linear(
        layer, 4, group, scales=scales.t().contiguous(), zeros=zeros.t().contiguous()
    )
    tensors = {name: getattr(made, name) for name in ("qweight", "qzeros", "scales")}
    values = gemm.dequantize_gemm(*tensors.values(), 4, group).t()
    told = {"quant_method": "awq", "bits": 4, "group_size": group, "version": "gemm"}
    return under(LAYER, tensors), {f"{LAYER}.weight": values}, {"quantization_config": told}


def auto_gptq(bits: int, *, ordered: bool) -> Case:
    """AutoGPTQ: QuantLinear.pack of qlinear_cuda_old; its forward pass of every unit vector."""
    for name in ("auto_gptq", "auto_gptq.nn_modules", "auto_gptq.nn_modules.qlinear"):
        package = types.ModuleType(name)
        (found,) = [Path(at, *name.split(".")) for at in sys.path if Path(at, "auto_gptq").is_dir()]
        package.__path__ = [str(found)]
        sys.modules[name] = package
    old = importlib.import_module("auto_gptq.nn_modules.qlinear.qlinear_cuda_old")
    layer, group = linear(2), 32
    scales, zeros = affine(layer.weight.data, bits, group)
    index = torch.arange(IN) // group
    if not ordered:
        index = index[torch.from_numpy(np.random.default_rng(0).permutation(IN))]
    made = old.QuantLinear(bits, group, IN, OUT, bias=False, weight_dtype=torch.float32)
    made.pack(layer, scales, zeros, index.int())
    made.scales = made.scales.float()
    made.autogptq_cuda_available = False
    tensors = {name: getattr(made, name) for name in ("qweight", "qzeros", "scales", "g_idx")}
    values = made(torch.eye(IN)).t()
    told = {"quant_method": "gptq", "bits": bits, "group_size": group, "desc_act": not ordered}
    return under(LAYER, tensors), {f"{LAYER}.weight": values}, {"quantization_config": told}


def gptqmodel() -> Case:
    """GPTQModel, version 2: TorchLinear.pack, dequantize_weight."""
    module = importlib.import_module("gptqmodel.nn_modules.qlinear.torch")
    layer, group = linear(3), 64
    scales, zeros = affine(layer.weight.data, 4, group)
    index = torch.arange(IN) // group
    made = module.TorchLinear(
        bits=4, group_size=group, sym=False, desc_act=False, in_features=IN, out_features=OUT
    )
    made.pack_original(layer, scales, zeros, index.int())
    tensors = {name: getattr(made, name) for name in ("qweight", "qzeros", "scales", "g_idx")}
    made.eval()
    made._triton_dequant_enabled = False
    made.optimize = lambda *_, **__: None
    made.post_init()
    values = made.dequantize_weight().t()
    told = {"quant_method": "gptq", "bits": 4, "group_size": group, "checkpoint_format": "gptq_v2"}
    return under(LAYER, tensors), {f"{LAYER}.weight": values}, {"quantization_config": told}


def bnb(kind: str, *, nested: bool) -> Case:
    """bitsandbytes: quantize_4bit, QuantState.as_dict, dequantize_4bit."""
    functional = importlib.import_module("bitsandbytes.functional")
    codes, state = functional.quantize_4bit(
        weights(4, *((48, 640) if nested else (OUT, IN))),
        blocksize=64,
        quant_type=kind,
        compress_statistics=nested,
    )
    values = functional.dequantize_4bit(codes, state)
    kept = {name: one.clone() for name, one in state.as_dict(packed=True).items()}
    tensors = {f"{LAYER}.weight": codes, **under(f"{LAYER}.weight", kept)}
    return tensors, {f"{LAYER}.weight": values}, {}


def bnb_int8() -> Case:
    """bitsandbytes: int8_vectorwise_quant, int8_vectorwise_dequant."""
    functional = importlib.import_module("bitsandbytes.functional")
    codes, stats, _ = functional.int8_vectorwise_quant(weights(5, OUT, IN).half())
    tensors = {"weight": codes, "SCB": stats, "weight_format": torch.tensor(0, dtype=torch.uint8)}
    values = functional.int8_vectorwise_dequant(codes, stats)
    return under(LAYER, tensors), {f"{LAYER}.weight": values}, {}


def mlx(bits: int, group: int, mode: str) -> Case:
    """MLX: quantize, dequantize."""
    mx = importlib.import_module("mlx.core")
    parts = mx.quantize(mx.array(weights(6, OUT, 256).numpy()), group, bits, mode)
    values = mx.dequantize(*parts, group_size=group, bits=bits, mode=mode, dtype=mx.float32)
    names = ("weight", "scales", "biases")
    tensors = {
        name: torch.from_numpy(np.array(one)) for name, one in zip(names, parts, strict=False)
    }
    told = {"group_size": group, "bits": bits, "mode": mode}
    named = {f"{LAYER}.weight": torch.from_numpy(np.array(values))}
    return under(LAYER, tensors), named, {"quantization": told}


def compressed(kind: str, weight: Mapping[str, Any]) -> Case:
    """compressed-tensors: compress and decompress of the compressors."""
    library = importlib.import_module("compressed_tensors.compressors")
    quantization = importlib.import_module("compressed_tensors.quantization")
    utilities = importlib.import_module("compressed_tensors.quantization.utils")
    values = weights(7, OUT, IN) if kind != "FloatQuantization" else weights(7, 160, 200)
    args = quantization.QuantizationArgs(**weight)
    scheme = quantization.QuantizationScheme(targets=["Linear"], weights=args)
    apart = blocks_of(values, weight)
    more = {}
    if kind == "NVFP4Packed":
        more["global_scale"] = (6 * 448 / values.abs().max()).reshape(1)
    scales, zeros = utilities.calculate_qparams(apart.amin(-1), apart.amax(-1), args, **more)
    scales = scales if scales.ndim else scales.reshape(1)
    state = {"weight": values, "weight_scale": scales, "weight_zero_point": zeros}
    state |= {f"weight_{name}": one for name, one in more.items()}
    compressor = getattr(library, f"{kind}Compressor")
    packed = compressor.compress(state, scheme)
    again = compressor.decompress(dict(packed), scheme)["weight"]
    told = {"num_bits": args.num_bits, "group_size": args.group_size, "symmetric": args.symmetric}
    told["block_structure"] = weight.get("block_structure")
    groups = {"group_0": {"targets": ["Linear"], "weights": told}}
    config = {"quant_method": "compressed-tensors", "config_groups": groups}
    kept = {
        name: one for name, one in packed.items() if args.symmetric is False or "zero" not in name
    }
    return under(LAYER, kept), {f"{LAYER}.weight": again}, {"quantization_config": config}


def blocks_of(values: torch.Tensor, weight: Mapping[str, Any]) -> torch.Tensor:
    """Return the elements that share a scale, along the last axis."""
    if weight["strategy"] == "tensor":
        return values.reshape(-1)
    if weight["strategy"] == "channel":
        return values[:, None]
    if weight["strategy"] == "block":
        tall, wide = weight["block_structure"]
        rows, columns = (-n % size for n, size in zip(values.shape, (tall, wide), strict=True))
        padded = torch.nn.functional.pad(values, (0, columns, 0, rows))
        apart = padded.reshape(padded.shape[0] // tall, tall, -1, wide)
        return apart.transpose(1, 2).flatten(2)
    return values.reshape(values.shape[0], -1, weight["group_size"])


def gpt_oss() -> Case:
    """gpt-oss: convert_moe_packed_tensors of transformers."""
    module = importlib.import_module("transformers.integrations.mxfp4")
    random, name = np.random.default_rng(8), "model.layers.0.mlp.experts.gate_up_proj"
    blocks = torch.from_numpy(random.integers(0, 256, (2, 24, 3, 16), np.uint8))
    scales = torch.from_numpy(random.integers(110, 125, (2, 24, 3), np.uint8))
    values = module.convert_moe_packed_tensors(blocks, scales, dtype=torch.float32)
    tensors = {f"{name}_blocks": blocks, f"{name}_scales": scales}
    return tensors, {name: values}, {"quantization_config": {"quant_method": "mxfp4"}}


def deepseek(*, fours: bool) -> Case:
    """DeepSeek: Fp8Dequantize of transformers, which also reads weights of 4 bits."""
    module = importlib.import_module("transformers.integrations.finegrained_fp8")
    random = np.random.default_rng(9)
    codes = random.integers(0, 256, (160, 128) if fours else (256, 128), np.uint8)
    codes[(codes & 127) == 127] = 0
    if fours:
        stored = torch.from_numpy(codes.view(np.int8))
        scales = torch.from_numpy(random.integers(110, 130, (160, 8), np.uint8))
        scales = scales.view(torch.float8_e8m0fnu)
    else:
        stored = torch.from_numpy(codes).view(torch.float8_e4m3fn)
        scales = weights(10, 2, 1).abs()
    quantizer = MagicMock()
    quantizer.quantization_config.weight_block_size = [128, 128]
    dequantize = module.Fp8Dequantize(quantizer)._dequantize_one
    values = dequantize(stored, scales, output_dtype=torch.float32)
    tensors = {"weight": stored, "weight_scale_inv": scales}
    told = {"quant_method": "fp8", "weight_block_size": [128, 128]}
    return under(LAYER, tensors), {f"{LAYER}.weight": values}, {"quantization_config": told}


def under(stem: str, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Return tensors by their full names."""
    return {f"{stem}.{name}": one for name, one in tensors.items()}


GROUPS = {"strategy": "group", "group_size": 32, "type": "int"}
CASES: dict[str, Callable[[], Case]] = {
    "awq": awq,
    "gptq-4": lambda: auto_gptq(4, ordered=True),
    "gptq-4-act-order": lambda: auto_gptq(4, ordered=False),
    "gptq-8": lambda: auto_gptq(8, ordered=True),
    "gptq-v2": gptqmodel,
    "bnb-nf4-nested": lambda: bnb("nf4", nested=True),
    "bnb-fp4": lambda: bnb("fp4", nested=False),
    "bnb-int8": bnb_int8,
    "mlx-2-32": lambda: mlx(2, 32, "affine"),
    "mlx-3-64": lambda: mlx(3, 64, "affine"),
    "mlx-4-64": lambda: mlx(4, 64, "affine"),
    "mlx-5-32": lambda: mlx(5, 32, "affine"),
    "mlx-6-128": lambda: mlx(6, 128, "affine"),
    "mlx-8-64": lambda: mlx(8, 64, "affine"),
    "mlx-mxfp4": lambda: mlx(4, 32, "mxfp4"),
    "mlx-nvfp4": lambda: mlx(4, 16, "nvfp4"),
    "mlx-mxfp8": lambda: mlx(8, 32, "mxfp8"),
    "ct-int4": lambda: compressed("PackedQuantization", {"num_bits": 4, "symmetric": True, **GROUPS}),
    "ct-int4-zeros": lambda: compressed(
        "PackedQuantization", {"num_bits": 4, "symmetric": False, **GROUPS}
    ),
    "ct-int8-packed": lambda: compressed(
        "PackedQuantization", {"num_bits": 8, "strategy": "channel", "type": "int"}
    ),
    "ct-int8": lambda: compressed(
        "IntQuantization", {"num_bits": 8, "strategy": "channel", "type": "int"}
    ),
    "ct-fp8": lambda: compressed(
        "FloatQuantization", {"num_bits": 8, "strategy": "tensor", "type": "float"}
    ),
    "ct-fp8-channel": lambda: compressed(
        "FloatQuantization", {"num_bits": 8, "strategy": "channel", "type": "float"}
    ),
    "ct-nvfp4": lambda: compressed(
        "NVFP4Packed",
        {"num_bits": 4, "strategy": "tensor_group", "group_size": 16, "type": "float",
         "scale_dtype": torch.float8_e4m3fn},
    ),
    "ct-mxfp4": lambda: compressed(
        "MXFP4Packed",
        {"num_bits": 4, "strategy": "group", "group_size": 32, "type": "float",
         "scale_dtype": torch.uint8},
    ),
    "gpt-oss": gpt_oss,
    "deepseek": lambda: deepseek(fours=False),
    "deepseek-fp4": lambda: deepseek(fours=True),
}  # fmt: skip


def main(folders: list[str]) -> None:
    """Write a folder per case."""
    sys.path += folders
    sys.meta_path.append(Absent())
    for name, make in CASES.items():
        tensors, values, config = make()
        folder = HERE / name
        folder.mkdir(parents=True, exist_ok=True)
        kept = {key: one.detach().contiguous().clone() for key, one in tensors.items()}
        save_file(kept, folder / "model.safetensors")
        folder.joinpath("config.json").write_text(json.dumps(config) + "\n")
        told = {key: one.detach().float().numpy() for key, one in values.items()}
        (kind,) = {str(one.dtype).removeprefix("torch.") for one in values.values()}
        np.savez_compressed(folder.with_suffix(".npz"), **told, dtype=np.array(kind))


if __name__ == "__main__":
    main(sys.argv[1:])

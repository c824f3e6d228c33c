"""Fuzz the formats: damaged files end in a sentence or in a valid document, and nothing else.

    python tests/fuzz/formats.py [--seconds 1800] [--seed 0] [--format gguf]

Without more it damages valid files at random, for as long as it is told. With `atheris` installed,
`--atheris` lets coverage guide the damage instead; what follows is handed to libFuzzer. A finding is
written to the current folder and ends the run with exit code 1.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import random
import struct
import sys
import time
import tracemalloc
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

from arbvis_core.api import Document, Format, FormatError, Group
from arbvis_core.registry.probe import SourceProbe
from arbvis_core.testing import MemorySource, check_documents, region_values
from arbvis_core.testing.documents import decoders_with
from modelweightvis.formats import FORMATS

#: Bytes that parsing may hold at once besides 64 times the file, and seconds that it may take.
MEMORY, SECONDS = 16 << 20, 20
#: Numbers that programs stumble over.
NUMBERS = (0, 1, 2**7, 2**8 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1)
LENGTHS = (0, 1, 2, 3, 4, 7, 8, 16, 32, 64, 65, 128)
SIZES = {"F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "U32": 4, "U8": 1, "I8": 1, "F8_E4M3": 1,
         "F8_E8M0": 1}  # fmt: skip
#: Weights in many tensors, one of each family.
PACKED: dict[str, tuple[str, list[int]]] = {
    "a.qweight": ("I32", [4, 8]), "a.qzeros": ("I32", [1, 1]), "a.scales": ("F16", [1, 8]),
    "a.g_idx": ("I32", [32]),
    "b.weight": ("F8_E4M3", [64, 65]), "b.weight_scale_inv": ("F32", [2, 3]),
    "c.weight": ("U8", [32, 1]), "c.weight.absmax": ("F32", [1]),
    "c.weight.quant_map": ("F32", [16]),
    "c.weight.quant_state.bitsandbytes__nf4": ("U8", [36]),
    "d.weight": ("U32", [2, 2]), "d.scales": ("F16", [2, 1]), "d.biases": ("F16", [2, 1]),
    "e_blocks": ("U8", [1, 2, 1, 16]), "e_scales": ("U8", [1, 2, 1]),
    "f.weight_packed": ("I32", [8, 4]), "f.weight_scale": ("BF16", [8, 1]),
    "f.weight_shape": ("I64", [2]), "f.weight_zero_point": ("I32", [1, 1]),
    "g.weight": ("I8", [4, 8]), "g.SCB": ("F32", [4]), "g.weight_format": ("U8", []),
    "h.weight": ("U8", [4, 16]), "h.weight_scale": ("F8_E4M3", [4, 2]),
    "h.weight_scale_2": ("F32", []), "h.input_scale": ("F32", []),
    "k.qweight": ("I32", [32, 1]), "k.qzeros": ("I32", [1, 1]), "k.scales": ("F16", [1, 8]),
}  # fmt: skip
STATE = '{"shape": [8, 8], "blocksize": 64}'
CONFIGS: tuple[dict[str, Any], ...] = (
    {},
    {"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 32}},
    {"quantization_config": {"weight_block_size": [32, 32], "desc_act": False}},
    {"quantization": {"bits": 4, "group_size": 64, "d": {"bits": 2, "group_size": 32}}},
    {
        "quantization_config": {
            "config_groups": {"a": {"weights": {"num_bits": 4, "group_size": 8}}}
        }
    },
)
TOKENS = (b"{", b"}", b"[", b'"', b"\\ud800", b"PK\1\2", b"PK\5\6", b"GGUF", b"(", b"R", b"b", b".")


def gguf_sample() -> bytes:
    """Return a file with facts of every kind and two tensors."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    facts = [
        text("general.alignment") + struct.pack("<II", 4, 32),
        text("tokens") + struct.pack("<IIQ", 9, 8, 3) + text("a") + text("b") + text("c"),
        text("scores") + struct.pack("<IIQ4f", 9, 6, 4, 1, 2, 3, 4),
        text("split.no") + struct.pack("<IH", 2, 0),
    ]
    entries = [
        text("blk.0.attn_q.weight") + struct.pack("<IQQIQ", 2, 32, 4, 2, 0),
        text("output_norm.weight") + struct.pack("<IQIQ", 1, 8, 0, 96),
    ]
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(entries), len(facts))
    head += b"".join(facts) + b"".join(entries)
    return head + bytes(-len(head) % 32) + bytes(range(128))


def safetensors_sample() -> bytes:
    """Return a file with three tensors and strings."""
    header = (
        b'{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},'
        b'"b":{"dtype":"F4","shape":[4,2],"data_offsets":[24,28]},'
        b'"c":{"dtype":"X","shape":[],"data_offsets":[28,32]}}'
    )
    return struct.pack("<Q", len(header)) + header + bytes(range(32))


def packed_file(
    tensors: dict[str, tuple[str, list[int]]], state: str, shape: tuple[int, int], noise: bytes
) -> bytes:
    """Return a valid file of tensors, given their types and shapes by name.

    Args:
        tensors: their types and shapes, by name.
        state: what bitsandbytes says of a weight.
        shape: what compressed-tensors says of one.
        noise: what is in the others.
    """
    header, data = {}, b""
    for name, (dtype, lengths) in tensors.items():
        size = prod(lengths) * SIZES[dtype]
        told = state.encode() if "quant_state" in name else struct.pack("<2q", *shape)
        held = told if name.endswith(("nf4", "weight_shape")) else noise * (size // len(noise) + 1)
        data += held.ljust(size)[:size]
        offsets = [len(data) - size, len(data)]
        header[name] = {"dtype": dtype, "shape": lengths, "data_offsets": offsets}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def packed_files(pick: random.Random) -> bytes:
    """Return a valid file of weights in many tensors, some of which have another shape or type."""
    tensors = {}
    for name, (dtype, shape) in PACKED.items():
        if pick.random() < 0.9:
            kind = pick.choice(list(SIZES)) if pick.random() < 0.05 else dtype
            lengths = [pick.choice(LENGTHS) if pick.random() < 0.03 else one for one in shape]
            tensors[name] = (kind, lengths)
    odd = [pick.choice(LENGTHS) if pick.random() < 0.2 else one for one in (8, 8, 64, 32)]
    state = json.dumps({"shape": odd[:2], "blocksize": odd[2]})
    noise = pick.choice((b"\x77", b"\x88", pick.randbytes(64)))
    return packed_file(tensors, state, (8, odd[3]), noise)


def npz_sample() -> bytes:
    """Return an archive of two arrays."""
    import numpy as np

    file = io.BytesIO()
    np.savez(file, a=np.ones((2, 3), "<f4"), b=np.asfortranarray(np.ones((3, 2), "<i2")))
    return file.getvalue()


@cache
def torch_samples() -> list[bytes]:
    """Return what torch saves of tensors: plain ones, and one of every way to make one anew."""
    import torch

    base = torch.arange(6.0).reshape(2, 3)
    plain = {"a": base, "b": base.t(), "c": torch.ones(2).half()}
    stated, noted = torch.nn.Parameter(torch.ones(3)), base[:1].clone()
    stated.told = noted.told = {"of": "it"}  # type: ignore[attr-defined]
    with warnings.catch_warnings(action="ignore"):  # torch will not make them for ever
        quantised = torch.quantize_per_tensor(base, 0.1, 0, torch.qint8)
    every = OrderedDict(
        parameter=torch.nn.Parameter(base),
        stated=stated,
        noted=noted,
        typed=base.to(torch.uint16),
        quantised=quantised,
        sparse=base.to_sparse(),
        shape=base.shape,
        storage=torch.ones(4).untyped_storage(),
        module=torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)),
        optimizer=torch.optim.Adam([stated]).state_dict(),
        numbers=[{1, 2.5}, (None, True), b"bytes", 1 << 70],
    )
    every.told = {"version": 1}  # type: ignore[attr-defined]
    return [
        saved({"state_dict": plain}, legacy=False),
        saved({"state_dict": plain}, legacy=True),
        saved(every, legacy=False),
        saved(every, legacy=True),
    ]


def saved(value: object, *, legacy: bool) -> bytes:
    """Return what torch saves of a value."""
    import torch

    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


def samples(name: str) -> list[bytes]:
    """Return valid files of a format."""
    with suppress(ImportError):
        return {
            "safetensors": lambda: [
                safetensors_sample(),
                packed_file(PACKED, STATE, (8, 32), b"\x77"),
            ],
            "gguf": lambda: [gguf_sample()],
            "npz": lambda: [npz_sample()],
            "pytorch": torch_samples,
        }[name]()
    return []


def damaged(pick: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """Return a file with a few bytes, numbers, runs or pieces of another file put in."""
    data = bytearray(content)
    for _ in range(pick.choice((1, 1, 1, 2, 3, 8))):
        place = pick.randrange(len(data) + 1)
        kind = pick.randrange(6)
        if kind == 0 and place < len(data):
            data[place] = pick.randrange(256)
        elif kind == 1:
            width = pick.choice((1, 2, 4, 8))
            number = pick.choice(NUMBERS) % 2 ** (8 * width)
            data[place : place + width] = number.to_bytes(width, "little")
        elif kind == 2:
            del data[place : place + pick.choice((1, 2, 4, 8, 64))]
        elif kind == 3:
            data[place:place] = pick.choice(TOKENS) * pick.choice((1, 2, 100))
        elif kind == 4:
            other = pick.choice(others)
            start = pick.randrange(len(other) + 1)
            data[place:place] = other[start : start + pick.choice((4, 16, 64))]
        else:
            del data[place:]
            data += bytes(pick.choice((0, 0, 1, 64)))
    return bytes(data)


def check(one: Format, decoders: Any, content: bytes) -> None:
    """Parse a file, and decode what is small.

    Raises:
        AssertionError: it takes too much, or what comes of it is not valid.
        Exception: whatever is not a sentence.
    """
    source = MemorySource("file", content)
    if not one.matches(SourceProbe(source)):
        return
    sentence, documents = "", list[Document]()
    tracemalloc.start()
    began = time.monotonic()
    try:
        config = json.dumps(CONFIGS[len(content) % len(CONFIGS)]).encode()
        documents += one.parse(Group("memory", (source,), (MemorySource("config.json", config),)))
    except FormatError as error:
        sentence = str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= MEMORY + 64 * len(content), f"{peak} bytes to parse {len(content)}"
        assert time.monotonic() - began < SECONDS, "it takes too long"
    assert "\n" not in sentence, f"several lines: {sentence}"
    check_documents(documents, one.name, decoders)
    for document in documents:
        for region in document.regions[:40]:
            if prod(region.shape) <= 4096:
                region_values(region, document.sources, decoders)


def files(one: Format, seed: int) -> Iterator[bytes]:
    """Yield damaged files without end; those that are taken are damaged further."""
    pick = random.Random(seed)  # noqa: S311 - the same damage for the same seed
    pool = samples(one.name)
    while pool:
        shaped = one.name == "safetensors" and pick.random() < 0.5
        content = packed_files(pick) if shaped else damaged(pick, pick.choice(pool), pool)
        yield content
        if pick.random() < 0.002 and len(content) < 1 << 16:
            pool = [*samples(one.name), *pool[-100:], content]


def guarded(one: Format, decoders: Any) -> Callable[[bytes], None]:
    """Return a check that keeps what it finds."""

    def run(content: bytes) -> None:
        try:
            check(one, decoders, content)
        except BaseException:
            path = Path(f"finding-{one.name}-{time.time_ns()}")
            path.write_bytes(content)
            sys.stderr.write(f"{path} is a finding of format {one.name}\n")
            raise

    return run


def by_chance(formats: list[Format], seconds: float, seed: int) -> None:
    """Damage files at random, the formats taking turns."""
    turns = [(one.name, files(one, seed), guarded(one, decoders_with(one))) for one in formats]
    counts = dict.fromkeys((name for name, _, _ in turns), 0)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for name, made, run in turns:
            content = next(made, None)
            if content is not None:
                run(content)
                counts[name] += 1
    told = ", ".join(f"{name}: {count} files" for name, count in counts.items())
    sys.stdout.write(f"{told}: no finding\n")


def by_coverage(one: Format, arguments: list[str]) -> None:
    """Let libFuzzer damage files."""
    atheris = importlib.import_module("atheris")

    for number, content in enumerate(samples(one.name)):
        folder = Path(f"corpus-{one.name}")
        folder.mkdir(exist_ok=True)
        folder.joinpath(f"sample-{number}").write_bytes(content)
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], f"corpus-{one.name}", *arguments], guarded(one, decoders_with(one)))
    atheris.Fuzz()


def main() -> None:
    """Fuzz what the command line says."""
    names = [one.name for one in FORMATS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1800)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=names)
    parser.add_argument("--atheris", action="store_true")
    told, rest = parser.parse_known_args()
    formats = [one for one in FORMATS if told.format in {None, one.name}]
    if told.atheris:
        by_coverage(formats[0], rest)
    else:
        by_chance(formats, told.seconds, told.seed)


if __name__ == "__main__":
    main()

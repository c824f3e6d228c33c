"""Every tensor of many architectures, against tables made from transformers' module trees."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from modelweightvis.names import Name, parse_names


def load(name: str) -> ModuleType:
    """Return a module that lies beside this one, under a name of its own."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


derive = load("derive")
ARCHITECTURES = sorted(derive.ARCHITECTURES)


def stored(architecture: str) -> list[tuple[object, ...]]:
    """Return the lines of the table, in the form that the derivation has them."""
    path = derive.DATA / f"{architecture}.json"
    return [tuple(one) for one in derive.unpack(json.loads(path.read_text(encoding="utf-8")))]


def expected(architecture: str) -> list[tuple[object, ...]]:
    """Return what the tensors of an architecture have to come out as."""
    return [one[:-1] for one in stored(architecture)]


def told(name: Name) -> tuple[object, ...]:
    return (name.source, name.stack, name.layer, name.role, name.kind, name.expert)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_tensor_is_what_the_module_tree_says(architecture: str) -> None:
    wanted = expected(architecture)
    names = parse_names([str(one[0]) for one in wanted])
    assert [told(name) for name in names] == wanted


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_no_tensor_is_left_without_a_role(architecture: str) -> None:
    names = parse_names([str(one[0]) for one in expected(architecture)])
    assert [name.source for name in names if name.group in ("other", "outside")] == []


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_canonical_names_are_unique_and_blocks_are_ordered_alike(architecture: str) -> None:
    names = parse_names([str(one[0]) for one in expected(architecture)])
    assert len({name.canonical for name in names}) == len(names)
    ranks: dict[tuple[object, ...], int] = {}
    for layer in {(name.stack, name.layer) for name in names}:
        block = sorted((n for n in names if (n.stack, n.layer) == layer), key=lambda n: n.order)
        for name in block:
            ranks.setdefault((name.role, name.kind, name.expert), len(ranks))
            assert name.order == next(
                n.order for n in names if (n.role, n.kind, n.expert, n.layer is None)
                == (name.role, name.kind, name.expert, name.layer is None)
            )  # fmt: skip


def test_enough_of_them_were_held_out() -> None:
    held_out = sys.modules["architectures"].HELD_OUT
    assert len(held_out) >= 3
    assert set(held_out) <= set(ARCHITECTURES)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_tables_are_what_transformers_says_today(architecture: str) -> None:
    reason = "the derivation runs where torch and transformers are: pip install torch transformers"
    pytest.importorskip("torch", reason=reason)
    pytest.importorskip("transformers", reason=reason)
    derived = [tuple(one) for one in derive.unpack(derive.pack(derive.derive(architecture)))]
    assert sorted(derived, key=str) == sorted(stored(architecture), key=str)

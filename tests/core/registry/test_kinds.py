from __future__ import annotations

import ast
import inspect

from arbvis_core import hookspecs, protocols
from arbvis_core.registry import Registry
from arbvis_core.registry.kinds import DECODER, KINDS


def test_every_hook_has_its_kind_in_the_order_of_the_page() -> None:
    hooks = [name for name in vars(hookspecs) if name.startswith("arbvis_")]
    assert [kind.hook for kind in KINDS] == hooks


def test_every_kind_has_its_place_in_the_registry() -> None:
    assert {kind.field for kind in KINDS} <= set(Registry.__dataclass_fields__)


def test_what_has_no_default_in_its_protocol_is_required() -> None:
    modules = (protocols.stages, protocols.painting)
    found = [node for module in modules for node in ast.parse(inspect.getsource(module)).body]
    classes = {node.name: node for node in found if isinstance(node, ast.ClassDef)}
    for kind in (*KINDS, DECODER):
        if kind.protocol in {None, protocols.Command}:
            continue
        body = classes[kind.protocol.__name__].body  # type: ignore[union-attr]
        methods = [node for node in body if isinstance(node, ast.FunctionDef)]
        required = [node.name for node in methods if ast.unparse(node.body[-1]) == "..."]
        fields = [node for node in body if isinstance(node, ast.AnnAssign) and node.value is None]
        names = [node.target.id for node in fields if isinstance(node.target, ast.Name)]
        assert list(kind.methods) == required
        assert set(kind.attributes) == set(names) - {"name"}

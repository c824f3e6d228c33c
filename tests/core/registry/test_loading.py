from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from arbvis_core.errors import PluginError
from arbvis_core.registry import PluginInfo, Registry, load
from arbvis_core.values import Region

from .conftest import FORMAT

HOOKIMPL = "from arbvis_core import hookimpl\n"

#: What a plugin can get wrong, and words that its sentence must have.
BROKEN = {
    "import": ("import torch_that_is_not_there", "ModuleNotFoundError", "torch_that_is_not_there"),
    "syntax": ("def broken(:", "SyntaxError", "arbvis_bad.py"),
    "exit": ("import sys\nsys.exit(3)", "sys.exit(3)", "arbvis_bad.py:2"),
    "no hook": ("VALUE = 1", "fills no hook"),
    "unmarked": ("def arbvis_formats():\n    return []", "arbvis_formats", "@hookimpl"),
    "unknown hook": (
        HOOKIMPL + "@hookimpl\ndef arbvis_format():\n    return []",
        "arbvis_format;",
        "did you mean arbvis_formats?",
    ),
    "unknown hook beside a good one": (
        HOOKIMPL + "@hookimpl\ndef arbvis_layouts():\n    return []\n"
        "@hookimpl\ndef arbvis_spectra():\n    return []",
        "no hook named arbvis_spectra",
    ),
    "unknown argument": (
        HOOKIMPL + "@hookimpl\ndef arbvis_formats(registry):\n    return []",
        "registry",
        "hookspec",
    ),
    "raises": (
        HOOKIMPL + "@hookimpl\ndef arbvis_formats():\n    return [1 / 0]",
        "ZeroDivisionError",
        "arbvis_bad.py:4",
    ),
    "raises half-way": (
        HOOKIMPL + "@hookimpl\ndef arbvis_formats():\n    yield from ()\n    raise OSError('gone')",
        "OSError",
        "gone",
    ),
    "raises what is no Exception": (
        HOOKIMPL + "class Stop(BaseException): pass\nraise Stop('at once')",
        "Stop: at once (",
        "arbvis_bad.py:3)",
    ),
    "raises in a library": ("import json\njson.loads('{')", "JSONDecodeError", "arbvis_bad.py:2"),
    "exits in a hook": (
        HOOKIMPL + "@hookimpl\ndef arbvis_formats():\n    raise SystemExit('enough')",
        "sys.exit('enough')",
    ),
    "nothing": (HOOKIMPL + "@hookimpl\ndef arbvis_formats():\n    pass", "returned nothing"),
    "no list": (HOOKIMPL + "@hookimpl\ndef arbvis_formats():\n    return 7", "returned a int"),
    "wrong object": (
        HOOKIMPL + "@hookimpl\ndef arbvis_formats():\n    return ['toy']",
        "format str",
    ),
    "wrong command": (
        HOOKIMPL + "@hookimpl\ndef arbvis_commands():\n    return [print]",
        "no Command",
    ),
    "wrong option": (
        HOOKIMPL + "@hookimpl\ndef arbvis_options():\n    return [int]",
        "no dataclass",
    ),
}


def info(registry: Registry, name: str) -> PluginInfo:
    (found,) = [one for one in registry.plugins if one.name == name]
    return found


def objects(registry: Registry) -> set[tuple[str, str]]:
    fields = (
        registry.source_providers,
        registry.formats,
        registry.enrichers,
        registry.diff_builders,
        registry.derivations,
        registry.layouts,
        registry.renderers,
        registry.options,
        registry.commands,
    )
    return {(one.plugin, one.name) for field in fields for one in field}  # type: ignore[attr-defined]


def test_arbvis_itself_comes_through_the_hooks() -> None:
    registry = load(allow=())
    assert [one.name for one in registry.plugins] == ["arbvis"]
    assert info(registry, "arbvis").error is None
    assert {one.plugin for one in registry.formats} == {"arbvis"}
    assert {one.name for one in registry.formats} == {"raw"}
    assert info(registry, "arbvis").counts["source_providers"] == 2
    assert "arbvis_layouts" in info(registry, "arbvis").hooks
    assert "bytes" in registry.decoders
    assert not registry.faults


def test_an_installed_plugin_is_found(
    install: Callable[..., str], loaded: Callable[..., Registry], tmp_path: Path
) -> None:
    install("arbvis-toy", version="1.2.3")
    registry = loaded("arbvis-toy")
    found = info(registry, "arbvis-toy")
    assert found.version == "1.2.3"
    assert found.origin == "arbvis-toy (arbvis_toy)"
    assert Path(found.location) == tmp_path / "arbvis_toy.py"
    assert found.hooks == ("arbvis_formats",)
    assert found.counts == {"formats": 1}
    assert found.error is None
    assert ("arbvis-toy", "toy") in objects(registry)
    # The higher priority is asked first; what claims everything comes last.
    assert [one.name for one in registry.formats] == ["toy", "raw"]


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_named_and_left_out_whole(
    case: str, install: Callable[..., str], loaded: Callable[..., Registry]
) -> None:
    text, *words = BROKEN[case]
    install("arbvis-bad", text, version="0.2")
    install("arbvis-toy")
    registry = loaded("arbvis-bad", "arbvis-toy")
    found = info(registry, "arbvis-bad")
    for word in words:
        assert word in (found.error or "")
    assert "\n" not in (found.error or "")
    assert found.hooks == ()
    assert found.counts == {}
    assert not {plugin for plugin, _ in objects(registry)} & {"arbvis-bad"}
    assert {("arbvis-toy", "toy"), ("arbvis", "raw")} <= objects(registry)
    assert registry.faults == [f"plugin arbvis-bad 0.2 was left out: {found.error}"]


def test_what_a_plugin_prints_on_a_fault_is_bounded(
    install: Callable[..., str], loaded: Callable[..., Registry]
) -> None:
    install("arbvis-bad", "raise ValueError('x\\n' * 100_000)")
    error = info(loaded("arbvis-bad"), "arbvis-bad").error or ""
    assert error.startswith("ValueError: x x x")
    assert error.endswith("arbvis_bad.py:1)")
    assert len(error) < 1000


def test_ctrl_c_while_a_plugin_is_loaded_ends_the_program(
    install: Callable[..., str], loaded: Callable[..., Registry]
) -> None:
    install("arbvis-bad", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        loaded("arbvis-bad")


def test_strict_loading_raises_and_chains_the_cause(
    install: Callable[..., str],
    loaded: Callable[..., Registry],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install("arbvis-bad", "import torch_that_is_not_there", version="0.2")
    assert info(loaded("arbvis-bad"), "arbvis-bad").error
    monkeypatch.setenv("ARBVIS_STRICT", "1")
    with pytest.raises(PluginError, match=r"arbvis-bad 0\.2 .*torch_that_is_not_there") as raised:
        load(allow=("arbvis-bad",))
    assert isinstance(raised.value.__cause__, ModuleNotFoundError)


def test_the_second_object_of_a_name_is_the_fault_of_its_plugin(
    install: Callable[..., str], loaded: Callable[..., Registry]
) -> None:
    install("arbvis-a")
    install("arbvis-b")
    registry = loaded("arbvis-a", "arbvis-b")
    assert info(registry, "arbvis-a").error is None
    error = "format toy is there already, from plugin arbvis-a"
    assert info(registry, "arbvis-b").error == error
    assert ("arbvis-b", "toy") not in objects(registry)


def test_two_objects_of_a_name_in_one_plugin_clash(
    install: Callable[..., str], loaded: Callable[..., Registry]
) -> None:
    install(
        "arbvis-twice",
        """
        from arbvis_core.formats.raw import RawFormat
        from arbvis_core import hookimpl

        class Toy(RawFormat):
            name = "toy"

        @hookimpl
        def arbvis_formats():
            return [Toy(), Toy()]
        """,
    )
    assert "toy is there already" in (info(loaded("arbvis-twice"), "arbvis-twice").error or "")


OPTIONS = """
    from dataclasses import dataclass
    from typing import Annotated
    import typer
    from arbvis_core import hookimpl

    @dataclass(frozen=True)
    class {group}:
        {field}: Annotated[int, typer.Option()] = 3

    @hookimpl
    def arbvis_options():
        return [{group}]
"""


def test_a_flag_belongs_to_the_first_plugin_that_adds_it(
    install: Callable[..., str], loaded: Callable[..., Registry]
) -> None:
    install("arbvis-a", OPTIONS.format(group="First", field="toy_limit"))
    install("arbvis-b", OPTIONS.format(group="Second", field="toy_limit"))
    registry = loaded("arbvis-a", "arbvis-b")
    assert [one.name for one in registry.options] == ["First"]
    error = "option group Second adds the flag --toy-limit, which arbvis-a has already"
    assert info(registry, "arbvis-b").error == error


def test_a_flag_of_the_core_cannot_be_taken(
    install: Callable[..., str], loaded: Callable[..., Registry]
) -> None:
    install("arbvis-a", OPTIONS.format(group="Mine", field="out"))
    registry = loaded("arbvis-a")
    assert registry.options == ()
    assert "--out, which arbvis has already" in (info(registry, "arbvis-a").error or "")


COMMAND = """
    from arbvis_core import hookimpl
    from arbvis_core.protocols import Command

    @hookimpl
    def arbvis_commands():
        return [Command("{name}", "Does nothing.", lambda: print)]
"""


def test_a_command_of_the_core_cannot_be_taken(
    install: Callable[..., str], loaded: Callable[..., Registry]
) -> None:
    install("arbvis-a", COMMAND.format(name="plugins"))
    install("arbvis-b", COMMAND.format(name="toy"))
    registry = loaded("arbvis-a", "arbvis-b")
    assert [one.name for one in registry.commands] == ["toy"]
    assert info(registry, "arbvis-a").error == "command plugins is one of arbvis's own"


DECODER = """
    from arbvis_core.protocols import Decoder
    from arbvis_core.formats.raw import RawFormat
    from arbvis_core import hookimpl

    class Mine(Decoder):
        encodings = ("{encoding}",)
        def decode(self, region, window, buffers, operands):
            raise NotImplementedError

    class Toy(RawFormat):
        name = "{name}"
        decoders = (Mine(),)

    class Sister(Toy):
        name = "{name}-sister"
        decoders = (Mine(),)

    @hookimpl
    def arbvis_formats():
        return [Toy(), Sister()]
"""


def test_an_encoding_has_one_decoder(
    install: Callable[..., str], loaded: Callable[..., Registry]
) -> None:
    install("arbvis-a", DECODER.format(encoding="toy8", name="a"))
    install("arbvis-b", DECODER.format(encoding="toy8", name="b"))
    install("arbvis-c", DECODER.format(encoding="bytes", name="c"))
    registry = loaded("arbvis-a", "arbvis-b", "arbvis-c")
    with pytest.raises(PluginError, match=r"arbvis-a 1\.0 .*decode weight.*arbvis_a\.py:9\)"):
        registry.decoders["toy8"].decode(Region("weight", (1,), "toy8", ()), ((0, 1),), (), ())
    assert type(registry.decoders["bytes"]).__module__ == "arbvis_core.formats.raw"
    assert "from plugin arbvis-a" in (info(registry, "arbvis-b").error or "")
    assert "from plugin arbvis" in (info(registry, "arbvis-c").error or "")


def test_candidates_are_in_a_total_order(
    install: Callable[..., str], loaded: Callable[..., Registry]
) -> None:
    text = """
        from arbvis_core.formats.raw import RawFormat
        from arbvis_core import hookimpl

        def make(called, rank):
            class Made(RawFormat):
                name = called
                priority = rank
            return Made()

        @hookimpl
        def arbvis_formats():
            return [{}]
    """
    install("arbvis-b", text.format('make("m", 100), make("z", 300), make("c", 100)'))
    install("arbvis-a", text.format('make("y", 100), make("d", -5)'))
    found = [(one.plugin, one.name) for one in loaded("arbvis-b", "arbvis-a").formats]
    assert found == [
        ("arbvis-b", "z"),
        ("arbvis-a", "y"),
        ("arbvis-b", "c"),
        ("arbvis-b", "m"),
        ("arbvis", "raw"),
        ("arbvis-a", "d"),
    ]


def test_a_module_that_two_entry_points_name_is_loaded_once(
    install: Callable[..., str], loaded: Callable[..., Registry]
) -> None:
    install("arbvis-toy", points="[arbvis]\ntoy = arbvis_toy\ntoy2 = arbvis_toy\n")
    registry = loaded("toy", "toy2")
    assert info(registry, "toy").error is None
    assert info(registry, "toy2").error == "its module is loaded already, as plugin toy"
    assert ("toy", "toy") in objects(registry)


def test_a_plugin_of_a_name_that_is_taken_is_left_out(
    install: Callable[..., str], loaded: Callable[..., Registry]
) -> None:
    install("arbvis-a", points="[arbvis]\narbvis = arbvis_a\n")
    registry = loaded("arbvis")
    own, other = registry.plugins
    assert own.error is None
    assert other.error == "a plugin of this name is loaded already, from arbvis_core.plugin"


def test_a_registry_is_built_once_and_rebuilt_from_its_spec(
    install: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    install("arbvis-toy")
    monkeypatch.setenv("ARBVIS_PLUGINS", "arbvis-toy")
    registry = load()
    assert registry is load()
    spec = pickle.loads(pickle.dumps(registry.spec))
    monkeypatch.delenv("ARBVIS_PLUGINS")
    assert load(*spec) is registry
    assert spec.allow == ("arbvis-toy",)


def test_extra_modules_are_loaded_besides(
    install: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    install("arbvis-toy", FORMAT + "\n    __version__ = '7'\n", points="")
    registry = load(allow=(), extra=("arbvis_toy",))
    assert info(registry, "arbvis_toy").version == "7"
    assert ("arbvis_toy", "toy") in objects(registry)
    assert load(*registry.spec) is registry
    monkeypatch.setenv("ARBVIS_PLUGINS", "")
    assert ("arbvis_toy", "toy") not in objects(load())


def test_a_heavy_import_is_noticed(
    install: Callable[..., str], loaded: Callable[..., Registry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "scipy", raising=False)
    install("arbvis-slow", "import sys\nsys.modules['scipy'] = sys\nfrom arbvis_toy import *\n")
    install("arbvis-toy", points="")
    registry = loaded("arbvis-slow")
    assert info(registry, "arbvis-slow").heavy == ("scipy",)
    assert info(registry, "arbvis").heavy == ()
    monkeypatch.delitem(sys.modules, "scipy")


def test_loading_imports_neither_numpy_nor_numba() -> None:
    code = (
        "import sys; from arbvis_core.registry import load; assert load(allow=()).formats; "
        "print(*({'numpy', 'numba', 'PIL', 'isal', 'typer'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""

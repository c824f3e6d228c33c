from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from arbvis_core.deferring import deferred, resolved
from arbvis_core.errors import PluginError
from arbvis_core.formats.raw import ByteDecoder, RawFormat
from arbvis_core.protocols import Decoder, Format, Group, LeafRenderer
from arbvis_core.registry import (
    Registered,
    Registry,
    RegistrySpec,
    deferred_faults,
    guard,
    load,
)
from arbvis_core.registry.checks import check_object
from arbvis_core.registry.kinds import KINDS
from arbvis_core.registry.probe import SourceProbe
from arbvis_core.testing import MemorySource

BYTES = deferred(Decoder, "arbvis_core.formats.raw:ByteDecoder", encodings=("bytes",))
OTHER = deferred(Decoder, "arbvis_core.formats.raw:ByteDecoder", encodings=("octets",))


def raw(name: str = "raw") -> Format:
    return deferred(Format, "arbvis_core.formats.raw:RawFormat", name=name, priority=0)


def test_it_answers_as_the_object_it_stands_for() -> None:
    source = MemorySource("a.bin", b"abc")
    group = Group("", (source,), ())
    assert raw().matches(SourceProbe(source))
    assert raw().parse(group) == RawFormat().parse(group)
    assert raw("other").name == "other"


def test_it_is_made_once() -> None:
    item = raw()
    assert type(resolved(item)) is RawFormat
    assert resolved(item) is resolved(item)
    assert resolved(raw()) is not resolved(item)
    own = RawFormat()
    assert resolved(own) is own
    assert resolved(RawFormat) is RawFormat


def test_what_the_protocol_says_of_itself_holds_where_nothing_else_is_said() -> None:
    assert raw().decoders == ()
    renderer = deferred(LeafRenderer, "arbvis_core.render.bytes:ByteRenderer", name="bytes")
    assert renderer.views == frozenset()


def test_the_registry_takes_it_for_what_it_is() -> None:
    decoder = deferred(Decoder, "arbvis_core.formats.raw:ByteDecoder", encodings=("bytes",))
    assert type(resolved(decoder)) is ByteDecoder
    (kind,) = (one for one in KINDS if one.field == "formats")
    check_object(kind, deferred(Format, "x:X", name="x", priority=7, decoders=(decoder,)))


def test_what_cannot_be_imported_is_its_plugin_s_fault() -> None:
    item = deferred(Format, "nowhere.at_all:X", name="x", priority=7)
    who = Registered("shaky", "1.2", item)
    said = r"shaky 1\.2 .*No module named 'nowhere'"
    with pytest.raises(PluginError, match=said), guard(who, "parse", "a.bin"):
        item.parse(Group("", (), ()))


def test_nothing_is_imported_before() -> None:
    code = (
        "import sys\n"
        "from arbvis_core.deferring import deferred\n"
        "from arbvis_core.protocols import Format\n"
        "item = deferred(Format, 'arbvis_core.formats.raw:RawFormat', name='raw', priority=0)\n"
        "before = 'arbvis_core.formats.raw' in sys.modules\n"
        "item.matches(None)\n"
        "print(before, 'arbvis_core.formats.raw' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.split() == [b"False", b"True"]


def test_a_failure_is_found_in_the_plugin_s_own_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ("class Fails:", "    def matches(self, probe):", "        return 1 / 0")
    (tmp_path / "deferred_toy.py").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    item = deferred(Format, "deferred_toy:Fails", name="x", priority=7)
    with pytest.raises(PluginError) as raised, guard(Registered("p", "1", item), "parse", "a"):
        item.matches(SourceProbe(MemorySource("a", b"")))
    assert raised.value.place == f"{tmp_path / 'deferred_toy.py'}:3"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"name": "raw", "priority": 7}, "has priority <Priority.FALLBACK: 0>, and 7 was told"),
        ({"name": "wrong", "priority": 0}, "has name 'raw', and 'wrong' was told"),
        ({"name": "raw", "priority": 0}, "decodes ['bytes'], and [] was told"),
        ({"name": "raw", "priority": 0, "decoders": (BYTES,)}, None),
        ({"name": "raw", "priority": 0, "decoders": (OTHER,)}, "decodes ['bytes'], and ['octets']"),
    ],
)
def test_what_is_told_of_it_is_checked(facts: dict[str, Any], said: str | None) -> None:
    item = deferred(Format, "arbvis_core.formats.raw:RawFormat", **facts)
    registry = Registry(RegistrySpec(), formats=(Registered("shaky", "1.2", item),))
    faults = deferred_faults(registry)
    assert len(faults) == (said is not None)
    for fault in faults:
        assert fault.startswith("plugin shaky 1.2: format ")
        assert str(said) in fault


def test_what_is_told_is_so_of_everything_that_is_installed() -> None:
    assert deferred_faults(load(("modelweightvis",))) == []

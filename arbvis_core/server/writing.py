"""The manifest of a live view as text.

It is `json_text` of what `arbvis_core.manifest` says, letter by letter, of a scene in which nothing has
been measured. A page waits for it, and tens of thousands of placements are written in a third of the
time if no dictionary is made of each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, repeat
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING, Any

from arbvis_core.manifest import OWN, placement_facts
from arbvis_core.viewer.bundle import json_text

if TYPE_CHECKING:
    from arbvis_core.values import Placement


def with_placements(
    facts: Mapping[str, Any],
    placements: Mapping[str, Sequence[Placement]],
    scales: Mapping[str, Mapping[str, Any]],
) -> Iterator[str]:
    """Write a manifest, piece by piece: whole it is put together only once.

    Args:
        facts: all of it but `placements`, which are empty.
        placements: by scene key.
        scales: by scene key, what was decided of single placements, by name.
    """
    scenes = [
        _object(one, "placements", _placements(placements[one["key"]], scales[one["key"]]))
        for one in facts["scenes"]
    ]
    return _object(facts, "scenes", chain("[", chain.from_iterable(_apart(scenes)), "]"))


def _object(facts: Mapping[str, Any], name: str, pieces: Iterable[str]) -> Iterator[str]:
    """Write an object of which one value is written already."""
    for number, (key, value) in enumerate(facts.items()):
        yield f"{',' if number else '{'}{json.dumps(key)}:"
        if key == name:
            yield from pieces
        else:
            yield json_text(value)
    yield "}"


def _placements(placements: Sequence[Placement], scales: Mapping[str, Any]) -> Iterator[str]:
    writer = _Writer()
    yield "["
    found = [writer.placement(one, scales.get(one.name)) for one in placements]
    yield from islice(chain.from_iterable(zip(repeat(","), found, strict=False)), 1, None)
    yield "]"


def _apart(written: Iterable[Iterable[str]]) -> Iterator[Iterable[str]]:
    """Put commas between what is written."""
    for number, one in enumerate(written):
        if number:
            yield ","
        yield one


class _Writer:
    """Writes placements, and what many have in common once."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        #: By identity: what is written is alive as long as the plan is.
        self._known: dict[int, str] = {id(None): "null"}

    def placement(self, one: Placement, scale: Mapping[str, Any] | None) -> str:
        """Write a placement of which nothing was measured."""
        if one.stop or one.label or one.hue or not OWN.isdisjoint(one.attributes):
            return json_text(placement_facts(one, {}, scale or {}))
        x, y, width, height = one.box
        fold = f',"fold":{self._shared(one.fold)}' if one.fold else ""
        return (
            f'{{{self._attributes(one.attributes)}"name":{quoted(one.name)},"x":{x},"y":{y},'
            f'"width":{width},"height":{height}{fold}'
            f'{f""","scale":{json_text(scale)}""" if scale else ""}}}'
        )

    def _attributes(self, attributes: Mapping[str, Any]) -> str:
        text, names, known = "", self._names, self._known
        for name, value in attributes.items():
            kind = value.__class__
            if kind is str:
                own: str | None = quoted(value)
            elif kind is int:
                own = str(value)
            else:
                own = known.get(id(value)) or self._shared(value)
            begun = names.get(name)
            if begun is None:
                begun = names[name] = f"{json.dumps(name)}:"
            text += f"{begun}{own},"
        return text

    def _shared(self, value: Any) -> str:
        """Write something that may be the same object in many placements."""
        text = self._known.get(id(value))
        if text is None:
            text = self._known[id(value)] = json_text(value)
        return text

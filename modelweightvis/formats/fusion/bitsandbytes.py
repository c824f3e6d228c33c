"""bitsandbytes' types of 4 bits: a weight, what its codes mean, and a state that says the rest."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from arbvis_core.api import FormatError
from modelweightvis.encodings.packed import bitsandbytes
from modelweightvis.formats.fusion.pieces import Fused, Pieces
from modelweightvis.formats.reading import AXES
from modelweightvis.formats.strict import parse_json

#: How the name of a state ends, by what people call the type.
STATES = {f".quant_state.bitsandbytes__{kind}": kind.upper() for kind in ("nf4", "fp4")}
_ENDS = ("absmax", "quant_map", "nested_absmax", "nested_quant_map")


def from_state(pieces: Pieces, weight: str, ending: str) -> Fused:
    """Return the array of a weight whose state's name ends so."""
    name = f"{weight}{ending}"
    try:
        state = parse_json(pieces.content(pieces.need(name, "U8")))
    except ValueError as error:
        raise FormatError(f"its state is {error}") from None
    if not isinstance(state, Mapping):
        raise FormatError("its state is no JSON object")
    absmax, quant_map, nested, nested_map = (f"{weight}.{end}" for end in _ENDS)
    region = bitsandbytes(
        weight,
        pieces.need(weight),
        pieces.need(absmax, "F32", "U8"),
        pieces.need(quant_map, "F32"),
        state=state,
        nested_absmax=pieces.find(nested, "F32"),
        nested_quant_map=pieces.find(nested_map, "F32"),
    )
    if len(region.shape) > AXES or not prod(region.shape):
        raise FormatError(f"its state says that it has {len(region.shape)} axes or no elements")
    beside = pieces.present(weight, [f".{end}" for end in _ENDS])
    return Fused(region, (weight, *beside, name), STATES[ending])

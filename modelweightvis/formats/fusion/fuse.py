"""A document whose packed weights are one region each, whatever they are stored as."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from arbvis_core.api import Document, FormatError, Region, Source
from modelweightvis.formats.fusion.bitsandbytes import STATES, from_state
from modelweightvis.formats.fusion.grouped import from_qweight, from_weight_packed
from modelweightvis.formats.fusion.mlx import from_scales
from modelweightvis.formats.fusion.pieces import Fused, Pieces
from modelweightvis.formats.fusion.scales import beside_weight, from_blocks, from_scb
from modelweightvis.formats.fusion.settings import read_settings
from modelweightvis.formats.reading import listed, shown

#: Methods of quantisation that are known here; another one is told.
_KNOWN = frozenset(
    ("", "gptq", "awq", "fp8", "fbgemm_fp8", "compressed-tensors", "bitsandbytes", "mxfp4", "quark",
     "modelopt", "auto-round", "intel/auto-round", "mxfp8", "nvfp4")
)  # fmt: skip
#: Different reasons that are told; damaged files could have one for every weight.
_REASONS = 6

#: How the name of a telling tensor ends, and what makes a weight of what stands before that ending.
_FAMILIES: Mapping[str, Callable[[Pieces, str], Fused | None]] = {
    ".qweight": from_qweight,
    ".weight_packed": from_weight_packed,
    **{ending: partial(from_state, ending=ending) for ending in STATES},
    ".SCB": from_scb,
    ".scales": from_scales,
    "_blocks": partial(from_blocks, between="_"),
    ".blocks": partial(from_blocks, between="."),
    "_scale_inv": lambda pieces, stem: beside_weight(pieces, stem, f"{stem}_scale_inv"),
    "_weight_scale": lambda pieces, stem: beside_weight(pieces, stem, f"{stem}_weight_scale"),
    "_scale": lambda pieces, stem: beside_weight(pieces, stem, f"{stem}_scale"),
    ".scale": lambda pieces, stem: beside_weight(pieces, f"{stem}.weight", f"{stem}.scale"),
    ".scale_weight": lambda pieces, stem: beside_weight(
        pieces, f"{stem}.weight", f"{stem}.scale_weight"
    ),
}


def fuse(document: Document, siblings: Sequence[Source]) -> Document:
    """Return the document with tensors that mean one weight put together.

    A weight has the name and the shape it is meant to have; its attribute `stored_as` lists the
    tensors it is made of. Where these do not fit, they stay as they are, and a warning says why.

    Args:
        document: as its files say.
        siblings: what lies beside its files; their configuration is among it.
    """
    pieces = Pieces(document, read_settings(document, siblings))
    failed: dict[str, list[str]] = {}
    fused: dict[str, Fused] = {}
    endings = (*_FAMILIES,)
    telling = [name for name in pieces.tensors if name.endswith(endings)]
    for ending, make in _FAMILIES.items():
        for name in telling:
            if not name.endswith(ending) or name not in pieces.tensors or name == ending:
                continue
            stem = name.removesuffix(ending)
            try:
                made = make(pieces, stem)
                if made is not None:
                    _check(pieces, made)
                    pieces.take(made)
                    fused[made.names[0]] = made
            except FormatError as error:
                codes = (one for one in (f"{stem}.weight", stem) if one in pieces.tensors)
                failed.setdefault(_reason(error, stem), []).append(next(codes, name))
    warnings = [*_failures(document, failed), *_left_as_stored(document, pieces, fused)]
    if not fused:
        return replace(document, warnings=(*document.warnings, *warnings))
    return replace(
        document,
        regions=tuple(_regions(document.regions, fused)),
        warnings=(*document.warnings, *warnings),
    )


def _check(pieces: Pieces, made: Fused) -> None:
    """Raise if a weight reads what is not its own, or takes the name of another.

    Raises:
        FormatError: it does.
    """
    name = made.region.name
    if name in pieces.made or (name in pieces.tensors and name not in made.names):
        raise FormatError("a tensor of the weight's name is here, too")
    own = [pieces.tensors[name].parts[0] for name in made.names]
    for part in made.region.parts:
        if not any(
            part.source == one.source and one.start <= part.start <= part.stop <= one.stop
            for one in own
        ):
            raise FormatError(f"its {part.role} are not as long as they should be")


def _regions(regions: Sequence[Region], fused: Mapping[str, Fused]) -> Iterator[Region]:
    """Yield the regions of a document, each weight where its codes were."""
    taken = {name for made in fused.values() for name in made.names}
    for region in regions:
        made = fused.get(region.name)
        if made is not None:
            yield _told(region, made, fused)
        elif region.name not in taken:
            yield region


def _told(codes: Region, made: Fused, fused: Mapping[str, Fused]) -> Region:
    """Return a weight with what is known of its codes."""
    facts = {**made.region.attributes, "dtype": made.dtype, "stored_as": made.names}
    same = codes.attributes.get("same_as")
    if isinstance(same, str):
        facts["same_as"] = fused[same].region.name if same in fused else same
    return replace(made.region, attributes=facts)


def _reason(error: FormatError, stem: str) -> str:
    """Return why a weight could not be made, without its name."""
    text = str(error)
    for name in (f"{stem}.weight: ", f"{stem}: "):
        text = text.removeprefix(name)
    return text


def _failures(document: Document, failed: Mapping[str, Sequence[str]]) -> Iterator[str]:
    told = list(failed.items())
    for reason, names in told[:_REASONS]:
        yield f"{document.name}: {listed(names)} will be shown as stored: {reason}"
    if rest := sum(len(names) for _, names in told[_REASONS:]):
        yield f"{document.name}: {rest} more tensors will be shown as stored, for other reasons"


def _left_as_stored(
    document: Document, pieces: Pieces, fused: Mapping[str, Fused]
) -> Iterator[str]:
    """Say which codes are shown without scales that they should have."""
    method = pieces.settings.method
    if method not in _KNOWN:
        yield (
            f"{document.name}: its weights are quantised by {shown(method)}, which cannot be "
            f"decoded; codes are shown as they are stored"
        )
    if method == "fp8" or any("FP8" in one.dtype for one in fused.values()):
        bare = [
            name
            for name, region in pieces.tensors.items()
            if region.encoding.startswith("F8_E")
            and len(region.shape) > 1
            and region.encoding != "F8_E8M0"
        ]
        if bare:
            yield f"{document.name}: no scales are here for {listed(bare)}; only codes are shown"

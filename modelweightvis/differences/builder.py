"""Makes the difference of two models: one document whose tensors are pairs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from arbvis_core.api import Add, Decoder, DiffBuilder, Document, Region, Request, UsageError
from modelweightvis.differences.lora import LoraDecoder, MergedDecoder
from modelweightvis.differences.preview import PreviewDecoder
from modelweightvis.tensors import DIFFERENCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import Source, Window
    from modelweightvis.differences.pairing import Pair, Pairing
    from modelweightvis.tensors import Tensor


class DifferenceDecoder(Decoder):
    """The second operand minus the first."""

    encodings = (DIFFERENCE,)

    def decode(
        self,
        region: Region,
        window: Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return what changed; NaN where only one side has a value."""
        import numpy as np

        if len(operands) != 2:
            return np.full([stop - start for start, stop in window], np.nan, np.float32)
        changed: NDArray[np.float32] = operands[1] - operands[0]
        return changed

    def crops(self, region: Region, window: Window) -> tuple[()]:
        """Return nothing: all that is read, the operands read."""
        return ()


class TensorDiffBuilder(DiffBuilder):
    """Pairs the tensors of the first input with those of each of the others."""

    name = "tensors"
    priority: int = 300
    decoders: tuple[Decoder, ...] = (
        DifferenceDecoder(),
        LoraDecoder(),
        MergedDecoder(),
        PreviewDecoder(),
    )

    def matches(self, request: Request, sides: Sequence[Sequence[Document]]) -> bool:
        """Tell whether every side holds tensors; with `--keep-going`, the first and another."""
        held = [bool(_models(side)) for side in sides]
        return bool(held) and held[0] and (any if request.keep_going else all)(held[1:])

    def build(self, request: Request, sides: Sequence[Sequence[Document]]) -> Sequence[Document]:
        """Return one document per model that is compared with the first.

        Raises:
            UsageError: nothing of two models belongs together, or they are of two architectures.
        """
        from modelweightvis.differences.comparable import whole

        sides = [_models(side) for side in sides]
        for name, side, opened in zip_longest(request.inputs, sides, request.opened, fillvalue=()):
            if len(opened) > 1:  # of a file that was named, nothing else was meant
                whole(str(name), side, keep_going=request.keep_going)
        base = _tensors(sides[0])
        return [
            _difference(request, index, sides, *_paired_up(request, index, sides, base))
            for index in range(1, len(sides))
            if sides[index]
        ]


def _models(side: Sequence[Document]) -> list[Document]:
    """Return the documents that hold tensors; what lies beside them is for others to compare."""
    from modelweightvis.formats.tensors import is_tensor

    return [one for one in side if any(map(is_tensor, one.regions))]


def _paired_up(
    request: Request, index: int, sides: Sequence[Sequence[Document]], base: Sequence[Tensor]
) -> tuple[Pairing, bool]:
    """Return the pairs of a base and another model, and whether that is a finetune.

    Raises:
        UsageError: nothing of the two belongs together, or a finetune has what it should not have.
    """
    from modelweightvis.differences.comparable import one_architecture
    from modelweightvis.differences.finetunes import check, declared
    from modelweightvis.differences.lora import deltas, is_adapter, merged
    from modelweightvis.differences.pairing import Pairing, pair
    from modelweightvis.differences.preview import previews
    from modelweightvis.options import FinetuneOptions, PreviewOptions

    left, right = request.inputs[0], _other(request, index)
    asked = request.option(PreviewOptions)
    if asked.types:
        return Pairing(tuple(previews(base, right, asked.match))), False
    others = _tensors(sides[index])
    adapter = is_adapter(others)
    both = sides[0], sides[index]
    notes = () if adapter else one_architecture(left, right, both, keep_going=request.keep_going)
    pairing = pair(base, deltas(others, sides[index]) if adapter else others)
    if not any(one.left and one.right for one in pairing.pairs):
        raise UsageError(f"--diff: no tensor of {left} belongs to one of {right}; {_near(pairing)}")
    told = request.option(FinetuneOptions).finetune
    why = declared(left, sides[index]) if told is None and not adapter else ""
    if told or why:
        check(left, right, why, pairing.pairs)
    if adapter:
        pairing = replace(pairing, pairs=tuple(merged(pairing.pairs)))
    return replace(pairing, ambiguous=(*notes, *pairing.ambiguous)), bool(told or why)


def _other(request: Request, index: int) -> str:
    """Return what a model is called: as typed, or by what its weights would become."""
    from modelweightvis.options import PreviewOptions

    types = request.option(PreviewOptions).types
    return types[index - 1] if types else request.inputs[index]


def _tensors(side: Sequence[Document]) -> list[Tensor]:
    from modelweightvis.differences.orientation import oriented
    from modelweightvis.formats.twins import show_once
    from modelweightvis.sidecars import config_of, facts_of
    from modelweightvis.tensors import tensors_of

    return [
        oriented(tensor, facts_of(document), config)
        for document in show_once(side)
        for config in [config_of(document)]
        for tensor in tensors_of(document)
    ]


def _difference(
    request: Request,
    index: int,
    sides: Sequence[Sequence[Document]],
    pairing: Pairing,
    finetune: bool,  # noqa: FBT001  one of two kinds of difference
) -> Document:
    left, right = request.inputs[0], _other(request, index)
    sources: dict[str, Source] = {
        source.key: source for document in (*sides[0], *sides[index]) for source in document.sources
    }
    matched = sum(1 for one in pairing.pairs if one.left and one.right)
    only = [sum(1 for one in pairing.pairs if not side(one)) for side in (_right, _left)]
    return Document(
        name=f"{_called(right)} − {_called(left)}",
        format=DIFFERENCE,
        sources=tuple(sources.values()),
        regions=tuple(_regions(pairing, finetune=finetune)),
        metadata={
            **sides[0][0].metadata,
            "difference": {
                "left": left,
                "right": right,
                "matched": matched,
                "only_left": only[0],
                "only_right": only[1],
                "ambiguous": list(pairing.ambiguous),
                "finetune": finetune,
            },
        },
        input=index,
        warnings=_told(left, right, only, pairing),
    )


def _left(one: Pair) -> Any:
    return one.left


def _right(one: Pair) -> Any:
    return one.right


def _regions(pairing: Pairing, *, finetune: bool) -> Iterator[Region]:
    """Yield what is shown; what a finetune has not touched is no more than information."""
    taken = {one.left.region.name for one in pairing.pairs if one.left}
    for one in pairing.pairs:
        if one.left and one.right:
            yield _paired(one.left, one)
        elif one.left:
            yield _alone(one.left, one.left.region.name, "A", grey=finetune)
        elif one.right:
            name = one.right.name
            name = f"{name} (second)" if name in taken else name
            yield _alone(one.others[0]._replace(region=one.right), name, "B")


def _paired(left: Tensor, one: Pair) -> Region:
    right = one.right
    if right is None or len(right.shape) != len(left.region.shape):
        return _alone(left, left.region.name, "")
    attributes: Mapping[str, Any] = {
        **left.region.attributes,
        "side": "both",
        "difference": {
            "pairing": one.rule,
            "other": ", ".join(other.region.name for other in one.others[:4]),
            "other_dtype": one.others[0].dtype,
            "other_shape": list(right.shape),
            "bits_per_weight": round(left.bits_per_weight, 6),
            "other_bits_per_weight": round(_bits(one), 6),
        },
    }
    return Region(
        name=left.region.name,
        shape=left.region.shape,
        encoding=DIFFERENCE,
        operands=_shifted(left.region, right),
        attributes=attributes,
    )


def _shifted(left: Region, right: Region) -> tuple[Region, Region]:
    """Move a constant that one side only adds to the other side, with its sign changed.

    The sum of a small number and 1 is rounded: to take the 1 off again does not give the number
    back, but to add it to the other side gives the same sum.
    """
    last = [one.view[-1] if one.view else None for one in (left, right)]
    if isinstance(last[1], Add) and not isinstance(last[0], Add):
        shift = Add(-last[1].constant)
        return replace(left, view=(*left.view, shift)), replace(right, view=right.view[:-1])
    if isinstance(last[0], Add) and not isinstance(last[1], Add):
        shift = Add(-last[0].constant)
        return replace(left, view=left.view[:-1]), replace(right, view=(*right.view, shift))
    return left, right


def unshifted(left: Region, right: Region) -> tuple[Region, Region]:
    """Return both sides of a pair as their models mean them: a constant moves back as it came."""
    return _shifted(left, right)


def _bits(one: Pair) -> float:
    """Return the bits that the other side stores per weight; nothing for what it leaves as it is."""
    if one.rule == "not adapted":
        return 0.0
    if one.right is not None and "bits_per_weight" in one.right.attributes:
        return float(one.right.attributes["bits_per_weight"])
    elements = sum(other.elements for other in one.others)
    return 8 * sum(_stored(other.region) for other in one.others) / elements if elements else 0.0


def _stored(region: Region) -> int:
    own = sum(part.stop - part.start for part in region.parts)
    return own + sum(map(_stored, region.operands))


def _alone(tensor: Tensor, name: str, side: str, *, grey: bool = False) -> Region:
    """Return a tensor that is shown and not compared."""
    region = tensor.region
    bits = "other_bits_per_weight" if side == "B" else "bits_per_weight"
    attributes = {
        **region.attributes,
        "dtype": tensor.dtype,
        "side": "" if grey else side,
        "difference": {
            "pairing": {"A": "only in A", "B": "only in B"}.get(side, "shapes differ"),
            bits: round(tensor.bits_per_weight, 6),
        },
    }
    return replace(
        Region(name, region.shape, DIFFERENCE), operands=(region,), attributes=attributes
    )


def _told(left: str, right: str, only: Sequence[int], pairing: Pairing) -> tuple[str, ...]:
    from modelweightvis.differences.comparable import unequal

    told = [
        f"{count} tensor{'s are' if count > 1 else ' is'} only in {name}"
        for name, count in ((left, only[0]), (right, only[1]))
        if count
    ]
    return (*told, *unequal(left, right, pairing.pairs), *pairing.ambiguous[:10])


def _called(spec: str) -> str:
    word = spec.replace("\\", "/").rstrip("/").rpartition("/")[2].partition("@")[0]
    return word or spec


def _near(pairing: Pairing) -> str:
    """Show the names of both sides that are most alike."""
    from difflib import get_close_matches

    ours = [one.left.region.name for one in pairing.pairs if one.left][:200]
    theirs = [one.right.name for one in pairing.pairs if one.right][:200]
    for name in ours:
        near = get_close_matches(name, theirs, 1, 0.0)
        if near:
            return f"the most alike are {name} and {near[0]}"
    return "one of them holds no tensor"

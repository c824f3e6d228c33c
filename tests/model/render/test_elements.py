"""Every pixel of every zoom against numpy, in float64."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from canvases import Arrays, Painted, bfloat16, draw, parsed, place, planned, registry, safetensors
from numpy.typing import NDArray

from arbvis_core.api import Plan, Scene, UsageError, View, render
from arbvis_core.sinks.memory import MemorySink
from arbvis_core.testing import RendererContract
from arbvis_core.values import ScenePlan
from modelweightvis.folds import columns_fold, grid_fold, rows_fold
from modelweightvis.formats import FORMATS
from modelweightvis.render.codes import HATCH, NOT_FINITE, PADDING, ZERO
from modelweightvis.render.deciding import balance_limit, overview_window, reference, value_window
from modelweightvis.render.elements import ElementRenderer
from modelweightvis.render.looks import looks_of

RENDERER = ElementRenderer()


def weights(seed: int, *shape: int, scale: float = 0.02) -> NDArray[np.float32]:
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


@cache
def arrays() -> Arrays:
    """Tensors of several types and shapes, with zeros and what is not finite."""
    q = bfloat16(weights(0, 300, 411))
    q[40:60] = 0
    q[7, 9], q[200, 30] = np.nan, np.inf
    up = weights(1, 257, 640, scale=0.1).astype(np.float16)
    up[:, 5] *= 20
    up[3, 3] = -np.inf
    experts = bfloat16(weights(2, 2, 5, 61, 67, scale=1e-3))
    return {
        "0.q": q,
        "0.up": up,
        "0.experts": experts,
        "0.norm": weights(3, 999) + np.float32(1),
        "embed": weights(4, 1301, 96, scale=3.0),
        "wide": weights(5, 33, 1000).astype(np.float64),
        "scalar": np.array(2.5, np.float32),
        "ids": np.arange(-300, 300, dtype=np.int32).reshape(20, 30),
    }


FOLDS = {
    "0.experts": grid_fold((2, 5, 61, 67), 4, 2),
    "0.norm": columns_fold((999,), 250),
    "embed": rows_fold((1301, 96), 300, 5, 1),
    "wide": columns_fold((33, 1000), 300, 2, 3),
}
DTYPES = {"0.q": "BF16", "0.up": "F16", "0.experts": "BF16", "wide": "F64", "ids": "I32"}


@cache
def scene() -> Scene:
    tensors = {name: (DTYPES.get(name, "F32"), array) for name, array in arrays().items()}
    return place(safetensors(tensors), 1100, FOLDS)


@cache
def gguf_scene() -> tuple[Scene, Arrays]:
    """Blocks of 32 and of 256 elements, and the values that the gguf package makes of them."""
    kinds = {"blk.0.attn_q.weight": gguf.GGMLQuantizationType.Q8_0}
    kinds["blk.0.ffn_up.weight"] = gguf.GGMLQuantizationType.Q4_0
    found: dict[str, NDArray[np.float32]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.gguf")
        writer = gguf.GGUFWriter(path, "llama")
        for number, (name, kind) in enumerate(kinds.items()):
            packed = gguf.quants.quantize(weights(number, 530, 544), kind)
            writer.add_tensor(name, packed, raw_dtype=kind)
            found[name] = gguf.quants.dequantize(packed, kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        document = parsed("model.gguf", path.read_bytes())
    return place(document, 1200), found


class TestElements(RendererContract):
    renderer = RENDERER
    makers = FORMATS

    def scene(self) -> Scene:
        """Without infinities, so that planes are finite whatever is folded."""
        return scene()


class TestGgufElements(RendererContract):
    renderer = RENDERER
    makers = FORMATS

    def scene(self) -> Scene:
        return gguf_scene()[0]


def magnitude_codes(shown: NDArray[np.float64], window: Any, first: int, span: int) -> NDArray[Any]:
    with np.errstate(all="ignore"):
        share = (np.log2(shown) - window.low) / (window.high - window.low)
    return np.asarray(first + np.rint(np.clip(np.nan_to_num(share), 0, 1) * span))


def check_overviews(plan: ScenePlan, values: Arrays, *, least: int = 10, **view: Any) -> None:
    looks = looks_of(View(**view))
    divisors = {
        one.name: 2 ** reference(plan.decisions, one, looks.scale) for one in plan.placements
    }
    canvas, drawn = Painted.of(plan, values, divisors), draw(plan, **view)
    for zoom in range(plan.canvas.max_zoom):
        zooms = plan.canvas.max_zoom - zoom
        shown, broken = canvas.folded(looks.overview, zooms), canvas.broken(zooms)
        codes = drawn.codes[zoom].astype(int)
        np.testing.assert_array_equal(codes == NOT_FINITE, broken)
        size = canvas.folded("max", zooms)
        np.testing.assert_array_equal(codes == PADDING, np.isnan(size) & ~broken)
        np.testing.assert_array_equal(codes == ZERO, (size == 0) & ~broken)
        if looks.overview == "balance":
            share = np.clip(shown / balance_limit(plan.decisions, looks), -1, 1)
            expected = 130 + np.rint(125 * np.nan_to_num(share))
        else:
            expected = magnitude_codes(shown, overview_window(plan.decisions, looks), 5, 250)
        some = (size > 0) & ~broken
        assert np.abs(codes - expected)[some].max(initial=0) <= 1
        assert len(np.unique(codes[some])) >= least  # or the window would hide everything


@pytest.mark.parametrize("dtype", ["BF16", "F32"])
@pytest.mark.parametrize("scale", ["tensor", "role"])
def test_what_is_too_small_to_be_divided_by_is_finite_still(dtype: str, scale: str) -> None:
    tiny = np.resize(np.array([0, 1e-40, -1e-40, 2e-40], np.float32), (300, 300))
    found = {"tiny": tiny, "usual": weights(3, 300, 300)}
    if dtype == "BF16":
        found = {name: bfloat16(one) for name, one in found.items()}
    plan = planned(place(safetensors({name: (dtype, one) for name, one in found.items()}), 700))
    check_overviews(plan, found, scale=scale)
    codes = draw(plan, scale=scale).codes[plan.canvas.max_zoom]
    assert not (codes == NOT_FINITE).any()


@pytest.mark.parametrize("overview", ["mean", "rms", "max", "balance"])
@pytest.mark.parametrize("scale", ["model", "tensor", "role"])
def test_every_pixel_of_every_zoom_shows_what_lies_under_it(overview: str, scale: str) -> None:
    check_overviews(planned(scene()), arrays(), overview=overview, scale=scale)


@pytest.mark.parametrize("overview", ["mean", "max"])
def test_blocks_of_quantised_types_are_seen_as_values(overview: str) -> None:
    one, values = gguf_scene()
    check_overviews(planned(one), values, overview=overview)


def test_gain_brightens() -> None:
    check_overviews(planned(scene()), arrays(), gain=3.0, clip=0.1)


def check_leaf(plan: ScenePlan, values: Arrays, **view: Any) -> None:
    looks = looks_of(View(**view))
    divisors = {
        one.name: 2 ** reference(plan.decisions, one, looks.scale) for one in plan.placements
    }
    canvas = Painted.of(plan, values, divisors)
    codes = draw(plan, **view).codes[plan.canvas.max_zoom].astype(int)
    np.testing.assert_array_equal(codes == PADDING, ~canvas.there)
    np.testing.assert_array_equal(codes == NOT_FINITE, canvas.broken(0))
    np.testing.assert_array_equal(codes == ZERO, canvas.values == 0)
    steps = magnitude_codes(np.abs(canvas.values), value_window(plan.decisions, looks), 0, 124)
    expected = np.where(canvas.values > 0, 131 + steps, 129 - steps)
    some = np.isfinite(canvas.values) & (canvas.values != 0)
    assert np.abs(codes - expected)[some].max(initial=0) <= 1
    assert ((codes > 130) == (canvas.values > 0))[some].all()


@pytest.mark.parametrize("scale", ["model", "tensor", "role"])
def test_at_one_to_one_colour_is_sign_and_magnitude(scale: str) -> None:
    check_leaf(planned(scene()), arrays(), scale=scale)


def test_quantised_elements_at_one_to_one() -> None:
    one, values = gguf_scene()
    check_leaf(planned(one), values)


def test_a_value_has_one_colour_whatever_its_type() -> None:
    values = bfloat16(weights(7, 64, 64))
    tensors = {name: (name, values.astype(dtype)) for name, dtype in (("F32", "f4"), ("F64", "f8"))}
    halves = values.astype(np.float16)
    same = halves.astype(np.float32) == values  # the smallest are rounded
    tensors |= {"BF16": ("BF16", values), "F16": ("F16", halves)}
    plan = planned(place(safetensors(tensors), 64, gap=0))
    first, *others = np.split(draw(plan).codes[plan.canvas.max_zoom], 4)
    for other in others[:2]:
        np.testing.assert_array_equal(first, other)
    np.testing.assert_array_equal(first[same], others[2][same])


def test_a_lone_nan_is_seen_from_the_furthest_zoom() -> None:
    values = weights(0, 70, 2100)
    values[61, 1567] = np.nan
    plan = planned(place(safetensors({"w": ("BF16", values)}), 3000))
    drawn = draw(plan)
    assert plan.canvas.max_zoom == 3
    for zoom, codes in drawn.codes.items():
        at = 61 >> (3 - zoom), 1567 >> (3 - zoom)
        assert list(zip(*np.nonzero(codes == NOT_FINITE), strict=True)) == [at]


def test_an_unknown_type_is_hatched_at_every_zoom() -> None:
    known = weights(0, 600, 300)
    strange = np.zeros((600, 300), np.uint8)
    document = safetensors({"known": ("BF16", known), "strange": ("U8", strange)})
    plan = planned(_renamed(place(document, 700), "strange", "mystery"))
    box = next(placement.box for placement in plan.placements if placement.name == "strange")
    drawn = draw(plan)
    for zoom, codes in drawn.codes.items():
        zooms = plan.canvas.max_zoom - zoom
        left, right = box.x >> zooms, (box.x + box.width) >> zooms
        area = codes[:, left + 1 : right]
        assert set(np.unique(area)) == {PADDING, HATCH}
        assert 0.2 < (area == HATCH).mean() < 0.6
        assert not (codes[:, : left - 3] == HATCH).any()
    assert set(RENDERER.summary(plan, drawn.statistics)["placements"]) == {"known"}


@pytest.mark.parametrize("overview", ["mean", "balance"])
def test_a_model_of_unknown_types_alone_is_hatched_and_has_legends(overview: str) -> None:
    document = safetensors({"strange": ("U8", np.zeros((600, 300), np.uint8))})
    plan = planned(_renamed(place(document, 700), "strange", "mystery"))
    drawn = draw(plan, overview=overview, scale="tensor")
    assert all((codes == HATCH).any() for codes in drawn.codes.values())
    assert len(RENDERER.legend(plan, View(overview=overview), drawn.statistics)) == 2


def _renamed(one: Scene, name: str, encoding: str) -> Scene:
    placements = tuple(
        replace(placement, region=replace(placement.region, encoding=encoding))
        if placement.name == name
        else placement
        for placement in one.placements
    )
    return replace(one, placements=placements)


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((40, 600), np.float32),
        np.full((40, 600), 0.25, np.float32),
        np.full((1, 1), -3.0, np.float32),
        np.full((3, 600), np.nan, np.float32),
        np.full((5, 600), 1e33, np.float32),
        np.full((5, 600), 1e-37, np.float32),
    ],
    ids=["zeros", "constant", "single", "nothing finite", "huge", "tiny"],
)
def test_odd_tensors_are_drawn(values: NDArray[np.float32]) -> None:
    document = safetensors({"w": ("F32", values), "b": ("F32", values[0])})
    plan = planned(place(document, 700))
    check_leaf(plan, {"w": values, "b": values[0]})
    for overview in ("mean", "max", "balance"):
        check_overviews(plan, {"w": values, "b": values[0]}, overview=overview, least=0)
        assert RENDERER.legend(plan, plan.view, None)


@pytest.mark.parametrize(
    ("view", "says"),
    [
        ({"colormap": "infernno"}, "did you mean inferno"),
        ({"overview_colormap": "no such thing"}, "no colour map"),
        ({"scale": "tensors"}, "did you mean 'tensor'"),
        ({"overview": "median"}, "mean, rms, max, balance"),
        ({"gain": 0.0}, "gain"),
        ({"clip": 0.5}, "clip"),
    ],
)
def test_what_cannot_be_is_said(view: dict[str, Any], says: str) -> None:
    plan = planned(scene())
    with pytest.raises(UsageError, match=says):
        draw(plan, **view)


def test_any_colour_map_serves_either_picture() -> None:
    plan = planned(scene())
    drawn = draw(plan, colormap="viridis", overview_colormap="crameri:vik")
    default = draw(plan)
    for zoom, codes in drawn.codes.items():
        np.testing.assert_array_equal(codes, default.codes[zoom])
        assert (drawn.palettes[zoom][5:] != default.palettes[zoom][5:]).any()
        np.testing.assert_array_equal(drawn.palettes[zoom][:5], default.palettes[zoom][:5])
    leaf, _ = RENDERER.legend(plan, View(colormap="viridis"), None)
    assert "signs" in leaf.note
    leaf, _ = RENDERER.legend(plan, View(), None)
    assert "signs" not in leaf.note


def bundle(executor: Any, jobs: int) -> dict[str, bytes]:
    plan = Plan("model", "modelweightvis", (), (planned(scene()),))
    sink = MemorySink()
    render(plan, sink, registry=registry(), jobs=jobs, executor=executor)
    return {path: blob for path, blob in sink.blobs.items() if path.startswith(("tiles", "data"))}


def test_every_executor_draws_the_same_bytes() -> None:
    first = bundle("serial", 1)
    assert first == bundle("threads", 2)
    assert first == bundle("processes", 1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("overview", ["mean", "rms", "max", "balance"])
def test_what_is_finite_stays_so_on_the_scale_of_a_tensor(overview: str) -> None:
    """Typical values of 1e-20 beside others that exceed a float32 when they are divided by it."""
    values = np.full((300, 300), 1e-20, np.float32)
    values[5, 5], values[100:120] = 1e20, 3e19
    values[250, 7] = np.nan
    tensors = {"coded": ("BF16", bfloat16(values)), "floats": ("F32", values)}
    drawn = draw(planned(place(safetensors(tensors), 700)), scale="tensor", overview=overview)
    for codes in drawn.codes.values():
        assert 1 <= (codes == NOT_FINITE).sum() <= 2

"""The arch layout: everything in its place, the same place in every layer, little left empty."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import model_shapes
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbvis_core.errors import LayoutError
from arbvis_core.testing.layouts import check_scenes, overlap
from arbvis_core.values import Box, Canvas, Document, Label, Placement, Profile, Request, Scene
from modelweightvis.folds import element_at, size_of
from modelweightvis.layouts import ArchLayoutPlugin
from modelweightvis.options import ColourOptions, TensorOptions
from modelweightvis.profile import MODELWEIGHTVIS

ROOT = Path(__file__).parents[3]
LENIENT = Profile("arbvis", layout="hilbert")


def arrange(
    *documents: Document, options: Sequence[object] = (), profile: Profile = MODELWEIGHTVIS
) -> Sequence[Scene]:
    names = tuple(f"models/m{number}" for number in range(1 + max(one.input for one in documents)))
    chosen = {type(one): one for one in options}
    return ArchLayoutPlugin().arrange(Request(names, profile, options=chosen), documents)


def one_scene(document: Document, *options: object) -> Scene:
    (scene,) = arrange(document, options=options)
    return scene


@cache
def model(name: str) -> tuple[Document, Scene]:
    document = model_shapes.MODELS[name][0]()
    return document, one_scene(document)


def canvas(scene: Scene) -> Canvas:
    assert isinstance(scene.extent, Canvas)
    return scene.extent


def blocks_of(scene: Scene) -> dict[tuple[str, int], Box]:
    """Return the box of every block, by stack and layer, from the outlines."""
    found: dict[tuple[str, int], Box] = {}
    stack = ""
    for label in scene.labels:
        if label.kind == "stack":
            stack = label.name
        elif label.kind in ("layer", "missing"):
            found[stack, int(label.name.removeprefix("layer "))] = label.box
    return found


def check_alignment(scene: Scene) -> None:
    """Check that each role has one offset in all blocks of a stack, and blocks one pitch."""
    blocks = blocks_of(scene)
    offsets: dict[tuple[Any, ...], set[tuple[int, int]]] = {}
    for one in scene.placements:
        facts = one.attributes
        if facts["layer"] is not None:
            box = blocks[facts["stack"], facts["layer"]]
            words = facts["canonical"].replace(f".{facts['layer']}.", ".", 1)
            offset = (one.box.x - box.x, one.box.y - box.y)
            offsets.setdefault((facts["stack"], words, facts["expert"]), set()).add(offset)
            assert box.x <= one.box.x
            assert one.box.x + one.box.width <= box.x + box.width
            assert box.y <= one.box.y
            assert one.box.y + one.box.height <= box.y + box.height
    assert all(len(found) == 1 for found in offsets.values())
    for stack in {stack for stack, _ in blocks}:
        boxes = [box for (name, _), box in sorted(blocks.items()) if name == stack]
        columns = {x: [box.y for box in boxes if box.x == x] for x in {box.x for box in boxes}}
        assert len({box.width for box in boxes}) == len({box.height for box in boxes}) == 1
        assert len({b - a for a, b in pairwise(sorted(columns))}) <= 1
        assert len({b - a for ys in columns.values() for a, b in pairwise(ys)}) <= 1
        assert len({ys[0] for ys in columns.values()}) == 1


@pytest.mark.parametrize("name", model_shapes.MODELS)
def test_most_of_the_canvas_is_painted(name: str) -> None:
    document, scene = model(name)
    area = canvas(scene).width * canvas(scene).height
    painted = sum(prod(one.region.shape) for one in scene.placements) / area
    assert painted >= model_shapes.MODELS[name][1]
    assert scene.attributes["painted"] == pytest.approx(painted, abs=1e-4)
    assert sum(prod(one.shape) for one in document.regions) / area == pytest.approx(painted)
    assert 1 <= canvas(scene).width / canvas(scene).height <= 2.5


@pytest.mark.parametrize("name", model_shapes.MODELS)
def test_roles_line_up_in_real_models(name: str) -> None:
    check_alignment(model(name)[1])


@pytest.mark.parametrize("name", model_shapes.MODELS)
def test_real_models_lie_on_their_canvas_and_apart(name: str) -> None:
    document, scene = model(name)
    if len(scene.placements) > 2000:  # one block of each kind will do: the others are like it
        shown = [one for one in scene.placements if one.attributes["layer"] in (None, 0, 5)]
        scene = replace(scene, placements=tuple(shown))
    check_scenes([scene], [document])


def test_the_page_is_current() -> None:
    path = ROOT / "docs" / "painted.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    painted = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(painted)
    written = painted.PAGE.read_text(encoding="utf-8").splitlines()
    for name in ("Qwen2.5-0.5B", "T5-base", "ResNet-50"):
        assert painted.row(name, model_shapes.MODELS[name][0]()) in written
    assert len(written) == len(painted.INTRO.splitlines()) + len(model_shapes.MODELS)


ROLES = (
    "self_attn.q_proj.weight", "self_attn.k_proj.bias", "self_attn.o_proj.weight",
    "mlp.gate_proj.weight", "mlp.down_proj.weight", "mixer.conv1d.weight", "input_layernorm.weight",
    "mlp.experts.gate_up_proj", "something.else", "something.other",
)  # fmt: skip
OUTSIDE = (
    "model.embed_tokens.weight",
    "model.norm.weight",
    "lm_head.weight",
    "extra",
    "a.b.c.weight",
)
SHAPES = st.lists(st.integers(0, 40), max_size=4).map(tuple)


@st.composite
def models(draw: st.DrawFn) -> Document:
    """Draw a model of layers that need not be alike, experts and strangers among them."""
    shapes: dict[str, tuple[int, ...]] = {}
    for stack in draw(st.lists(st.sampled_from(("model", "vision_tower", "x")), max_size=2)):
        for layer in draw(st.lists(st.integers(0, 12), max_size=5)):
            for role in draw(st.lists(st.sampled_from(ROLES), max_size=6)):
                shapes[f"{stack}.layers.{layer}.{role}"] = draw(SHAPES)
            for expert in draw(st.lists(st.integers(0, 9), max_size=3)):
                name = f"{stack}.layers.{layer}.mlp.experts.{expert}.up_proj.weight"
                shapes[name] = draw(SHAPES)
    for name in draw(st.lists(st.sampled_from(OUTSIDE), max_size=4)):
        shapes[name] = draw(SHAPES)
    config = draw(st.none() | st.fixed_dictionaries({"num_hidden_layers": st.integers(0, 20)}))
    shapes["model.layers.0.mlp.up_proj.weight"] = (3, 5)
    return model_shapes.document(shapes, config)


@settings(deadline=None, max_examples=40)
@given(models())
def test_any_model_is_placed_whole_apart_and_lined_up(document: Document) -> None:
    scene = one_scene(document)
    check_scenes([scene], [document])
    check_alignment(scene)
    wanted = {one.name: one.shape for one in document.regions if prod(one.shape)}
    assert {one.name: one.region.shape for one in scene.placements} == wanted
    for one in scene.placements:
        assert size_of(one.region.shape, one.fold) == one.box[2:]


@settings(deadline=None, max_examples=40)
@given(models(), st.randoms(use_true_random=False))
def test_the_order_of_the_tensors_does_not_matter(document: Document, rng: random.Random) -> None:
    regions = list(document.regions)
    rng.shuffle(regions)
    one, other = one_scene(document), one_scene(model_shapes.shuffled(document, regions))
    key = lambda placement: placement.name  # noqa: E731
    assert one.extent == other.extent
    assert sorted(one.placements, key=key) == sorted(other.placements, key=key)
    assert one.labels == other.labels


@settings(deadline=None, max_examples=40)
@given(models())
def test_one_column_stacks_every_block(document: Document) -> None:
    scene = one_scene(document, TensorOptions(columns=1))
    check_scenes([scene], [document])
    columns: dict[str, set[int]] = {}
    for (stack, _), box in blocks_of(scene).items():
        columns.setdefault(stack, set()).add(box.x)
    assert all(len(xs) == 1 for xs in columns.values())


TINY = model_shapes.llama(6, 16, 40, (4, 2, 4), 300)
HEADS = {"num_hidden_layers": 6, "num_attention_heads": 4, "num_key_value_heads": 2}


def placed(scene: Scene, name: str) -> Placement:
    (found,) = (one for one in scene.placements if one.name == name)
    return found


def labels(scene: Scene, kind: str) -> list[Label]:
    return [one for one in scene.labels if one.kind == kind]


def test_embeddings_lie_above_and_the_head_below() -> None:
    scene = one_scene(TINY)
    blocks = blocks_of(scene).values()
    embedding, head = (placed(scene, n) for n in ("model.embed_tokens.weight", "lm_head.weight"))
    assert embedding.box.y + embedding.box.height <= min(box.y for box in blocks)
    assert head.box.y >= max(box.y + box.height for box in blocks)
    assert embedding.fold
    assert embedding.fold["kind"] == "rows"


def test_layers_go_down_the_columns() -> None:
    boxes = blocks_of(one_scene(TINY, TensorOptions(columns=2)))
    first = [boxes["text", layer] for layer in range(3)]
    assert len({box.x for box in first}) == 1
    assert first[0].y < first[1].y < first[2].y
    assert boxes["text", 3].y == first[0].y
    assert boxes["text", 3].x > first[0].x


def test_both_spellings_of_experts_give_the_same_picture() -> None:
    apart, fused = {}, {}
    for layer, role in ((layer, role) for layer in range(3) for role in ("gate", "up", "down")):
        apart |= {
            f"model.layers.{layer}.mlp.experts.{e}.{role}_proj.weight": (24, 40) for e in range(7)
        }
        fused[f"blk.{layer}.ffn_{role}_exps.weight"] = (7, 24, 40)
    one, other = (one_scene(model_shapes.document(shapes)) for shapes in (apart, fused))
    assert one.extent == other.extent
    for bank in other.placements:
        facts = bank.attributes
        for expert in range(7):
            name = f"model.layers.{facts['layer']}.mlp.experts.{expert}.{facts['role'][8:]}_proj"
            x, y = placed(one, f"{name}.weight").box[:2]
            at = element_at((7, 24, 40), bank.fold, x - bank.box.x, y - bank.box.y)
            assert at == (expert, 0, 0)


def test_layers_of_one_kind_may_lie_where_the_other_kind_does() -> None:
    """A dense layer's MLP and the experts that others have instead share their place."""
    shapes = {}
    for layer in range(8):
        names = [f"experts.{expert}.up_proj" for expert in range(16)] if layer else ["up_proj"]
        shapes |= {f"model.layers.{layer}.mlp.{name}.weight": (64, 64) for name in names}
        shapes[f"model.layers.{layer}.self_attn.q_proj.weight"] = (64, 64)
    scene = one_scene(model_shapes.document(shapes))
    check_alignment(scene)
    block = blocks_of(scene)["text", 0]
    assert block.width * block.height < 1.35 * 17 * 64 * 64
    assert not overlap((one.name, one.box) for one in scene.placements)


def test_missing_layers_are_outlined() -> None:
    kept = [one for one in TINY.regions if ".layers.2." in one.name or ".layers.3." in one.name]
    scene = one_scene(model_shapes.shuffled(TINY, kept))
    assert [one.name for one in labels(scene, "layer")] == ["layer 2", "layer 3"]
    assert {one.name for one in labels(scene, "missing")} == {f"layer {n}" for n in (0, 1, 4, 5)}
    check_alignment(scene)


def test_layers_with_huge_numbers_do_not_make_a_huge_canvas() -> None:
    shapes = {f"model.layers.{n}.self_attn.q_proj.weight": (8, 8) for n in (1, 2, 900_001)}
    shapes["model.layers.1.mlp.experts.999999.up_proj.weight"] = (8, 8)
    scene = one_scene(model_shapes.document(shapes, {"num_hidden_layers": 2**39}))
    assert canvas(scene).width * canvas(scene).height < 100_000
    assert len(labels(scene, "layer")) == 3


def test_heads_are_told_where_they_lie() -> None:
    scene = one_scene(model_shapes.document({r.name: r.shape for r in TINY.regions}, HEADS))
    block = "model.layers.1.self_attn."
    heads = {n: placed(scene, f"{block}{n}_proj.weight").attributes["heads"] for n in "qkvo"}
    assert heads["q"] == {"axis": 0, "size": 4, "count": 4}
    assert heads["k"] == heads["v"] == {"axis": 0, "size": 4, "count": 2}
    assert heads["o"] == {"axis": 1, "size": 4, "count": 4}
    assert "heads" not in placed(scene, "model.layers.1.mlp.up_proj.weight").attributes


def test_attributes_say_what_a_tensor_is() -> None:
    (scene,) = arrange(
        model_shapes.document({"model.layers.4.mlp.experts.3.up_proj.weight": (2, 3)})
    )
    assert scene.placements[0].attributes == {
        "role": "experts.up",
        "layer": 4,
        "expert": 3,
        "stack": "text",
        "part": "",
        "canonical": "text.4.experts.up.weight[3]",
        "dtype": "BF16",
        "shape": [2, 3],
        "bits_per_weight": 0.0,  # nothing is stored for it
    }


def test_match_shows_what_it_says_and_no_missing_layers() -> None:
    scene = one_scene(TINY, TensorOptions(match="*.layers.[24].*.q_proj.weight"))
    assert [one.name for one in scene.placements] == [
        f"model.layers.{layer}.self_attn.q_proj.weight" for layer in (2, 4)
    ]
    assert len(labels(scene, "layer")) == 2 + len(labels(scene, "missing")) - 3


def test_what_matches_nothing_is_a_sentence() -> None:
    with pytest.raises(LayoutError, match=r"matches --match 'x\*'.*inspect"):
        one_scene(TINY, TensorOptions(match="x*"))


def test_every_input_is_a_scene() -> None:
    scenes = arrange(TINY, replace(TINY, input=1))
    assert [(one.key, one.label) for one in scenes] == [("m0", "m0"), ("m1", "m1")]
    assert [one.documents for one in scenes] == [(TINY,), (replace(TINY, input=1),)]


@pytest.mark.parametrize(
    ("inputs", "names"),
    [
        (("a/base", "b/tuned/"), ["base", "tuned"]),
        (("a/model.safetensors", "b/model.safetensors"), ["a/model.safetensors", "b/model.safetensors"]),
        (("hf://owner/one@main", "hf://owner/two"), ["one", "two"]),
        (("m", "m"), ["m", "m (2)"]),
        ((".", "C:\\models\\x"), ["model.safetensors", "x"]),
    ],
)  # fmt: skip
def test_tabs_are_called_after_what_tells_inputs_apart(
    inputs: tuple[str, ...], names: list[str]
) -> None:
    scenes = ArchLayoutPlugin().arrange(Request(inputs), (TINY, replace(TINY, input=1)))
    assert [scene.label for scene in scenes] == names


def test_documents_of_one_input_are_stacks_of_one_scene() -> None:
    unet, text = (replace(TINY, name=f"{folder}/model.safetensors") for folder in ("unet", "text"))
    text = model_shapes.shuffled(text, text.regions[:-3])
    (scene,) = arrange(unet, text)
    check_scenes([scene], [unet, text])
    assert {"unet", "text"} <= {one.name for one in labels(scene, "stack")}
    assert len(scene.placements) == len(unet.regions) + len(text.regions)
    folders = [one.name.partition("/")[0] for one in scene.placements]
    assert [one.attributes["model"] for one in scene.placements] == folders
    assert set(folders) == {"unet", "text"}


def test_the_same_weights_are_shown_once() -> None:
    double = replace(TINY, name="pytorch_model.bin", format="pytorch")
    (scene,) = arrange(TINY, double)
    assert len(scene.placements) == len(TINY.regions)
    assert scene.documents == (TINY, double)
    assert any("pytorch_model.bin" in one for one in scene.warnings)


def test_flags_choose_the_view() -> None:
    scene = one_scene(TINY, ColourOptions(scale="role", overview="max"))
    assert scene.renderer == "elements"
    assert (scene.view.scale, scene.view.overview) == ("role", "max")


EMPTY = Document("training_args.bin", "pytorch", (), (), warnings=("it holds no tensors",))


def test_what_holds_no_tensor_is_left_to_others_unless_the_program_is_strict() -> None:
    (strict,) = arrange(TINY, EMPTY)
    (lenient,) = arrange(TINY, EMPTY, profile=LENIENT)
    assert strict.documents == (TINY, EMPTY)
    assert lenient.documents == (TINY,)
    other = replace(EMPTY, input=1)
    (only,) = arrange(TINY, other)
    assert only.documents == (TINY, other)
    assert any("training_args.bin" in one for one in only.warnings)


def test_without_a_single_tensor_a_strict_program_hears_why() -> None:
    layout = ArchLayoutPlugin()
    request = Request(("training_args.bin",), MODELWEIGHTVIS)
    assert layout.matches(request, [EMPTY])
    assert not layout.matches(replace(request, profile=LENIENT), [EMPTY])
    with pytest.raises(LayoutError, match=r"no tensor.*arbvis training_args\.bin"):
        layout.arrange(request, [EMPTY])
    assert not layout.matches(request, [replace(TINY, derived=True)])

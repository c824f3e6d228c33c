"""The example models from the command line to the PNG files, against numpy.

Values come from safetensors' and gguf's own readers; what a code means comes from the manifest, as
the page's legend has it.
"""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import gguf
import ml_dtypes  # noqa: F401  numpy knows bfloat16 by it
import numpy as np
import pytest
import safetensors
from numpy.typing import NDArray
from PIL import Image

from arbvis_core import api
from arbvis_core.cli.app import start
from arbvis_core.sinks.memory import MemorySink
from arbvis_core.sources.files import LocalSource
from modelweightvis.profile import MODELWEIGHTVIS

sys.path.append(str(Path(__file__).parents[1] / "model" / "render"))
from canvases import bfloat16, pixels
from canvases import safetensors as written_as

MODELS = Path(__file__).parents[2] / "examples" / "models"
LLAMA = MODELS / "llama-code"
QUANTISED = MODELS / "llama-code-gguf" / "llama-code-Q4_K_M.gguf"
TILE = 512
PADDING, NOT_FINITE, ZERO = 0, 2, 4

examples = pytest.mark.skipif(
    not MODELS.is_dir(), reason="a source distribution leaves the example models out"
)
Values = NDArray[np.float32]


@cache
def values_of(path: Path) -> dict[str, Values]:
    """Return every tensor of a model, as the libraries of its format read it."""
    if path.suffix == ".gguf":
        return {
            one.name: np.asarray(gguf.quants.dequantize(one.data, one.tensor_type), np.float32)
            .reshape([int(size) for size in reversed(one.shape)])
            for one in gguf.GGUFReader(path).tensors
        }  # fmt: skip
    found = {}
    with safetensors.safe_open(path / "model.safetensors", "numpy") as file:
        for name in file.keys():  # noqa: SIM118
            array = file.get_tensor(name)
            found[name] = np.asarray(array, np.float32)
    return found


class Bundle:
    """A rendered model: what its manifest says and the codes of its pixels."""

    def __init__(self, model: Path, folder: Path) -> None:
        assert start(MODELWEIGHTVIS, [str(model), "-q", "-o", str(folder)]) == 0
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        (self.scene,) = manifest["scenes"]
        self.folder = folder
        canvas = self.scene["canvas"]
        self.width, self.height, self.zooms = canvas["width"], canvas["height"], canvas["max_zoom"]

    def codes(self, zoom: int) -> NDArray[np.uint8]:
        """Return every pixel of a zoom."""
        side = 1 << (self.zooms - zoom)
        height, width = -(-self.height // side), -(-self.width // side)
        found = np.zeros((-(-height // TILE) * TILE, -(-width // TILE) * TILE), np.uint8)
        for path in (self.folder / "tiles" / self.scene["key"] / str(zoom)).glob("*/*.png"):
            x, y = int(path.parent.name), int(path.stem)
            with Image.open(path) as image:
                assert image.mode == "P"
                found[y * TILE : (y + 1) * TILE, x * TILE : (x + 1) * TILE] = np.asarray(image)
        assert not found[height:].any()
        assert not found[:, width:].any()
        return found[:height, :width]

    def canvas(self, values: dict[str, Values]) -> NDArray[np.float64]:
        """Return the element under every pixel of the maximum zoom; infinite where there is none."""
        found = np.full((self.height, self.width), np.inf)
        for one in self.scene["placements"]:
            laid = pixels(values[one["name"]], one.get("fold"))
            area = found[one["y"] : one["y"] + one["height"], one["x"] : one["x"] + one["width"]]
            area[:] = np.where(np.isnan(laid), area, laid)
        return found

    def window(self, what: str, low: float, high: float) -> tuple[float, float]:
        """Return the magnitudes that the colours span, log2, from the manifest's scale."""
        scale = self.scene["scale"]
        marks = scale[what]["model"]
        return tuple(marks[scale["probabilities"].index(share)] for share in (low, high))  # type: ignore[return-value]


@pytest.fixture(scope="module", params=[LLAMA, QUANTISED], ids=["safetensors", "Q4_K_M"])
def drawn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    bundle = Bundle(request.param, tmp_path_factory.mktemp("drawn") / "out")
    return bundle, bundle.canvas(values_of(request.param))


def folded(plane: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Return the sum of every square of so many pixels."""
    height, width = (-(-length // side) * side for length in plane.shape)
    whole = np.zeros((height, width))
    whole[: plane.shape[0], : plane.shape[1]] = plane
    return whole.reshape(height // side, side, width // side, side).sum((1, 3))


def steps(magnitude: NDArray[np.float64], window: tuple[float, float], span: int) -> Any:
    """Return how far along a scale of so many steps a magnitude lies."""
    low, high = window
    return np.clip((np.log2(magnitude) - low) / (high - low), 0, 1) * span


@examples
def test_every_element_of_a_model_is_a_pixel(drawn: Any) -> None:
    bundle, canvas = drawn
    there = np.isfinite(canvas)
    placements = bundle.scene["placements"]
    assert there.sum() == sum(one["stats"]["count"] for one in placements) > 2_700_000
    np.testing.assert_array_equal(bundle.codes(bundle.zooms) != PADDING, there)


@examples
def test_at_one_to_one_a_pixel_is_its_element_within_one_step(drawn: Any) -> None:
    bundle, canvas = drawn
    codes = bundle.codes(bundle.zooms).astype(int)
    some = np.isfinite(canvas) & (canvas != 0)
    np.testing.assert_array_equal(codes == ZERO, canvas == 0)
    found, element = codes[some], canvas[some]
    assert ((found > 130) == (element > 0)).all()
    wanted = steps(np.abs(element), bundle.window("values", 0.05, 0.998), 124)
    assert np.abs(np.abs(found - 130) - 1 - wanted).max() <= 1
    assert len(np.unique(found)) > 200


@examples
def test_at_every_other_zoom_a_pixel_is_the_mean_magnitude_within_one_step(drawn: Any) -> None:
    bundle, canvas = drawn
    there = np.isfinite(canvas)
    sizes = np.where(there, np.abs(canvas), 0)
    window = bundle.window("mean", 0.01, 0.99)
    assert bundle.zooms == 3
    for zoom in range(bundle.zooms):
        side = 1 << (bundle.zooms - zoom)
        count, total = folded(there, side), folded(sizes, side)
        codes = bundle.codes(zoom).astype(int)
        np.testing.assert_array_equal(codes == PADDING, count == 0)
        np.testing.assert_array_equal(codes == ZERO, (count > 0) & (total == 0))
        some = total > 0
        wanted = 5 + steps(total[some] / count[some], window, 250)
        assert np.abs(codes[some] - wanted).max() <= 1, zoom
        assert len(np.unique(codes[some])) > 100


@examples
def test_the_legend_says_what_the_colours_span(drawn: Any) -> None:
    bundle, _ = drawn
    leaf, overview = bundle.scene["legend"]
    ends = [2**one for one in bundle.window("values", 0.05, 0.998)]
    for entry, sign in zip(leaf["entries"][:2], ("\u2212", "+"), strict=True):
        told = sorted(float(entry[end].lstrip("\u2212+")) for end in ("low", "high"))
        assert told == pytest.approx(ends, rel=5e-3)
        assert entry["low"].startswith(sign)
    means = [2**one for one in bundle.window("mean", 0.01, 0.99)]
    entry = overview["entries"][0]
    assert [float(entry[end]) for end in ("low", "high")] == pytest.approx(means, rel=5e-3)


@examples
def test_one_nan_is_seen_from_the_furthest_zoom_and_moves_nothing_else(tmp_path: Path) -> None:
    name, row, column = "model.layers.2.mlp.down_proj.weight", 101, 307
    broken = tmp_path / "broken"
    shutil.copytree(LLAMA, broken)
    data = bytearray((broken / "model.safetensors").read_bytes())
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    at = 8 + length + header[name]["data_offsets"][0] + 2 * (row * 512 + column)
    data[at : at + 2] = b"\xc0\x7f"
    (broken / "model.safetensors").write_bytes(data)
    before, after = Bundle(LLAMA, tmp_path / "a"), Bundle(broken, tmp_path / "b")
    (placement,) = (one for one in after.scene["placements"] if one["name"] == name)
    assert "fold" not in placement
    assert placement["stats"]["non_finite"] == 1
    for zoom in range(after.zooms + 1):
        shift = after.zooms - zoom
        whole, codes = before.codes(zoom), after.codes(zoom)
        y, x = (placement["y"] + row) >> shift, (placement["x"] + column) >> shift
        assert [*zip(*np.nonzero(codes == NOT_FINITE), strict=True)] == [(y, x)]
        codes[y, x] = whole[y, x]
        np.testing.assert_array_equal(codes, whole)


def blobs_of(model: Path, kind: Any, jobs: int) -> dict[str, bytes]:
    sink = MemorySink()
    plan = api.plan(api.Request((str(model),), MODELWEIGHTVIS))
    api.render(plan, sink, jobs=jobs, executor=kind)
    return sink.blobs


@examples
@pytest.mark.parametrize("model", [LLAMA, QUANTISED], ids=["safetensors", "Q4_K_M"])
def test_bundles_do_not_depend_on_the_executor(model: Path) -> None:
    alone = blobs_of(model, "serial", 1)
    assert len([path for path in alone if path.endswith(".png")]) >= 20
    assert blobs_of(model, "threads", 2) == alone
    assert blobs_of(model, "processes", 2) == alone


def large_safetensors(folder: Path) -> int:
    """Write a Llama-shaped model in BF16 and return how many bytes its tensors have."""
    random = np.random.default_rng(5)
    tensors: dict[str, tuple[str, NDArray[Any]]] = {
        f"model.layers.{layer}.{name}.weight": (
            "BF16",
            bfloat16(random.standard_normal(shape, np.float32)),
        )
        for layer in range(6)
        for name, shape in (
            ("self_attn.q_proj", (640, 640)), ("self_attn.k_proj", (128, 640)),
            ("mlp.up_proj", (1700, 640)), ("mlp.down_proj", (640, 1700)),
            ("input_layernorm", (640,)),
        )
    }  # fmt: skip
    document = written_as(tensors)
    source = document.sources[0]
    (folder / "model.safetensors").write_bytes(bytes(source.read([(0, source.size)])[0]))
    return sum(2 * array.size for _, array in tensors.values())


def large_gguf(folder: Path) -> int:
    """Write a Llama-shaped model in Q8_0 and Q4_0 and return how many bytes its tensors have."""
    random = np.random.default_rng(6)
    writer = gguf.GGUFWriter(folder / "model.gguf", "llama")
    count = 0
    for layer in range(6):
        for name, shape, kind in (
            ("attn_q", (1280, 1280), gguf.GGMLQuantizationType.Q8_0),
            ("ffn_up", (2560, 1280), gguf.GGMLQuantizationType.Q4_0),
            ("ffn_down", (1280, 2560), gguf.GGMLQuantizationType.Q4_0),
        ):
            packed = gguf.quants.quantize(random.standard_normal(shape, np.float32), kind)
            writer.add_tensor(f"blk.{layer}.{name}.weight", packed, raw_dtype=kind)
            count += packed.nbytes
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return count


@pytest.mark.parametrize("make", [large_safetensors, large_gguf])
@pytest.mark.parametrize("kind", ["serial", "threads"])
def test_every_byte_is_asked_for_once_sample_included(
    tmp_path: Path, make: Any, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arbvis_core.reading.SMALL", 0)  # as if it had more than 64 MiB
    monkeypatch.setattr("arbvis_core.pipeline.opening.SMALL", 0)
    monkeypatch.setattr("modelweightvis.render.sampling.WHOLE", 0)
    count = make(tmp_path)
    asked: list[int] = []
    lock, read = threading.Lock(), LocalSource.read

    def counting(self: LocalSource, ranges: Sequence[tuple[int, int]]) -> Any:
        with lock:
            asked.extend(stop - start for start, stop in ranges)
        return read(self, ranges)

    monkeypatch.setattr(LocalSource, "read", counting)
    blobs = blobs_of(tmp_path, kind, 2)
    (scene,) = json.loads(blobs["manifest.json"])["scenes"]
    assert scene["sample"]["of"] == count
    assert 0 < scene["sample"]["bytes"] < 0.05 * count
    assert count <= sum(asked) <= 1.05 * count

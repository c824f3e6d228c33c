"""Which files of a repository are the model: no duplicates, no variants, no other frameworks."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from arbvis_core.api import SourceError
from arbvis_core.slotted import dataclass
from modelweightvis.sources.addresses import Address, is_safe, shown

#: Containers of weights by extension; of one model in several the first is taken.
KINDS = {one: one for one in ("safetensors", "bin", "gguf", "pth", "npz")}
KINDS |= dict.fromkeys(("pt", "ckpt"), "pth")
ORDER = ("safetensors", "bin", "pth", "npz")
#: Names of weights that libraries look for; beside them, others hold the same or something else.
USUAL = ("model", "diffusion_pytorch_model", "pytorch_model", "adapter_model", "consolidated")
#: Of one model in several precisions the first is taken.
VARIANTS = ("", "fp32", "float32", "f32", "bf16", "bfloat16", "fp16", "float16", "f16")
#: What says something about the weights in its folder.
SIDECARS = frozenset(
    {
        *("config.json", "generation_config.json", "adapter_config.json", "params.json"),
        *("model_index.json", "modules.json"),
        *("quantize_config.json", "quant_config.json", "hf_quant_config.json"),
    }
)
#: What people say of the whole repository.
CARD = "README.md"
#: The largest of these, in bytes.
LARGEST = 128 << 20
#: How many alternatives an error lists.
LISTED = 60

_JUNK = re.compile(
    r"(training_args|optimizer|scheduler|scaler|openvino_|rng_state|random_states|tokenizer|vocab"
    r"|.*imatrix|ggml-vocab|.*optim_states)",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"(onnx|openvino|ov|coreml|tflite|tf|flax|jax|tensorrt|runs|logs|\.[^.].*|.*\.(mlpackage|mlmodelc))",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"-[0-9]{1,5}-of-[0-9]{1,5}")
_PRECISION = re.compile(
    rf"(.+)\.({'|'.join(filter(None, VARIANTS))}|fp8|non_ema|ema)", re.IGNORECASE
)
_MODULE = re.compile(r"[0-9]+_\w+")


@dataclass(frozen=True, slots=True)
class Weights:
    """A file of weights, by the parts of its name.

    Attributes:
        name: its path.
        folder: the folder it is in, or empty.
        kind: what it is, of `KINDS`.
        stem: its name without extension, variant and number; files of one stem are one model.
        variant: what is said of precision and the like, or empty.
    """

    name: str
    folder: str
    kind: str
    stem: str
    variant: str


def read_name(name: str) -> Weights | None:
    """Return what a path says, or None if it is not that of weights."""
    folder, _, base = name.rpartition("/")
    stem, _, extension = base.rpartition(".")
    kind = KINDS.get(extension.lower())
    if kind is None or not stem or _JUNK.match(base):
        return None
    stem = _NUMBER.sub("", stem)
    if kind == "gguf":
        return Weights(name, folder, kind, stem, "")
    stem = re.sub(r"^(consolidated|model)\.[0-9]{2}$", r"\1", stem)
    usual, _, variant = stem.partition(".")
    if usual in USUAL:
        return Weights(name, folder, kind, usual, variant.lower())
    found = _PRECISION.fullmatch(stem)
    return Weights(name, folder, kind, *((found[1], found[2].lower()) if found else (stem, "")))


def choose(address: Address, files: Mapping[str, int]) -> list[str]:
    """Return the files to open, in order: those of one model, and their sidecars.

    A file that is named is taken alone, or with the other parts of a split GGUF.

    Args:
        address: the repository, and what of it was asked for.
        files: the size of every file of the repository, by path.

    Raises:
        SourceError: there is no such file, there are no weights, or there are several models.
    """
    if address.path in files:
        return ordered(_whole(address.path, files))
    below = f"{address.path}/" if address.path else ""
    inside = [name for name in files if name.startswith(below)]
    if not files:
        raise SourceError(f"{address} is empty; its weights may not have been uploaded yet")
    if not inside:
        raise SourceError(f"{address}: {_missing(address, files)}")
    taken = _Chooser(address, files, inside).model()
    return ordered({one.name for one in taken} | set(sidecars(taken, files, address.path)))


def beside(address: Address, files: Mapping[str, int]) -> list[str]:
    """Return the sidecars of a file that is named."""
    named = read_name(address.path)
    if address.path not in files or named is None:
        return []
    return ordered(set(sidecars([named], files, named.folder)) - {address.path})


def sidecars(taken: Iterable[Weights], files: Mapping[str, int], base: str) -> list[str]:
    """Return what stands beside weights and says something about them."""
    folders = {base, *(one.folder for one in taken)}
    indexes = {index for one in taken for index in _indexes(one)}
    found = []
    for name, size in files.items():
        folder, _, last = name.rpartition("/")
        told = name == CARD or name in indexes or (folder in folders and last in SIDECARS)
        if told and size <= LARGEST:
            found.append(name)
    return found


def ordered(names: Iterable[str]) -> list[str]:
    """Sort paths by their components, byte by byte, as folders are."""
    return sorted(names, key=lambda name: [part.encode() for part in name.split("/")])


def size_of(count: int) -> str:
    """Write a number of bytes as people read it."""
    number = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 999.5:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


class _Chooser:
    def __init__(self, address: Address, files: Mapping[str, int], inside: Sequence[str]) -> None:
        self._address = address
        self._files = files
        self._inside = inside
        self._base = address.path
        skip = len(self._base) + 1 if self._base else 0
        read = ((name[skip:].split("/")[:-1], read_name(name)) for name in inside)
        self._weights = [
            one
            for folders, one in read
            if one is not None and not any(map(_ELSEWHERE.fullmatch, folders))
        ]

    def model(self) -> list[Weights]:
        """Return the weights of the one model that is there."""
        if taken := self._components():
            return taken
        here = [one for one in self._weights if one.folder == self._base]
        if any(one.kind in ORDER[:2] for one in here):
            return self._best(here) + self._modules()
        if split := [one for one in self._weights if one.kind == "gguf"]:
            return self._quantised(split)
        if here:
            return self._best(here)
        folders = sorted({one.folder for one in self._weights})
        if len(folders) > 1:
            sizes = {folder: self._size(self._of(folder)) for folder in folders}
            raise self._ambiguous("models in several folders", sizes)
        if not folders:
            raise SourceError(f"{self._address} {self._instead()}")
        return self._best(self._of(folders[0]))

    def _components(self) -> list[Weights]:
        """Return the weights of every component of a pipeline of diffusers."""
        below = f"{self._base}/" if self._base else ""
        if f"{below}model_index.json" not in self._files:
            return []
        folders = {one.folder for one in self._weights if one.kind in ORDER[:2]}
        direct = [one for one in folders if one != self._base and "/" not in one[len(below) :]]
        return [one for folder in sorted(direct) for one in self._best(self._of(folder))]

    def _modules(self) -> list[Weights]:
        """Return the weights of the layers that sentence-transformers puts behind a model."""
        below = f"{self._base}/" if self._base else ""
        if f"{below}modules.json" not in self._files:
            return []
        folders = {one.folder for one in self._weights if one.folder.startswith(below)}
        layers = sorted(one for one in folders if _MODULE.fullmatch(one[len(below) :]))
        return [one for folder in layers for one in self._best(self._of(folder))]

    def _of(self, folder: str) -> list[Weights]:
        return [one for one in self._weights if one.folder == folder]

    def _best(self, found: Sequence[Weights]) -> list[Weights]:
        """Return one model in one container and one precision, of a folder's weights."""
        kind = next((kind for kind in ORDER if any(one.kind == kind for one in found)), "gguf")
        found = [one for one in found if one.kind == kind]
        stems = {one.stem for one in found}
        stem = next((stem for stem in USUAL if stem in stems), next(iter(stems)))
        if len(stems) > 1 and stem not in USUAL:
            sizes = {one.name: self._files[one.name] for one in found}
            raise self._ambiguous(f"several models in .{kind} files", sizes)
        rank = {variant: number for number, variant in enumerate(VARIANTS)}
        variants = {one.variant for one in found if one.stem == stem}
        variant = min(variants, key=lambda one: (rank.get(one, len(rank)), one))
        return [one for one in found if (one.stem, one.variant) == (stem, variant)]

    def _quantised(self, found: Sequence[Weights]) -> list[Weights]:
        """Return the one GGUF model; a projector beside it is another."""
        models: dict[tuple[str, str], list[Weights]] = {}
        for one in found:
            models.setdefault((one.folder, one.stem), []).append(one)
        whole = {key: parts for key, parts in models.items() if "mmproj" not in key[1].lower()}
        models = whole or models
        if len(models) > 1:
            sizes = {parts[0].name: self._size(parts) for parts in models.values()}
            raise self._ambiguous(f"{len(models)} GGUF models", sizes)
        return next(iter(models.values()))

    def _size(self, found: Iterable[Weights]) -> int:
        return sum(self._files[one.name] for one in found)

    def _ambiguous(self, what: str, sizes: Mapping[str, int]) -> SourceError:
        names = ordered(name for name in sizes if is_safe(name))
        listed = ", ".join(f"{shown(one)} ({size_of(sizes[one])})" for one in names[:LISTED])
        more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        first = self._address.to(names[0]) if names else ""
        return SourceError(
            f"{self._address} holds {what}; name one of them, as in {first}: {listed}{more}"
        )

    def _instead(self) -> str:
        """Say what is there where there are no weights."""
        extensions = Counter(
            f".{last.rpartition('.')[2].lower()}" if "." in last else "without an extension"
            for last in (name.rpartition("/")[2] for name in sorted(self._inside))
        )
        told = [f"{number} {shown(end)}" for end, number in extensions.most_common(6)]
        more = ", …" if len(extensions) > len(told) else ""
        safe = [(self._files[name], name) for name in self._inside if is_safe(name)]
        largest = self._address.to(max(safe)[1]) if safe else ""
        advice = f"; the bytes of one are shown by: arbvis {largest}" if safe else ""
        return (
            f"holds no weights that can be read (safetensors, GGUF, PyTorch, npz), but these files: "
            f"{', '.join(told)}{more}{advice}"
        )


def _indexes(one: Weights) -> tuple[str, ...]:
    """Return the paths that an index of the shards may have."""
    extension = one.name.rpartition(".")[2]
    below = f"{one.folder}/" if one.folder else ""
    if not one.variant:
        return (f"{below}{one.stem}.{extension}.index.json",)
    return (
        f"{below}{one.stem}.{one.variant}.{extension}.index.json",
        f"{below}{one.stem}.{extension}.index.{one.variant}.json",
    )


def _whole(path: str, files: Mapping[str, int]) -> list[str]:
    """Return a file, or all parts of the split GGUF that it is one of."""
    named = read_name(path)
    if named is None or named.kind != "gguf" or not _NUMBER.search(path):
        return [path]
    count = path.rpartition("-of-")[2]
    parts = (name for name in files if name.endswith(f"-of-{count}"))
    return [one for one in parts if (read := read_name(one)) and _same(read, named)]


def _same(one: Weights, other: Weights) -> bool:
    return (one.folder, one.stem) == (other.folder, other.stem)


def _missing(address: Address, files: Mapping[str, int]) -> str:
    """Say that there is no such file, and which are called alike."""
    folders = {name.rpartition("/")[0] for name in files} - {""}
    names = [*files, *sorted(folders)]
    last = address.path.rpartition("/")[2]
    close = [name for name in names if name.rpartition("/")[2] == last]
    close += difflib.get_close_matches(address.path, names, n=3)
    told = [shown(one) for one in dict.fromkeys(close) if is_safe(one)][:3]
    hint = f"did you mean {' or '.join(told)}?" if told else f"it has {len(files)} other files"
    return f"there is no {shown(address.path)!r} in it; {hint}"

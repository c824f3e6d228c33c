"""What a folder says of how its weights are quantised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from arbvis_core.api import Document, Source
from arbvis_core.slotted import dataclass
from modelweightvis.formats.reading import basename
from modelweightvis.sidecars import CONFIG, read_object

#: Where settings stand, the usual place first, and the method that a file stands for.
_FILES = {CONFIG: "", "quantize_config.json": "gptq", "quant_config.json": "awq"}
_KEYS = ("quantization_config", "quantization")
_NOWHERE = f"{CONFIG} is not beside it"
#: The largest number that is believed.
_MOST = 1 << 24


@dataclass(frozen=True, slots=True)
class Settings:
    """How weights are quantised, as a file beside them says.

    Attributes:
        where: the file that says so, or why there is none.
        method: `quant_method`, in small letters; empty where nothing is said.
        options: what else is said; nothing in it is trusted.
        mlx: what is said in the words of MLX.
    """

    where: str = _NOWHERE
    method: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    mlx: Mapping[str, Any] = field(default_factory=dict)

    def word(self, *keys: str) -> str:
        """Return the first of the keys that is a word, in small letters; or nothing."""
        values = (self.options.get(key) for key in keys)
        return next((one.lower() for one in values if isinstance(one, str)), "")

    def block(self) -> tuple[int, ...]:
        """Return how many elements share a scale, per axis; nothing where it is not said."""
        for told in (self.options, *self._weights()):
            for key in ("weight_block_size", "block_structure"):
                value = told.get(key)
                if isinstance(value, list) and len(value) == 2:
                    sizes = [whole(one) for one in value]
                    if all(sizes):
                        return tuple(one for one in sizes if one)
        return ()

    def groups(self) -> tuple[int, ...]:
        """Return how many inputs may share a scale, as it is said of all or of some weights."""
        told = (whole(one.get("group_size")) for one in (self.options, *self._weights()))
        return tuple(size for size in told if size)

    def bits(self) -> tuple[int, ...]:
        """Return how many bits a code may have, as it is said of all or of some weights."""
        told = ((self.options, "bits"), *((one, "num_bits") for one in self._weights()))
        sizes = (whole(one.get(key)) for one, key in told)
        return tuple(size for size in sizes if size)

    def _weights(self) -> Iterator[Mapping[str, Any]]:
        """Yield what compressed-tensors says of the weights of each group of layers."""
        groups = self.options.get("config_groups")
        for group in groups.values() if isinstance(groups, Mapping) else ():
            weights = group.get("weights") if isinstance(group, Mapping) else None
            if isinstance(weights, Mapping):
                yield weights


def whole(value: object) -> int | None:
    """Return a positive number of a sensible size, or None."""
    return value if type(value) is int and 0 < value <= _MOST else None


def read_settings(document: Document, siblings: Sequence[Source]) -> Settings:
    """Return what stands beside a document; what cannot be read says nothing."""
    folders = {(one.folder, one.name[: -len(basename(one))]) for one in document.sources}
    beside = {
        basename(one): one
        for one in siblings
        if basename(one) in _FILES and (one.folder, one.name[: -len(basename(one))]) in folders
    }
    problem = _NOWHERE if CONFIG not in beside else f"{CONFIG} does not say it"
    for name, method in _FILES.items():
        if name not in beside:
            continue
        try:
            config = read_object(beside[name])
        except ValueError:
            problem = f"{name} cannot be read"
            continue
        told = config if method else _told(config, _KEYS)
        if told:
            named = told.get("quant_method", method)
            return Settings(
                f"{name} does not say it",
                named.lower() if isinstance(named, str) else "",
                told,
                {} if method else _told(config, _KEYS[::-1]),
            )
    return Settings(problem)


def _told(config: Mapping[str, Any], keys: Sequence[str]) -> Mapping[str, Any]:
    """Return the settings in a configuration, or in that of a stack inside it."""
    for one in (config, *config.values()):
        for key in keys if isinstance(one, Mapping) else ():
            value = one.get(key)
            if isinstance(value, Mapping) and value:
                return value
    return {}

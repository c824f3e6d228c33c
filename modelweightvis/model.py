"""A model in the hand: what `modelweightvis.open` returns."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from arbvis_core import api
from modelweightvis.formats.reading import shown
from modelweightvis.lazy import LazyTensor
from modelweightvis.lookup import nearest, unknown
from modelweightvis.profile import MODELWEIGHTVIS
from modelweightvis.tensors import matches, tensors_of

if TYPE_CHECKING:
    from arbvis_core.picture import Picture
    from modelweightvis.options import Overview, Scale
    from modelweightvis.table import Table


class Model(Mapping[str, LazyTensor]):
    """The tensors of a model by name, in the order they are stored. Only headers were read.

    A tensor is found by its stored name or by its canonical one. Where the files of a folder have
    tensors of one name, these are called `file:name`.

    Attributes:
        path: what was opened.
        match: the glob that the names match.
        documents: what it was found in, with facts about the model; one, unless it is a folder of
            several models.
        warnings: what was left out, one sentence each.
    """

    def __init__(
        self,
        path: str,
        documents: Iterable[api.Document],
        tensors: Mapping[str, LazyTensor],
        *,
        match: str | None = None,
        warnings: Iterable[str] = (),
    ) -> None:
        self.path = path
        self.match = match
        self.documents = tuple(documents)
        self.warnings = tuple(warnings)
        self._tensors = dict(tensors)
        held = Counter(tensor.canonical for tensor in self._tensors.values())
        self._by_canonical = {
            tensor.canonical: tensor
            for tensor in self._tensors.values()
            if held[tensor.canonical] == 1
        }

    def __getitem__(self, name: str) -> LazyTensor:
        """Return a tensor, of which nothing is read yet.

        Raises:
            UnknownTensorError: there is none of this name; a KeyError that names the nearest ones.
        """
        for known in (self._tensors, self._by_canonical):
            if name in known:
                return known[name]
        raise unknown(name, self._tensors, self.path)

    def __len__(self) -> int:
        return len(self._tensors)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def stats(
        self,
        match: str | None = None,
        *,
        on_progress: Callable[[int], None] = lambda _elements: None,
    ) -> Table:
        """Measure every tensor, in one pass over their bytes and with bounded memory.

        Args:
            match: only tensors whose name matches this glob.
            on_progress: told how many elements were measured since, from any thread.

        Returns:
            A row per tensor. It says what the tensor is, then `count`, `min`, `max`, `mean`, `std`,
            `rms`, `mean_abs`, `max_abs`, `zeros` (a share), `non_finite` (a count) and `kurtosis`
            (3 for a normal distribution) of the finite values. What is not known is None.
        """
        from modelweightvis.inventory import table_of

        return table_of(matching(self._tensors, match), stats=True, on_progress=on_progress)

    def picture(
        self,
        *,
        match: str | None = None,
        layout: str | None = None,
        columns: int | None = None,
        scale: Scale | None = None,
        colormap: str | None = None,
        overview_colormap: str | None = None,
        overview: Overview | None = None,
        title: str | None = None,
    ) -> Picture:
        """Plan a picture, as the command line does with the flags of the same names.

        The picture shows itself in a notebook; `.render(folder)` writes the bundle.

        Raises:
            ArbvisError: it cannot be arranged.
        """
        from modelweightvis.options import ColourOptions, TensorOptions

        return api.open(
            self.path,
            layout=layout,
            title=title,
            options=(
                TensorOptions(match=self.match if match is None else match, columns=columns),
                ColourOptions(scale, colormap, overview_colormap, overview),
            ),
            profile=MODELWEIGHTVIS,
        )

    def __repr__(self) -> str:
        return f"<Model {self.path!r}: {len(self):,} tensors>"

    def _repr_html_(self) -> str:
        from modelweightvis.page import model_page

        return model_page(self)


def named(documents: Iterable[api.Document]) -> dict[str, LazyTensor]:
    """Return the tensors of documents by the names that a model finds them by."""
    found = [LazyTensor(one, tensor) for one in documents for tensor in tensors_of(one)]
    held = Counter(tensor.name for tensor in found)
    return {
        tensor.name if held[tensor.name] == 1 else f"{tensor.document.name}:{tensor.name}": tensor
        for tensor in found
    }


def matching(tensors: Mapping[str, LazyTensor], match: str | None) -> dict[str, LazyTensor]:
    """Return the tensors that a glob matches, by the name they are found or stored by."""
    return {name: tensor for name, tensor in tensors.items() if matches(match, name, tensor.name)}


def open_model(
    path: str | os.PathLike[str],
    *,
    match: str | None = None,
    format: str | None = None,  # noqa: A002  the flag's name
    keep_going: bool = False,
) -> Model:
    """Do what `modelweightvis.open` says."""
    spec = os.fspath(path)
    request = api.Request((spec,), MODELWEIGHTVIS, format=format, keep_going=keep_going)
    found, warnings = api.documents(request)
    documents = [one for one in found if not one.derived]
    tensors = named(documents)
    if not tensors:
        why = "".join(f"; {one}" for one in warnings[:1])
        raise api.UsageError(f"{spec} holds no tensors{why}. Its bytes are shown by: arbvis {spec}")
    chosen = matching(tensors, match)
    if match is not None and not chosen:
        close = nearest(match.replace("*", ""), tensors)
        hint = f"; the nearest is {shown(close[0])}" if close else ""
        raise api.UsageError(f"{spec} has no tensor that matches {shown(match)}{hint}")
    return Model(spec, documents, chosen, match=match, warnings=warnings)

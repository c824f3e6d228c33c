"""Models on the Hugging Face Hub, fetched into its cache and read from there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from arbvis_core.api import Priority, SourceProvider

if TYPE_CHECKING:
    from modelweightvis.sources.hub import Hub, Snapshot
    from modelweightvis.sources.opening import HubSource

SCHEME = "hf://"


class HuggingFaceSourceProvider(SourceProvider):
    """Opens `hf://owner/repo[@revision][/path]`.

    Of a repository it takes the files of one model and what describes them; a file that is named is
    taken whatever it is. Everything goes through the cache of `huggingface_hub`, with its rules for
    tokens, mirrors and being offline.

    Args:
        endpoint: the Hub's address; None takes `HF_ENDPOINT`.
        cache: the cache's folder; None takes the one that `HF_HOME` and `HF_HUB_CACHE` say.
    """

    name = "hugging-face"
    priority: int = Priority.NORMAL

    def __init__(self, endpoint: str | None = None, cache: str | None = None) -> None:
        self._places = (endpoint, cache)
        self._last: Snapshot | None = None

    def matches(self, spec: str) -> bool:
        """Claim addresses that begin with `hf://`."""
        return spec[: len(SCHEME)].lower() == SCHEME

    def open(self, spec: str) -> Sequence[HubSource]:
        """Return the files of a model, downloading those that the cache lacks.

        Raises:
            SourceError: there is no such model, it may not be had, or it is not clear which.
        """
        from modelweightvis.sources.addresses import parse_address
        from modelweightvis.sources.opening import open_model

        hub = self._hub()
        self._last = hub.snapshot(parse_address(spec))
        return open_model(hub, self._last)

    def beside(self, spec: str) -> Sequence[HubSource]:
        """Return what describes a file that was named, at the commit that it was opened at."""
        from modelweightvis.sources.addresses import parse_address
        from modelweightvis.sources.opening import open_beside

        hub, address = self._hub(), parse_address(spec)
        if self._last is None or self._last.address != address:
            self._last = hub.snapshot(address)
        return open_beside(hub, self._last)

    def _hub(self) -> Hub:
        from modelweightvis.sources.hub import Hub

        return Hub(*self._places)

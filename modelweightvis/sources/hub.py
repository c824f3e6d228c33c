"""What a model on the Hub consists of, and its files, through `huggingface_hub`'s cache."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arbvis_core.api import SourceError
from arbvis_core.slotted import dataclass
from modelweightvis.sources.addresses import COMMIT, Address, is_safe, shown
from modelweightvis.sources.cache import Cache
from modelweightvis.sources.choosing import size_of
from modelweightvis.sources.failures import told

if TYPE_CHECKING:
    from huggingface_hub import HfApi

#: No repository that is drawn whole has more files.
MOST = 20_000
#: Files of fewer bytes come in without a bar.
QUICK = 1 << 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files of a repository at one commit.

    Attributes:
        address: what was asked for.
        commit: what its revision is.
        files: sizes by path; 0 where the Hub does not say.
        etags: what the cache knows a file's content by.
        offline: the Hub was not to be asked, so this is what the cache has.
    """

    address: Address
    commit: str
    files: Mapping[str, int]
    etags: Mapping[str, str] = field(default_factory=dict)
    offline: bool = False


class Hub:
    """The Hub, or a server like it, and the cache of what came from it.

    Args:
        endpoint: its address; None takes `HF_ENDPOINT`.
        cache: a folder; None takes the one that `HF_HOME` and `HF_HUB_CACHE` say.
    """

    def __init__(self, endpoint: str | None = None, cache: str | None = None) -> None:
        self._endpoint = endpoint
        self._root = cache

    def snapshot(self, address: Address) -> Snapshot:
        """Return what there is, with one request.

        Raises:
            SourceError: the Hub does not say, or too much.
        """
        cache = Cache(self._root, address.repository)
        with told(address):
            from huggingface_hub.errors import OfflineModeIsEnabled, RevisionNotFoundError

            api = self._api()
            try:
                info = api.model_info(
                    address.repository, revision=address.revision, files_metadata=True
                )
            except OfflineModeIsEnabled:
                return self._cached(address, cache)
            except RevisionNotFoundError:
                raise _no_revision(api, address) from None
        if not COMMIT.fullmatch(info.sha or ""):
            raise SourceError(f"{address}: the Hub does not say which commit it is")
        listed = {one.rfilename: one for one in info.siblings or ()}
        sizes = {name: (one.lfs or one).size or 0 for name, one in listed.items()}
        etags = {
            name: (one.lfs.sha256 if one.lfs else one.blob_id) or "" for name, one in listed.items()
        }
        found = Snapshot(address, str(info.sha), sizes, etags)
        _check_number(found)
        cache.remember(address.revision, found.commit)
        return found

    def download(self, snapshot: Snapshot, names: Iterable[str]) -> dict[str, Path]:
        """Return where files are, by path, after fetching those that are not here.

        Raises:
            SourceError: one cannot be had.
        """
        cache = Cache(self._root, snapshot.address.repository)
        names = list(names)
        for name in names:
            if not is_safe(name):
                raise SourceError(f"{snapshot.address}: {shown(name)!r} is no name for a file")
        lacking = [name for name in names if not cache.path(snapshot.commit, name).exists()]
        if lacking and snapshot.offline:
            raise _not_cached(snapshot, lacking)
        _check_room(snapshot, cache, lacking)
        for name in lacking:
            with told(snapshot.address, name):
                self._fetch(snapshot, name)
        found = {name: cache.path(snapshot.commit, name) for name in names}
        for name, path in found.items():
            _check_whole(snapshot, name, path)
        return found

    def _fetch(self, snapshot: Snapshot, name: str) -> None:
        from huggingface_hub import hf_hub_download

        hf_hub_download(
            snapshot.address.repository,
            name,
            revision=snapshot.commit,
            cache_dir=self._root,
            endpoint=self._endpoint,
            library_name="modelweightvis",
            tqdm_class=_bar(name, snapshot.files[name]),
        )

    def _api(self) -> HfApi:
        from huggingface_hub import HfApi

        return HfApi(endpoint=self._endpoint, library_name="modelweightvis")

    def _cached(self, address: Address, cache: Cache) -> Snapshot:
        """Return what the cache has of a repository."""
        commit = cache.commit(address.revision)
        files = cache.files(commit, MOST + 1) if commit else {}
        if commit is None or not files:
            raise SourceError(
                f"{address}: HF_HUB_OFFLINE is set, and the cache has no revision "
                f"{shown(address.revision)!r} of it"
            )
        found = Snapshot(address, commit, files, offline=True)
        _check_number(found)
        return found


def _bar(name: str, size: int) -> type[Any]:
    """Make the client's bar show the file's name, where it would show the end of a signed address.

    As ever, it shows on a terminal only; what is there at once gets none.
    """
    from huggingface_hub.utils.tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            if not str(kwargs.get("desc")).startswith(name):
                kwargs["desc"] = name
            if size < QUICK:
                kwargs["disable"] = True
            begin: Any = super().__init__  # it has no types
            begin(*args, **kwargs)

    return Bar


def _check_number(snapshot: Snapshot) -> None:
    if len(snapshot.files) > MOST:
        raise SourceError(
            f"{snapshot.address} is a repository of more than {MOST:,} files; fetch those you want "
            f"with 'hf download {snapshot.address.repository} --include PATTERN --local-dir DIR', "
            f"and give the folder"
        )


def _check_room(snapshot: Snapshot, cache: Cache, lacking: Iterable[str]) -> None:
    """Refuse to begin what cannot end well."""
    contents = {snapshot.etags.get(name, name): snapshot.files[name] for name in lacking}
    needed = sum(size for etag, size in contents.items() if not cache.holds(etag))
    free = cache.free()
    if free is not None and needed > free:
        raise SourceError(
            f"{snapshot.address}: {size_of(needed)} are to be downloaded and {cache.root} has room "
            f"for {size_of(free)}; make room, or let HF_HOME name a folder on a larger disk"
        )


def _check_whole(snapshot: Snapshot, name: str, path: Path) -> None:
    """Refuse a file of the cache that is not what the Hub says it is."""
    try:
        size = path.stat().st_size
    except OSError:
        raise SourceError(
            f"{snapshot.address}: the Hub sent {shown(name)} of another commit; run again"
        ) from None
    expected = snapshot.files[name]
    if expected and size != expected:
        raise SourceError(
            f"{snapshot.address}: {path} is damaged, it has {size:,} bytes and should have "
            f"{expected:,}; delete it, and what it links to, and run again"
        )


def _not_cached(snapshot: Snapshot, lacking: list[str]) -> SourceError:
    return SourceError(
        f"{snapshot.address}: HF_HUB_OFFLINE is set, and the cache lacks {len(lacking)} of its "
        f"files, {shown(lacking[0])} to begin with"
    )


def _no_revision(api: HfApi, address: Address) -> SourceError:
    """Say that there is no such revision, and which are called alike."""
    names: list[str] = []
    with suppress(Exception):
        refs = api.list_repo_refs(address.repository)
        names = [one.name for one in (*refs.branches, *refs.tags)]
    close = difflib.get_close_matches(address.revision, names, n=1)
    known = close or names[:5]
    hint = f"; did you mean {shown(known[0])}?" if close else ""
    hint = hint or (f"; it has {', '.join(map(shown, known))}" if known else "")
    return SourceError(
        f"{address}: {address.repository} has no revision {shown(address.revision)!r}{hint}"
    )

"""Planes on disk: what was measured of a scene, kept from one run to the next.

They lie in a folder of the user's that nobody else can write to, named by what they were measured
of. It may be deleted at any time, in part or in whole; a file that is not what it should be is as
good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from arbvis_core import __version__
from arbvis_core.values import TILE, Plane, ScenePlan, TileKey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from arbvis_core.engine.blocks import Planes

#: Bytes that all runs together keep; `ARBVIS_CACHE_SIZE` says otherwise, 0 keeps nothing.
LIMIT = 2 << 30
#: The share of it that one scene may take, before it is compressed.
SHARE = 0.5
#: Bytes of a summary, before it is compressed, that are kept.
SUMMARY = 64 << 20
_SUFFIX, _SUMMARY = ".planes", ".summary"


class Shelf:
    """The folder, and how full it is."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit
        self._lock = Lock()
        self._held: int | None = None

    def put(self, name: str, data: bytes) -> None:
        """Write a file; a full disk costs time later and nothing else."""
        with contextlib.suppress(OSError):
            handle, partial = tempfile.mkstemp(dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                Path(partial).replace(self.folder / name)
            except BaseException:
                Path(partial).unlink(missing_ok=True)
                raise
            self._make_room(len(data))

    def get(self, name: str) -> bytes | None:
        """Return a file, which counts as used then."""
        path = self.folder / name
        try:
            data = path.read_bytes()
        except OSError:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return data

    def _make_room(self, added: int) -> None:
        """Delete what has not been used for longest."""
        with self._lock:
            if self._held is not None and self._held + added <= self.limit:
                self._held += added
                return
            found = []
            for path in self.folder.iterdir():
                with contextlib.suppress(OSError):
                    status = path.stat()
                    found.append((status.st_mtime_ns, status.st_size, path))
            self._held = sum(size for _, size, _ in found)
            for _, size, path in sorted(found, key=lambda one: one[0]):
                if self._held <= self.limit:
                    return
                with contextlib.suppress(OSError):
                    path.unlink()
                    self._held -= size


def shelf() -> Shelf | None:
    """Return the user's folder, or None if there is no safe one or none is wanted."""
    from arbvis_core.kernels.cache import cache_folder

    try:
        limit = int(os.environ.get("ARBVIS_CACHE_SIZE", LIMIT))
    except ValueError:
        limit = LIMIT
    kernels = cache_folder()
    if kernels is None or limit <= 0:
        return None
    folder = kernels.parent / "planes"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return None
    return Shelf(folder, limit)


class Store:
    """The planes of one scene."""

    def __init__(self, plan: ScenePlan, place: Shelf) -> None:
        self._content = content_of(plan)
        self._shelf = place
        self._deepest = deepest(plan, SHARE * place.limit)

    def load(self, key: TileKey, declared: tuple[Plane, ...]) -> Planes | None:
        """Return the planes of a tile if they are there and whole."""
        if key.zoom > self._deepest:
            return None
        data = self._shelf.get(self._name(key, [one.name for one in declared]))
        return None if data is None else unpacked(data, declared)

    def save(self, key: TileKey, planes: Planes) -> None:
        """Keep the planes of a tile, unless it is too deep in the pyramid for all like it to fit."""
        if key.zoom <= self._deepest:
            self._shelf.put(self._name(key, planes), packed(planes))

    def load_summary(self) -> bytes | None:
        """Return what was measured of the scene, if it is there and whole."""
        from isal import isal_zlib

        data = self._shelf.get(self._content[:40] + _SUMMARY)
        if data is None:
            return None
        inflater = isal_zlib.decompressobj()
        try:
            found = bytes(inflater.decompress(data, SUMMARY))
        except isal_zlib.error:  # type: ignore[misc]
            return None
        return found if inflater.eof else None

    def save_summary(self, data: bytes) -> None:
        """Keep what was measured of the scene."""
        from isal import isal_zlib

        if len(data) < SUMMARY:
            self._shelf.put(self._content[:40] + _SUMMARY, bytes(isal_zlib.compress(data, 1)))

    def _name(self, key: TileKey, planes: Any) -> str:
        which = repr((self._content, tuple(key), sorted(planes)))
        return hashlib.sha256(which.encode()).hexdigest()[:40] + _SUFFIX


def content_of(plan: ScenePlan) -> str:
    """Return what a scene's planes are known by: its sources' content, and how it is measured."""
    sources = [(key, one.identity, one.size) for key, one in plan.sources.items()]
    placed = [(one.box, one.start, one.stop, one.region, one.fold) for one in plan.placements]
    facts = (__version__, plan.renderer, plan.canvas, dict(plan.decisions), sources, placed)
    return hashlib.sha256(repr(facts).encode("utf-8", "surrogatepass")).hexdigest()


def deepest(plan: ScenePlan, room: float) -> int:
    """Return the zoom up to which all tiles fit into so many bytes, if they are not compressed."""
    zoom = -1
    while zoom + 1 < plan.canvas.max_zoom:
        columns, rows = plan.canvas.tiles(zoom + 1)
        room -= columns * rows * TILE * TILE * 12  # two or three planes of float32, and flags
        if room < 0:
            break
        zoom += 1
    return zoom


def packed(planes: Planes) -> bytes:
    """Return planes as a file: a line that says what follows, then arrays, deflated."""
    import numpy as np
    from isal import isal_zlib

    head = {name: str(plane.dtype) for name, plane in planes.items()}
    body = b"".join(np.ascontiguousarray(plane).tobytes() for plane in planes.values())
    return json.dumps(head).encode() + b"\n" + bytes(isal_zlib.compress(body, 1))


def unpacked(data: bytes, declared: tuple[Plane, ...]) -> Mapping[str, NDArray[Any]] | None:
    """Return the planes of a file, or None if it is not what it should be."""
    import numpy as np
    from isal import isal_zlib

    expected = {plane.name: str(np.dtype(plane.dtype)) for plane in declared}
    sizes = {name: TILE * TILE * np.dtype(dtype).itemsize for name, dtype in expected.items()}
    head, _, body = data.partition(b"\n")
    try:
        order: dict[str, str] = json.loads(head)
        if order != expected:
            return None
        inflater = isal_zlib.decompressobj()
        raw = inflater.decompress(body, sum(sizes.values()) + 1)
    except (ValueError, isal_zlib.error):  # type: ignore[misc]
        return None
    if len(raw) != sum(sizes.values()) or not inflater.eof:
        return None
    planes, at = {}, 0
    for name, dtype in order.items():
        planes[name] = np.frombuffer(raw, dtype, TILE * TILE, at).reshape(TILE, TILE)
        at += sizes[name]
    return planes

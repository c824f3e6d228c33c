"""Tables on an HTTP server that answers ranges only: `count+http://127.0.0.1:8000/folder/`.

An address that ends in `/` holds an `index.json` with the names of its files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Self
from urllib.parse import urlsplit

from arbvis_core import api

SCHEME = "count+http://"
#: Ranges with no more than this between them are asked for as one.
GAP = 4096
#: The longest list of names that is read.
INDEX = 1 << 16
_TOTAL = re.compile(r"bytes (?:\*|\d+-\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class RangeSource:
    """A file on a server; every read is a set of ranges of the version that was opened."""

    key: str
    name: str
    folder: str
    size: int
    identity: str
    host: str = field(repr=False)
    path: str = field(repr=False)

    def read(self, ranges: Sequence[api.Range]) -> list[memoryview]:
        """Return the bytes of each range; neighbours travel together."""
        spans = list(_coalesced(ranges))
        with _Server(self.host) as server:
            bodies = [memoryview(self._get(server, span)) for span in spans]
        found = []
        for start, stop in ranges:
            number = next(n for n, (lo, hi) in enumerate(spans) if lo <= start and stop <= hi)
            lo = spans[number][0]
            found.append(bodies[number][start - lo : stop - lo])
        return found

    def verify(self) -> None:
        """Raise `SourceChangedError` if the server has another version by now."""
        with _Server(self.host) as server:
            self._get(server, api.Range(0, min(1, self.size)))

    def _get(self, server: _Server, span: api.Range) -> bytes:
        if span.start == span.stop and self.size:
            return b""
        status, etag, _, body = server.get(self.path, span.start, span.stop, self.identity)
        if status == 412 or etag != self.identity:
            raise api.SourceChangedError(f"{self.name}: the server has another version by now")
        if len(body) != span.stop - span.start:
            raise api.SourceError(f"{self.name}: the server answered {status}, {len(body)} bytes")
        return body


class CountingProvider(api.SourceProvider):
    """Opens `count+http://` addresses."""

    name = "count-http"
    priority = api.Priority.SPECIFIC

    def matches(self, spec: str) -> bool:
        """Know an address by its scheme."""
        return spec.startswith(SCHEME)

    def open(self, spec: str) -> list[RangeSource]:
        """Return a file, or the files that a folder's index names."""
        parts = urlsplit(spec.removeprefix("count+"))
        try:
            with _Server(parts.netloc) as server:
                if not parts.path.endswith("/"):
                    return [_opened(server, parts.netloc, parts.path)]
                _, _, _, body = server.get(f"{parts.path}index.json", 0, INDEX)
                return [_opened(server, parts.netloc, parts.path + name) for name in _names(body)]
        except api.SourceError as error:
            raise api.SourceError(f"{spec}: {error}") from error


class _Server:
    """One connection, kept open for all requests of one call."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._connection = HTTPConnection(host, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def get(
        self, path: str, start: int, stop: int, etag: str = ""
    ) -> tuple[int, str, int | None, bytes]:
        """Return status, ETag, the file's size and the bytes from `start` up to `stop`."""
        headers = {"Range": f"bytes={start}-{max(start, stop - 1)}"}
        if etag:
            headers["If-Match"] = etag
        try:
            self._connection.request("GET", path, headers=headers)
            answer: HTTPResponse = self._connection.getresponse()
            body = answer.read()
        except (OSError, HTTPException) as error:
            raise api.SourceError(f"{path}: cannot be read: {error}") from error
        total = _TOTAL.fullmatch(answer.headers.get("Content-Range", ""))
        size = int(total.group(1)) if total else None
        found = body if answer.status == 206 else b""
        return answer.status, answer.headers.get("ETag", ""), size, found


def _opened(server: _Server, host: str, path: str) -> RangeSource:
    status, etag, size, _ = server.get(path, 0, 1)
    if size is None or not etag:
        raise api.SourceError(f"{path}: cannot be read: the server answered {status}")
    folder, _, name = path.rpartition("/")
    return RangeSource(
        f"{SCHEME}{host}{path}", name, f"{SCHEME}{host}{folder}", size, etag, host, path
    )


def _names(index: bytes) -> list[str]:
    try:
        names = json.loads(index)
    except ValueError as error:
        raise api.SourceError(f"its index.json cannot be read: {error}") from error
    if not isinstance(names, list) or not all(re.fullmatch(r"[\w.-]+", str(one)) for one in names):
        raise api.SourceError("its index.json is not a list of file names")
    return [str(one) for one in names]


def _coalesced(ranges: Sequence[api.Range]) -> Iterator[api.Range]:
    """Join ranges that touch or nearly do."""
    start = stop = -1
    for lo, hi in sorted(ranges):
        if stop >= 0 and lo <= stop + GAP:
            stop = max(stop, hi)
            continue
        if stop >= 0:
            yield api.Range(start, stop)
        start, stop = lo, hi
    if stop >= 0:
        yield api.Range(start, stop)

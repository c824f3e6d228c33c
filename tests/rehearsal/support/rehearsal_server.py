"""A server on loopback that answers ranges only, and counts what it is asked for."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self


class RangeServer:
    """Serves the files of a folder; `version` is part of every ETag."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.version = 1
        self.requests = 0
        self.bytes = 0
        self.lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        return f"count+http://{self.address}/"

    def reset(self) -> None:
        self.requests = self.bytes = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def content(self, path: str) -> bytes | None:
        names = sorted(one.name for one in self.folder.iterdir())
        if path == "/index.json":
            return json.dumps(names).encode()
        return (self.folder / path[1:]).read_bytes() if path[1:] in names else None

    def answer(self, path: str, wanted: str | None, match: str | None) -> tuple[int, str, bytes]:
        """Return the status, the Content-Range and the body."""
        content = self.content(path)
        if content is None:
            return 404, "", b""
        if match not in {None, self.etag(path)}:
            return 412, "", b""
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", wanted or "")
        if not found:
            return 400, "", b""
        start, stop = int(found[1]), min(int(found[2]) + 1, len(content))
        if start >= len(content):
            return 416, f"bytes */{len(content)}", b""
        return 206, f"bytes {start}-{stop - 1}/{len(content)}", content[start:stop]

    def etag(self, path: str) -> str:
        return f'"{path[1:]}-{self.version}"'

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Headers and body leave in one packet: the reader's delayed acknowledgement is not
            # waited for.
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                headers = self.headers
                status, span, body = server.answer(
                    self.path, headers.get("Range"), headers.get("If-Match")
                )
                with server.lock:
                    server.requests += 1
                    server.bytes += len(body)
                self.send_response(status)
                self.send_header("ETag", server.etag(self.path))
                self.send_header("Content-Length", str(len(body)))
                if span:
                    self.send_header("Content-Range", span)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

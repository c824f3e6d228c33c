"""A Hugging Face Hub on this machine, for the real client: `HF_ENDPOINT` or `endpoint=hub.url`.

What the client asks, as observed: `/api/models/…` (also `/revision`, `/tree`, `/refs`,
`/paths-info`) and `/…/resolve/…`, where large files lead on to a second server, as on the real Hub.
With `xet`, large files are kept in a store of `hf_xet` instead, a folder that its real client reads.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

#: What a repository keeps outside of git, by extension.
LARGE = (".safetensors", ".bin", ".gguf", ".pth", ".pt", ".ckpt", ".npz", ".h5", ".onnx")
PAGE = 1000


@dataclass(frozen=True)
class Request:
    """A request that came in; `server` is `hub` or `cdn`."""

    server: str
    method: str
    path: str
    range: str
    token: str

    @property
    def bulk(self) -> bool:
        """Whether it asked for the content of a file."""
        return self.method == "GET" and ("/resolve/" in self.path or self.server == "cdn")


@dataclass(frozen=True)
class File:
    """A file's content, and what the Hub knows it by."""

    content: bytes
    large: bool

    @property
    def blob_id(self) -> str:
        content = self.pointer if self.large else self.content
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324  git's

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def etag(self) -> str:
        return self.sha256 if self.large else self.blob_id

    @property
    def pointer(self) -> bytes:
        head = b"version https://git-lfs.github.com/spec/v1\n"
        return head + b"oid sha256:%s\nsize %d\n" % (self.sha256.encode(), len(self.content))


@dataclass
class Repo:
    """A repository: its commits, and what its branches and tags point to."""

    commits: dict[str, dict[str, File]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    gated: bool = False
    private: bool = False
    disabled: bool = False


class Hub:
    """The server; repositories and faults can be changed while it runs.

    Attributes:
        requests: everything that came in.
        tokens: those that let their bearers see what is gated or private.
        cuts: after how many bytes the next answers with a file's content break off, by its path.
        statuses: what is answered instead, by a pattern of the request's path.
        xet: where large files are kept with `hf_xet`; None has them on the second server.
    """

    def __init__(self, xet: Path | None = None) -> None:
        self.xet = xet
        self.xet_hashes: dict[str, str] = {}
        self.repos: dict[str, Repo] = {}
        self.requests: list[Request] = []
        self.tokens = {"hf_letmein00000000"}
        self.cuts: dict[str, list[int]] = {}
        self.statuses: dict[str, tuple[int, str]] = {}
        self.lock = Lock()
        self._servers = [_server(self, "hub"), _server(self, "cdn")]
        self.url, self.cdn = (f"http://127.0.0.1:{one.server_port}" for one in self._servers)

    def __enter__(self) -> Self:
        for one in self._servers:
            Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for one in self._servers:
            one.shutdown()
            one.server_close()

    def commit(self, repo: str, files: Mapping[str, bytes], ref: str = "main") -> str:
        """Let a branch or tag of a repository hold these files and no others; return the commit."""
        tree = {name: File(content, name.endswith(LARGE)) for name, content in files.items()}
        for file in tree.values():
            if file.large and self.xet:
                self.xet_hashes[file.sha256] = _stash(self.xet, file.content)
        told = json.dumps([repo, ref, sorted((name, one.etag) for name, one in tree.items())])
        sha = hashlib.sha1(told.encode("utf-8", "surrogatepass")).hexdigest()  # noqa: S324
        found = self.repos.setdefault(repo, Repo())
        found.commits[sha] = tree
        found.refs[ref] = sha
        return sha

    def bulk(self) -> list[Request]:
        """Return the requests for content, and forget all requests."""
        with self.lock:
            found = [one for one in self.requests if one.bulk]
            self.requests.clear()
        return found

    def blob(self, sha256: str) -> tuple[str, File] | None:
        """Find a file kept outside of git."""
        for repo in self.repos.values():
            for tree in repo.commits.values():
                for name, file in tree.items():
                    if file.sha256 == sha256:
                        return name, file
        return None


def _stash(folder: Path, content: bytes) -> str:
    """Put a file into a store of `hf_xet`; return what it is known by there."""
    import hf_xet

    told = {"endpoint": f"local://{folder}", "token": "none"}
    with hf_xet.XetSession().new_upload_commit(
        **told, token_expiry_unix_secs=int(time.time()) + 3600
    ) as commit:
        upload = commit.start_upload_bytes(content, sha256=hf_xet.COMPUTE_SHA256)
    return str(upload.result().xet_info.hash)


class Refusal(Exception):  # noqa: N818  an answer
    """An answer that is none."""

    def __init__(self, status: int, code: str = "", message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.headers = {"X-Error-Code": code, "X-Error-Message": message} if code else {}


def _server(hub: Hub, name: str) -> ThreadingHTTPServer:
    handler = type("Handler", (_Handler,), {"hub": hub, "role": name})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    return server


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    role: str

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base's name
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        self.token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        asked = self.headers.get("Range") or ""
        with self.hub.lock:
            self.hub.requests.append(Request(self.role, self.command, self.path, asked, self.token))
        try:
            self._refuse()
            self._route(urlsplit(self.path))
        except Refusal as refusal:
            self._send(refusal.status, b"", refusal.headers)

    def _refuse(self) -> None:
        for pattern, (status, code) in self.hub.statuses.items():
            if re.search(pattern, self.path):
                raise Refusal(status, code)

    def _route(self, url: Any) -> None:
        path, query = unquote(url.path), parse_qs(url.query)
        if self.role == "cdn":
            found = self.hub.blob(path.removeprefix("/"))
            if found is None:
                raise Refusal(404)
            self._content(*found, {})
        elif match := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/([a-z-]+)(?:/(.*))?)?", path):
            self._api(match[1], match[2], match[3], query, url)
        elif match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+|refs/pr/\d+)/(.*)", path):
            self._resolve(*match.groups())
        else:
            raise Refusal(404)

    def _repo(self, name: str) -> Repo:
        repo = self.hub.repos.get(name)
        known = self.token in self.hub.tokens
        if repo is None or (repo.private and not known):
            raise Refusal(404 if known else 401, "RepoNotFound", "Repository not found")
        if repo.disabled:
            raise Refusal(403, "Disabled", "Access to this resource is disabled.")
        return repo

    def _tree(self, repo: Repo, revision: str) -> tuple[str, dict[str, File]]:
        sha = repo.refs.get(revision, revision)
        if sha not in repo.commits:
            raise Refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return sha, repo.commits[sha]

    def _api(self, name: str, what: str, rest: str, query: dict[str, Any], url: Any) -> None:
        repo = self._repo(name)
        if what == "refs":
            branches = [
                {"name": ref, "ref": f"refs/heads/{ref}", "targetCommit": sha}
                for ref, sha in repo.refs.items()
            ]
            self._json({"branches": branches, "tags": [], "converts": []})
        elif what in {None, "revision"}:
            sha, tree = self._tree(repo, rest or "main")
            siblings = [{"rfilename": one} for one in tree]
            if "blobs" in query:
                siblings = [_entry(one, file, "rfilename", "blobId") for one, file in tree.items()]
            told = {"_id": "0", "id": name, "modelId": name, "sha": sha, "siblings": siblings}
            self._json({**told, "private": repo.private, "tags": [], "downloads": 0, "likes": 0})
        elif what == "xet-read-token" and self.hub.xet:
            self._xet_token(repo)
        elif what == "tree":
            self._list(repo, rest, query, url)
        elif what == "paths-info":
            _, tree = self._tree(repo, rest)
            asked = parse_qs(self.body.decode()).get("paths", [])
            paths = asked or json.loads(self.body or b"{}").get("paths", [])
            self._json([_entry(one, tree[one]) for one in paths if one in tree])
        else:
            raise Refusal(404)

    def _xet_token(self, repo: Repo) -> None:
        """Say where the store is; the client takes it from the headers, the store's from JSON."""
        self._refuse_gated(repo)
        store, until = f"local://{self.hub.xet}", int(time.time()) + 3600
        headers = {
            "X-Xet-Cas-Url": store,
            "X-Xet-Access-Token": "none",
            "X-Xet-Token-Expiration": str(until),
        }
        self._json({"casUrl": store, "accessToken": "none", "exp": until}, headers)

    def _refuse_gated(self, repo: Repo) -> None:
        if repo.gated and self.token not in self.hub.tokens:
            raise Refusal(403 if self.token else 401, "GatedRepo", "Access is restricted")

    def _list(self, repo: Repo, rest: str, query: dict[str, Any], url: Any) -> None:
        revision, _, folder = rest.partition("/")
        _, tree = self._tree(repo, revision)
        below = f"{folder}/" if folder else ""
        inside = {name: file for name, file in tree.items() if name.startswith(below)}
        if folder and not inside:
            raise Refusal(404, "EntryNotFound", f"{folder} does not exist on {revision}")
        entries = {}
        for name, file in inside.items():
            first, *deeper = name[len(below) :].split("/")
            if deeper:
                path = below + first
                entries[path] = {"type": "directory", "oid": "0" * 40, "size": 0, "path": path}
            if not deeper or query.get("recursive") in (["true"], ["True"]):
                entries[name] = _entry(name, file)
        start = int(query.get("cursor", ["0"])[0])
        page = list(entries.values())[start : start + PAGE]
        more = {}
        if start + PAGE < len(entries):
            kept = "&".join(f"{key}={one[0]}" for key, one in query.items() if key != "cursor")
            target = f"{self.hub.url}{url.path}?{kept}&cursor={start + PAGE}"
            more = {"Link": f'<{target}>; rel="next"'}
        self._json(page, more)

    def _resolve(self, name: str, revision: str, path: str) -> None:
        repo = self._repo(name)
        self._refuse_gated(repo)
        sha, tree = self._tree(repo, revision)
        if path not in tree:
            raise Refusal(404, "EntryNotFound", "Entry not found")
        file = tree[path]
        headers = {"X-Repo-Commit": sha, "ETag": f'"{file.etag}"'}
        if file.large:
            headers["X-Linked-Etag"] = headers["ETag"]
            headers["X-Linked-Size"] = str(len(file.content))
            headers["Location"] = f"{self.hub.cdn}/{file.sha256}"
            if known := self.hub.xet_hashes.get(file.sha256):
                headers["X-Xet-Hash"] = known
                route = f"{self.hub.url}/api/models/{name}/xet-read-token/{sha}"
                headers["X-Xet-Refresh-Route"] = route
                headers["Link"] = f'<{route}>; rel="xet-auth"'
            self._send(302, b"", headers)
        else:
            self._content(path, file, headers)

    def _content(self, path: str, file: File, headers: dict[str, str]) -> None:
        """Send a file, or a range of it, or as much of it as the next cut says."""
        content, status = file.content, 200
        headers = {"ETag": f'"{file.etag}"', "Accept-Ranges": "bytes", **headers}
        if found := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or ""):
            start = int(found[1])
            stop = min(int(found[2] or len(content)) + bool(found[2]), len(content))
            if start >= len(content):
                raise Refusal(416)
            status = 206
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
            content = content[start:stop]
        cuts = self.hub.cuts.get(path, [])
        cut = cuts.pop(0) if cuts and self.command == "GET" else None
        self._send(status, content, headers, cut)

    def _json(self, value: object, headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(value).encode()
        self._send(200, content, {"Content-Type": "application/json", **(headers or {})})

    def _send(
        self, status: int, content: bytes, headers: Mapping[str, str], cut: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[:cut])


def _entry(name: str, file: File, path: str = "path", oid: str = "oid") -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", path: name, "size": len(file.content)}
    entry[oid] = file.blob_id
    if file.large:
        told = {"size": len(file.content), "pointerSize": len(file.pointer)}
        entry["lfs"] = {**told, "sha256": file.sha256, "oid": file.sha256}
    return entry

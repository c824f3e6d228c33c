"""A headless Chromium, bundles made by the engine, and oracles that share no code with either."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arbvis_core import api

from . import tensors
from .live import serving

#: What POSIX allows in a file's name and a careless page would run, break or be fooled by.
HOSTILE = (
    "<img src=x onerror=alert(1)>.bin",
    "a</script><script>alert(2)</script>.bin",
    "quotes \"double\" and 'single'.bin",
    "line\nfeed.bin",
    "separator\u2028here.bin",
    "turned\u202egnp.exe",
)

OpenPage = Callable[..., "Viewer"]


@dataclass
class Viewer:
    """An open page, and everything that went wrong on it."""

    page: Any
    bundle: Path
    faults: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def failed(self, request: Any, *, given_up: bool) -> None:
        """Take note of a request without an answer; a live view gives up what it needs no more."""
        if not (given_up and request.failure == "net::ERR_ABORTED"):
            self.faults.append(f"failed: {request.url}")

    def run(self, script: str, argument: Any = None) -> Any:
        """Evaluate an expression on the page's `stage`."""
        code = f"(argument) => {{ const stage = arbvis.viewer.app.stage; return {script}; }}"
        return self.page.evaluate(code, argument)

    def show(self, x: float, y: float, zoom: float) -> None:
        """Look at a canvas pixel, and wait for its tiles."""
        self.run("stage.map.show(argument)", {"x": x, "y": y, "zoom": zoom})
        self.settle()

    def settle(self) -> None:
        """Wait until nothing loads or moves."""
        before = None
        while before != (now := self.run("[stage.tiles.isLoading(), stage.map.view]")) or now[0]:
            before = now
            self.page.wait_for_timeout(60)

    def point(self, x: int, y: int) -> tuple[float, float]:
        """Where the middle of a canvas pixel is on screen."""
        at = self.run("stage.pointOf({...argument, cell: 1})", {"x": x, "y": y})
        return at["x"], at["y"]

    def hover(self, x: int, y: int) -> str:
        """Point at a canvas pixel and return what the card says."""
        self.page.mouse.move(*self.point(x, y))
        return str(self.page.locator(".hover:not(.pinned)").inner_text())

    @property
    def view(self) -> dict[str, float]:
        """The middle of the screen and the zoom."""
        view: dict[str, float] = self.run("stage.map.view")
        return view


def write_bundle(folder: Path, *inputs: Path, title: str | None = None) -> Path:
    """Render files into a bundle."""
    api.open(*inputs, title=title).render(folder)
    return folder


def sample_bytes(count: int, seed: int) -> bytes:
    """Bytes of every class, in runs long enough to be seen from afar."""
    chance = np.random.default_rng(seed)
    classes = np.array([(0, 1), (1, 32), (32, 127), (127, 255), (255, 256), (0, 256)])
    out = bytearray()
    while len(out) < count:
        low, high = chance.choice(classes)
        out += chance.integers(low, high, chance.integers(1, 3000), np.uint8).tobytes()
    return bytes(out[:count])


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Three files whose edges fall between tiles; together they leave tiles of the canvas empty."""
    folder = tmp_path_factory.mktemp("files")
    content = {
        "first.bin": sample_bytes(200_003, 1),
        "second.dat": sample_bytes(901_001, 2),
        "third.txt": sample_bytes(50_777, 3),
    }
    for name, data in content.items():
        (folder / name).write_bytes(data)
    return {str(folder / name): data for name, data in content.items()}


@pytest.fixture(scope="session")
def bundle(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the three files."""
    return write_bundle(tmp_path_factory.mktemp("bundle") / "out", *map(Path, files))


@pytest.fixture(scope="session")
def hostile_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose files, folder and title have names that are traps."""
    if os.name == "nt":
        pytest.skip("Windows does not allow such names")
    folder = tmp_path_factory.mktemp("hostile") / "<b>folder"
    for i, name in enumerate(HOSTILE):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sample_bytes(40_000 + i, i))
    out = tmp_path_factory.mktemp("bundle") / "hostile"
    return write_bundle(out, folder, title="</title><script>alert(3)</script>")


@pytest.fixture(scope="session")
def arrays() -> tensors.Arrays:
    """The weights of the small Llama, by name."""
    return tensors.arrays()


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the small Llama."""
    pytest.importorskip("safetensors")
    folder = tmp_path_factory.mktemp("model")
    return tensors.render(tensors.write_model(folder / "tiny"), folder / "out")


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small Llama as files."""
    pytest.importorskip("safetensors")
    return tensors.write_model(tmp_path_factory.mktemp("live") / "tiny")


@pytest.fixture(scope="session")
def live(checkpoint: Path) -> Iterator[str]:
    """The address of a live view of the small Llama."""
    with serving(checkpoint) as url:
        yield url


@pytest.fixture(scope="session")
def live_bytes(files: dict[str, bytes]) -> Iterator[str]:
    """The address of a live view of the first of the three files."""
    with serving(Path(next(iter(files))), weights=False) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One browser for all tests: the one that `ARBVIS_CHROMIUM` names, or Playwright's own."""
    playwright = pytest.importorskip("playwright.sync_api")
    named = os.environ.get("ARBVIS_CHROMIUM") or shutil.which("chromium") or None
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with playwright.sync_playwright() as driver:
        arguments = ["--no-sandbox"] if root else []
        chromium = driver.chromium.launch(executable_path=named, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[OpenPage]:
    """Open a bundle from disk, or the address of a live view; any error on it fails the test."""
    opened: list[tuple[Any, Viewer]] = []

    def open_it(
        path: Any,
        *,
        fragment: str = "",
        size: tuple[int, int] = (1280, 800),
        theme: str = "dark",
        motion: str = "reduce",
        density: float = 1,
    ) -> Viewer:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=theme,
            reduced_motion=motion,
            device_scale_factor=density,
        )
        page = context.new_page()
        live = isinstance(path, str)
        index = path / "index.html" if not live and path.is_dir() else path
        viewer = Viewer(page, Path() if live else index.parent)
        page.on("console", lambda message: viewer.faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: viewer.faults.append(f"error: {error}"))
        page.on("dialog", lambda dialog: viewer.faults.append(f"dialog: {dialog.message}"))
        page.on("requestfailed", lambda request: viewer.failed(request, given_up=live))
        page.on("request", lambda request: viewer.requests.append(request.url))
        page.goto((path if live else index.as_uri()) + fragment)
        opened.append((context, viewer))
        page.wait_for_function("() => arbvis.viewer")
        viewer.settle()
        return viewer

    yield open_it
    for context, viewer in opened:
        context.close()
        assert viewer.faults == []


@pytest.fixture
def viewer(open_page: OpenPage, bundle: Path) -> Viewer:
    """The three files' bundle, open."""
    return open_page(bundle)

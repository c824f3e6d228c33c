"""Look into the built distributions: what must be there, what must not.

Run by `nox -s build` with the folder that holds one source distribution and one wheel.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

WHEEL_HAS = (
    "arbvis_core/py.typed",
    "arbvis_core/cli/app.py",
    "modelweightvis/plugin.py",
    ".dist-info/entry_points.txt",
    ".dist-info/licenses/LICENSE",
)
SDIST_HAS = ("/pyproject.toml", "/README.md", "/LICENSE", "/package-lock.json", "/noxfile.py")
NOWHERE = ("node_modules/", "__pycache__/", ".pyc", ".venv/", ".nox/")
SDIST_LACKS = ("examples/models/",)
WHEEL_LACKS = ("tests/", "docs/", "examples/", "noxfile.py", "package-lock.json")


def faults(kind: str, names: list[str], required: tuple[str, ...], banned: tuple[str, ...]) -> int:
    """Print what is missing and what does not belong, and count both."""
    missing = [part for part in required if not any(name.endswith(part) for name in names)]
    unwanted = [name for name in names if any(part in f"/{name}" for part in banned)]
    for part in missing:
        print(f"{kind} lacks {part}", file=sys.stderr)
    for name in unwanted:
        print(f"{kind} should not hold {name}", file=sys.stderr)
    return len(missing) + len(unwanted)


def main(folder: Path) -> int:
    """Return how much is wrong."""
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = archive.namelist()
    with tarfile.open(sdist) as archive:
        in_sdist = archive.getnames()
    viewer = tuple(f"arbvis_core/viewer/dist/{name}" for name in VIEWER)
    wrong = faults("the wheel", in_wheel, (*WHEEL_HAS, *viewer), (*NOWHERE, *WHEEL_LACKS))
    wrong += faults(
        "the source distribution", in_sdist, (*SDIST_HAS, *viewer), (*NOWHERE, *SDIST_LACKS)
    )
    print(f"{wheel.name}: {wheel.stat().st_size:,} bytes, {len(in_wheel)} files")
    print(f"{sdist.name}: {sdist.stat().st_size:,} bytes, {len(in_sdist)} files")
    return wrong


#: What the viewer's build leaves behind.
VIEWER = ("viewer.js", "viewer.css", "NOTICES.txt")

if __name__ == "__main__":
    sys.exit(min(main(Path(sys.argv[1])), 1))

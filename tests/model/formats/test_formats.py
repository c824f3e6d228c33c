"""What holds for all formats of models."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zipfile

import pytest

from arbvis_core.registry.probe import SourceProbe
from arbvis_core.testing import MemorySource
from modelweightvis.formats import FORMATS


def archive(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr(name, b"")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (struct.pack("<Q", 2) + b"{}", "safetensors"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 0), "gguf"),
        (archive("archive/data.pkl"), "pytorch"),
        (archive("layer.npy"), "npz"),
        (archive("readme.txt"), None),
        (b"{}", None),
    ],
)
def test_content_alone_tells_who_claims_a_file(content: bytes, name: str | None) -> None:
    probe = SourceProbe(MemorySource("blob", content))
    assert [one.name for one in FORMATS if one.matches(probe)] == ([name] if name else [])


def test_nothing_heavy_is_imported_to_know_them() -> None:
    code = (
        "import modelweightvis.formats, sys\n"
        "heavy = {'numpy', 'numba', 'gguf', 'torch', 'safetensors', 'pickletools', 'pickle'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode(errors="replace")

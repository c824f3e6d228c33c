"""Threads of a server share one pool of memory, as the C library itself tells."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

#: Allocates in four threads at once, and lets glibc describe its pools.
PROGRAM = """
import ctypes, sys
from threading import Barrier, Thread
if sys.argv[1] == "one":
    from arbvis_core.server.allocating import from_one_pool
    from_one_pool()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.fopen.restype = ctypes.c_void_p, ctypes.c_void_p
barrier = Barrier(4)
def take():
    barrier.wait()
    for _ in range(1000):
        assert libc.malloc(ctypes.c_size_t(1000))
threads = [Thread(target=take) for _ in range(4)]
for one in threads: one.start()
for one in threads: one.join()
file = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


def pools(which: str, path: Path) -> int:
    subprocess.run([sys.executable, "-c", PROGRAM, which, str(path)], check=True)
    return path.read_text("utf-8").count("<heap nr=")


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has pools that can be counted")
def test_threads_share_one_pool(tmp_path: Path) -> None:
    import ctypes

    if not hasattr(ctypes.CDLL(None), "malloc_info"):
        pytest.skip("only glibc has pools that can be counted")
    assert pools("each", tmp_path / "each") > 1
    assert pools("one", tmp_path / "one") == 1

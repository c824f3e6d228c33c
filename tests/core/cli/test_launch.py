from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAMS = {"arbvis": "arbvis_core.cli.launch", "modelweightvis": "modelweightvis.cli"}

#: Ctrl-C, as it arrives while a module is imported.
INTERRUPT = """
import sys

class Interrupt:
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
from {program} import main
main()
"""


def run(code: str, *args: str) -> subprocess.CompletedProcess[bytes]:
    words = [sys.executable, "-c", code, *args]
    return subprocess.run(words, capture_output=True, check=False, timeout=60)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    "module",
    ["pluggy", "typer", "arbvis_core.cli.app", "arbvis_core.values", "arbvis_core.plugin"],
)
def test_ctrl_c_while_the_program_is_imported(program: str, module: str) -> None:
    done = run(INTERRUPT.format(module=module, program=PROGRAMS[program]), "--help")
    assert (done.returncode, done.stdout) == (130, b"")
    assert done.stderr.decode().strip() == f"{program}: interrupted"


@pytest.mark.parametrize("module", PROGRAMS.values())
def test_little_is_imported_before_ctrl_c_is_looked_after(module: str) -> None:
    code = (
        f"import sys; before = {{*sys.modules}}; import {module}; print(*{{*sys.modules}} - before)"
    )
    own = {"arbvis_core", "arbvis_core.cli", "arbvis_core.cli.launch"}
    own |= {"modelweightvis", "modelweightvis.cli"}
    assert {*run(code).stdout.decode().split()} - own <= {"__future__", "gc"}


def test_garbage_is_collected_again_once_the_program_runs() -> None:
    code = (
        "import atexit, gc\n"
        "from arbvis_core.garbage import RARELY\n"
        "found = lambda: (gc.isenabled(), gc.get_freeze_count() > 10_000, gc.get_threshold() == RARELY)\n"
        "atexit.register(lambda: print(*found()))\n"
        "from arbvis_core.cli.launch import main\n"
        "main()"
    )
    assert run(code, "--version").stdout.splitlines()[-1] == b"True True True"


def test_what_is_left_to_do_at_exit_is_done() -> None:
    code = (
        "import atexit, sys, threading, time\n"
        "atexit.register(lambda: sys.stdout.write('at exit'))\n"
        "def late():\n"
        "    time.sleep(0.5)\n"
        "    print('late', flush=True)\n"
        "if {running}: threading.Thread(target=late).start()\n"
        "from arbvis_core.cli.launch import main\n"
        "main()"
    )
    done = [run(code.format(running=running), "--nonsense") for running in (False, True)]
    assert [one.returncode for one in done] == [2, 2]
    assert [one.stdout for one in done] == [b"at exit", b"late\nat exit"]

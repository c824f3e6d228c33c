from __future__ import annotations

import subprocess
import sys

import pytest

from arbvis_core import values


@pytest.mark.parametrize("name", values.__all__)
def test_every_value_is_there_where_nothing_was_imported_yet(name: str) -> None:
    assert name in dir(values)
    assert getattr(values, name) is not None


def test_there_is_nothing_else() -> None:
    assert not hasattr(values, "Whale")
    assert len(values.__all__) == len({*values.__all__})


def test_a_value_is_imported_when_it_is_asked_for() -> None:
    code = (
        "import sys\nfrom arbvis_core import values\n"
        "there = 'arbvis_core.values.scenes' in sys.modules\n"
        "values.Scene\n"
        "print(there, 'arbvis_core.values.scenes' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.split() == [b"False", b"True"]

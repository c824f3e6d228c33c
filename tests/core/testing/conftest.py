from __future__ import annotations

import inspect
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

#: Runs a suite, or the named tests of it, and returns what failed, by the name of the test.
Run = Callable[..., dict[str, str]]


@pytest.fixture
def failures(tmp_path: Path) -> Run:
    """Run every test of a suite and say which fail, so that a suite's teeth can be tested."""

    number = count()

    def run(suite: Any, *names: str) -> dict[str, str]:
        failed = {}
        tests = names or [name for name in dir(suite) if name.startswith("test_")]
        assert tests
        for name in tests:
            folder = tmp_path / str(next(number))
            folder.mkdir()
            test = getattr(suite, name)
            wanted = inspect.signature(test).parameters
            try:
                test(**({"tmp_path": folder} if "tmp_path" in wanted else {}))
            except Exception as error:  # noqa: BLE001 - any way to fail will do
                failed[name] = f"{type(error).__name__}: {error}"
        return failed

    return run

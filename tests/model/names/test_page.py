"""The page of architectures says what the tables say today."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "docs" / "architectures.py"


@pytest.mark.skipif(not SCRIPT.exists(), reason="the documentation is not in this distribution")
def test_the_page_is_current() -> None:
    spec = importlib.util.spec_from_file_location("docs_architectures", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), (
        "run 'python docs/architectures.py'"
    )

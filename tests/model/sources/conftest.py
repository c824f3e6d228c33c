"""A Hub on this machine, an empty cache, and nobody logged in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from modelweightvis.sources import HuggingFaceSourceProvider

sys.path.append(str(Path(__file__).parents[1]))
from hub import Hub


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as served:
        yield served


@pytest.fixture
def provider(hub: Hub, tmp_path: Path) -> HuggingFaceSourceProvider:
    return HuggingFaceSourceProvider(hub.url, str(tmp_path / "cache"))

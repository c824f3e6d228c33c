"""Where tensors lie."""

from __future__ import annotations

from modelweightvis.layouts.arch import ArchLayoutPlugin

__all__ = ["ArchLayoutPlugin"]

"""Colours against the library that they come from."""

from __future__ import annotations

import cmap
import numpy as np
import pytest

from modelweightvis.render import palettes
from modelweightvis.render.looks import COLORMAP, OVERVIEW_COLORMAP


@pytest.mark.parametrize("name", [COLORMAP, OVERVIEW_COLORMAP, "viridis", "crameri:vik"])
def test_colours_are_those_of_the_library(name: str) -> None:
    colours = palettes.palette(name)
    assert colours.shape == (256, 4)
    np.testing.assert_array_equal(colours[5:], np.rint(cmap.Colormap(name).lut(251) * 255))
    assert palettes.is_diverging(name) == (cmap.Colormap(name).category == "diverging")


@pytest.mark.parametrize("name", [COLORMAP, OVERVIEW_COLORMAP])
def test_maps_that_are_not_where_they_were_are_found(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = palettes.palette(name)
    monkeypatch.setitem(palettes._OFTEN, name, ("diverging", "data/nowhere.py"))
    palettes.palette.cache_clear()
    np.testing.assert_array_equal(palettes.palette(name), usual)


@pytest.mark.parametrize("name", [COLORMAP, OVERVIEW_COLORMAP])
def test_what_is_no_value_looks_like_none(name: str) -> None:
    """Reserved colours are far from every colour of the usual maps, and from each other."""
    colours = palettes.palette(name).astype(int)
    assert colours[0, 3] == 0
    assert (colours[1:, 3] == 255).all()
    for code in range(1, 5):
        others = np.delete(colours[1:, :3], code - 1, axis=0)
        distance = np.abs(others - colours[code, :3]).max(1).min()
        assert distance >= 30, f"code {code} looks like another"

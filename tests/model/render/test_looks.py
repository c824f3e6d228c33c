"""What a live view offers of how tensors are looked at."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from modelweightvis.render.looks import CHOICES, COLORMAP, OVERVIEW_COLORMAP
from modelweightvis.render.palettes import is_diverging, palette


def lightness(name: str) -> NDArray[np.float64]:
    """Return about how bright each colour of a map is, as the eye has it."""
    bright: NDArray[np.float64] = palette(name)[5:, :3] @ np.array([0.2126, 0.7152, 0.0722])
    return bright


def test_what_suits_most_comes_first() -> None:
    assert CHOICES["colormap"][0] == COLORMAP
    assert CHOICES["overview_colormap"][0] == OVERVIEW_COLORMAP


@pytest.mark.parametrize("name", CHOICES["overview_colormap"])
def test_overviews_are_brighter_where_there_is_more(name: str) -> None:
    assert (np.diff(lightness(name)[::8]) > 0).all()


@pytest.mark.parametrize("name", CHOICES["colormap"])
def test_signs_differ_in_colour(name: str) -> None:
    assert is_diverging(name)
    colours = palette(name)[5:].astype(int)
    assert np.abs(colours[:25] - colours[:-26:-1]).max(axis=1).min() > 20

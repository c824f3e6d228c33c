"""Whose fault an exception is."""

from __future__ import annotations

from arbvis_core.protocols import Decoder
from arbvis_core.registry import blame


def test_a_guarded_decoder_hands_every_question_on() -> None:
    asked = {name for name, one in vars(Decoder).items() if callable(one) and name[0] != "_"}
    assert asked <= vars(blame._Guarded).keys()

"""What is made for good is not searched for garbage."""

from __future__ import annotations

import gc

import pytest

from arbvis_core.garbage import RARELY, kept_for_good


@pytest.mark.parametrize("collecting", [True, False])
@pytest.mark.parametrize("command", [True, False])
def test_what_a_command_made_is_not_searched_and_the_collector_is_as_it_was(
    collecting: bool, command: bool
) -> None:
    before, often = gc.isenabled(), gc.get_threshold()
    try:
        (gc.enable if collecting else gc.disable)()
        if command:
            gc.set_threshold(*RARELY)
        with kept_for_good():
            assert not gc.isenabled()
            made = [[number] for number in range(10)]
        assert gc.isenabled() is collecting
        searched = any(one is made for one in gc.get_objects())
        assert searched is not command
    finally:
        gc.unfreeze()
        gc.set_threshold(*often)
        (gc.enable if before else gc.disable)()

"""Answers that the tiles of a plan ask for one after the other."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from threading import local
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from arbvis_core.api import ScenePlan

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


def remembered(
    function: Callable[[ScenePlan, Key], Answer],
) -> Callable[[ScenePlan, Key], Answer]:
    """Let each thread remember the last answer of a function of a plan and a key.

    Plans are told apart by identity: they do not change, and cannot be hashed.
    """
    last = local()

    @wraps(function)
    def answer(plan: ScenePlan, key: Key) -> Answer:
        known: tuple[ScenePlan, Key, Answer] | None = getattr(last, "known", None)
        if known is None or known[0] is not plan or known[1] != key:
            known = last.known = (plan, key, function(plan, key))
        return known[2]

    return answer

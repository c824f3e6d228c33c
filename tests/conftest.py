"""What holds for every test."""

from __future__ import annotations

import signal
from contextlib import suppress

from hypothesis import settings

# How long an example takes says more about what else the machine does than about the code. The same
# examples every time: what fails is what was changed. `--hypothesis-profile explore` draws others.
settings.register_profile("same everywhere", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("same everywhere")

# Whoever starts the tests in the background, or under nohup, has them ignore what these test.
signal.signal(signal.SIGINT, signal.default_int_handler)
with suppress(AttributeError):  # which Windows has not
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

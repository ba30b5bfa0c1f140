"""Waiting for something to come true, with an end."""

from __future__ import annotations

import time
from collections.abc import Callable

from lab.host import LabError

_PAUSE = 0.03


def until(ready: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask `ready` again and again until it is true. Raises LabError, naming `what`, after that many seconds."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not after {seconds:g} s")
        time.sleep(_PAUSE)

"""How git is ended in the middle: in a way that leaves no lock behind, on this side and the other."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from subprocess import Popen

#: Seconds that git has to take its locks and temporary files away.
_GRACE = 1.0
_STEP = 0.01


def end_groups(leaders: Iterable[Popen[bytes]]) -> None:
    """End these processes and all of their process groups: asked first, forced after a second.

    A repository on this machine is written by a process of the group; killed at once, it would leave the lock of a
    branch behind, and nobody could push any more.
    """
    asked = [leader for leader in leaders if _signal(leader, signal.SIGTERM)]
    until = time.monotonic() + _GRACE
    while asked and time.monotonic() < until:
        time.sleep(_STEP)
        asked = [leader for leader in asked if _signal(leader, 0)]
    for leader in asked:
        _signal(leader, signal.SIGKILL)


def _signal(leader: Popen[bytes], number: int) -> bool:
    """Whether there was anybody in the group who could be told."""
    leader.poll()  # one that has ended counts until somebody takes note of it
    try:
        os.killpg(leader.pid, number)
    except ProcessLookupError:
        return False
    return True

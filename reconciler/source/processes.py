"""Git's processes: what they say, within limits, and how they are ended in the middle."""

from __future__ import annotations

import os
import select
import selectors
import signal
import time
from collections.abc import Iterable
from subprocess import Popen, TimeoutExpired

#: Most bytes of what is said on standard error that are kept; hooks over there may say as much as they like.
ERRORS_LIMIT = 64 * 2**10
_BLOCK = 64 * 2**10
#: Seconds that git has to take its locks and temporary files away.
_GRACE = 1.0
_STEP = 0.01


def collect(process: Popen[bytes], seconds: float, limit: int) -> tuple[bytes, bytes]:
    """What a process says until it ends: its output, and the beginning of its errors.

    Raises TimeoutExpired when that takes longer than `seconds`, OverflowError when the output has more than `limit`
    bytes; the process is the caller's to end.
    """
    until = time.monotonic() + seconds
    output, errors = bytearray(), bytearray()
    with selectors.DefaultSelector() as ready:
        for stream, into in ((process.stdout, output), (process.stderr, errors)):
            if stream:
                ready.register(stream, selectors.EVENT_READ, into)
        while ready.get_map():
            if time.monotonic() > until:
                raise TimeoutExpired(process.args, seconds)
            for key, _ in ready.select(until - time.monotonic()):
                block = os.read(key.fd, _BLOCK)
                if not block:
                    ready.unregister(key.fileobj)
                key.data.extend(block if key.data is output else block[: ERRORS_LIMIT - len(errors)])
            if len(output) > limit:
                raise OverflowError(f"more than {limit} bytes")
    _wait(process, until - time.monotonic())
    return bytes(output), bytes(errors)


def _wait(process: Popen[bytes], seconds: float) -> None:
    """Wait for the end; where the system can tell it, not by looking again and again, as Popen.wait does."""
    try:
        handle = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # no Linux, or forbidden, or somebody has taken note of the end
        process.wait(max(0.0, seconds))
        return
    try:
        ended = select.poll()  # not select(2), which knows no more than 1024 files
        ended.register(handle, select.POLLIN)
        if not ended.poll(max(0.0, seconds) * 1000):
            raise TimeoutExpired(process.args, seconds)
    finally:
        os.close(handle)
    process.wait()


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

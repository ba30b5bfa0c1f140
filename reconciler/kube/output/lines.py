"""PURE. Lines of a container with their times → what of them is new, and where the next reading goes on.

The API server gives lines from a whole second on, never from the middle of one. A place in the output is therefore a
second and how many of its lines were shown: `second * 1,000,000 + lines`. 0 is the beginning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.models.text import redact, visible

#: Most lines of one second; more are not in one answer.
_SECOND = 1_000_000
_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d) ?")


_LEFT_OUT = b"(more was written within one second than is read at once: the rest of that second is left out)"


@dataclass(frozen=True, slots=True)
class Part:
    """What is new, without times, and the place after it. `last` is the place at which its last second begins.

    `begun`: that second's first line is surely among the lines that were looked at.
    """

    lines: tuple[bytes, ...]
    next: int
    last: int = 0
    begun: bool = True


def since(place: int) -> str:
    """From when on lines are to be asked for, as the API writes times; "" for the beginning."""
    second = place // _SECOND
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if second else ""


def new_lines(data: bytes, place: int, most: int, *, cut: bool, ended: bool) -> Part:
    """What of an answer that begins with the second of `place` comes after it, about `most` bytes of it.

    `cut`: the answer was as long as it may be, and there is more. `ended`: nothing is written any more; a line without
    an end is one only then.
    """
    *lines, rest = data.split(b"\n")
    if rest and ended and not cut:
        lines.append(rest)
    start, shown = divmod(place, _SECOND)
    second, count, seconds, found, size = start, 0, set(), [], 0
    for line in lines:
        if size >= most:
            break
        stamp = _STAMP.match(line)
        at = max(_second(stamp), second) if stamp else second
        count = count + 1 if at == second else 1
        second = at
        seconds.add(second)
        if second > start or count > shown:
            found.append(line[stamp.end() :] if stamp else line)
            size += len(found[-1]) + 1
    if cut and not found:
        return Part((_LEFT_OUT,), (start + 1) * _SECOND)
    if not lines:
        return Part((), place)
    return Part(tuple(found), second * _SECOND + count, second * _SECOND, begun=bool(place) or len(seconds) > 1)


def text_of(lines: Iterable[bytes], size: int) -> str:
    """As a terminal would leave them, printable and without what looks like a secret; the last `size` bytes."""
    text = redact(b"\n".join(lines).decode("utf-8", "replace"))
    shown = (visible(line.rstrip("\r").rpartition("\r")[2].expandtabs(4).rstrip()) for line in text.split("\n"))
    return "\n".join(shown).encode()[-size:].decode("utf-8", "ignore")


def _second(stamp: re.Match[bytes]) -> int:
    text = (stamp[1] + stamp[2]).decode()
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError):
        return 0

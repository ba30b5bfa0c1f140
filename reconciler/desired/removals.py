"""Which removals are meant. Derived from what lives and from Git alone, so that a restart changes nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice

from reconciler.desired.names import names_in
from reconciler.models.revision import Change, File, Revision
from reconciler.models.wanted import Lost, Removals

#: The messages of a commit and of all later ones.
Messages = Callable[[Revision], Iterable[str]]
#: Commits looked at for the one that removed a service.
MAX_COMMITS = 2_000
#: What `Reconciler-Allow-Removals: all` stands for.
ALL = 2**31
_TRAILER = re.compile(r"^reconciler-allow-removals:[ \t]*(all|\d{1,9})[ \t]*$", re.IGNORECASE | re.MULTILINE)


def lost(
    names: Collection[str],
    history: Iterator[Change],
    messages: Messages,
    present: int = 0,
    head: str = "",
) -> tuple[Lost, ...]:
    """What Git says about live services that nobody wants, in the order of their names.

    `history` is newest first and read no further than needed; `present` is how many services there are at its head
    (running back from there tells how many there were before each commit). `messages` gives the messages of a commit
    and of all later ones: leave may be given by one that changes no file, or by one that came in with a merge.
    `head` is the message of the head: only it gives leave for what history does not know (after a forced push, say),
    as nothing tells whether an older one was meant for it.
    """
    missing = set(names)
    found: dict[str, Lost] = {}
    count = present
    for change in islice(history, MAX_COMMITS) if missing else ():
        before = _names(old for old, _ in change.files.values())
        after = _names(new for _, new in change.files.values())
        removed = before - after
        count += len(removed) - len(after - before)
        if removed & missing:
            allowed = max(map(allowance, messages(change.revision)), default=0)
            found |= {name: Lost(name, change.revision, allowed, len(removed), count) for name in removed & missing}
        missing -= removed
        if not missing:
            break
    unknown = allowance(head)
    return tuple(found.get(name, Lost(name, None, unknown)) for name in sorted(names))


def allowance(message: str) -> int:
    """The largest number that a commit message allows: 0 without the trailer, ALL for `all`."""
    values = (match[1].lower() for match in _TRAILER.finditer(message))
    return max((ALL if value == "all" else int(value) for value in values), default=0)


def judge_removals(lost: Collection[Lost], live: int, wanted: int, share: float) -> Removals:
    """Which of the lost services may go: `live` are on the platform, `wanted` in Git, `share` (0 to 1) may go at once.

    One at a time always may, unless nothing at all is wanted. Whatever is more needs a trailer in the commit that
    removed it or a later one. Once something of an allowed set is gone, the rest is still allowed.
    """
    whole = _whole(lost, live, wanted, share)
    reasons = {one.service: whole or _one(one, share) for one in lost}
    needy = [one for one in lost if reasons[one.service]]
    held = {
        one.service: f"{reasons[one.service]}; {_advice(one, needy)}" for one in needy if not _is_covered(one, needy)
    }
    return Removals(frozenset(one.service for one in lost if one.service not in held), held)


def _names(files: Iterable[File | None]) -> set[str]:
    return {name for file in files if file is not None and file.text for name in names_in(file.path, file.text)}


def _whole(lost: Collection[Lost], live: int, wanted: int, share: float) -> str:
    """Why all of them together are too many; "" when they are not."""
    if not wanted:
        return "no service is left in Git"
    if len(lost) > _most(live, share):
        return f"{len(lost)} of {live} services would go, and {share:.0%} may"
    return ""


def _one(one: Lost, share: float) -> str:
    """Why this one goes with too many; "" when it does not."""
    if one.removed_by is None or one.together <= _most(one.before, share):
        return ""
    commit = f"{one.removed_by.short} ({one.removed_by.subject[:60]})"
    return f"commit {commit} removed {one.together} of {one.before} services at once, and {share:.0%} may"


def _most(count: int, share: float) -> int:
    return max(1, math.floor(share * count + 1e-9))  # 0.29 * 100 is a little less than 29


def _covers(one: Lost, needy: Collection[Lost]) -> int:
    """How many a trailer has to allow for this one: all that the same trailer would let go.

    A trailer counts for its own commit and all before it, so what was removed earlier has the same number or a larger.
    """
    return sum(other.allowed >= one.allowed for other in needy)


def _is_covered(one: Lost, needy: Collection[Lost]) -> bool:
    return 0 < _covers(one, needy) <= one.allowed


def _advice(one: Lost, needy: Collection[Lost]) -> str:
    unknown = (
        " (history does not say who removed it: bring it back into Git instead?)" if one.removed_by is None else ""
    )
    return f"to let them go, commit with a line `Reconciler-Allow-Removals: {len(needy)}` in the message{unknown}"

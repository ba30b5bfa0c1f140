"""What was started a moment ago, so that its own page is there before the daemon has read its commit."""

from __future__ import annotations

from datetime import timedelta

from reconciler.board import Board
from reconciler.models.event import Proposed

_EVENTS = 500
#: A fetch that ended this long after a commit has it.
_MARGIN = timedelta(seconds=10)


def is_young(board: Board, name: str) -> bool:
    """Whether a commit of this daemon started it that is not read yet: a moment at most, in which nothing shows it."""
    if board.find(name):
        return False
    last = board.journal.last
    events = board.journal.since(max(board.journal.first - 1, last - _EVENTS)) or ()
    fetched = board.status().source.fetched
    for event in reversed(events):
        if isinstance(event.what, Proposed) and event.what.accepted.service == name:
            unread = event.at is not None and (fetched is None or event.at > fetched - _MARGIN)
            return unread and event.what.verb != "stop" and not event.what.accepted.review
    return False

"""What was committed a moment ago, so that pages know of it before the daemon has read the commit."""

from __future__ import annotations

from datetime import timedelta

from reconciler.board import Board
from reconciler.models.event import Proposed

_EVENTS = 500
#: A fetch that ended this long after a commit has it.
_MARGIN = timedelta(seconds=10)


def unread(board: Board, name: str) -> Proposed | None:
    """The newest commit of this daemon about a service, where it may not have been read yet: a moment at most."""
    first = max(board.journal.first - 1, board.journal.last - _EVENTS)
    fetched = board.status().source.fetched
    for event in reversed(board.journal.since(first) or ()):
        what = event.what
        if isinstance(what, Proposed) and what.accepted.service == name and not what.accepted.review:
            young = event.at is not None and (fetched is None or event.at > fetched - _MARGIN)
            return what if young else None
    return None


def is_young(board: Board, name: str) -> bool:
    """Whether it was started and nothing shows it yet but its commit."""
    last = None if board.find(name) else unread(board, name)
    return last is not None and last.verb != "stop"

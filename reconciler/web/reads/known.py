"""A name that somebody asks about, as far as the board knows it."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import HTTPException

from reconciler.board import Board
from reconciler.explain import unknown
from reconciler.models.status import Status
from reconciler.web.reads.ready import missing

#: Gives the table that has a service. Raises HTTPException (404) where none has, with the names that are near.
Known = Callable[[str], Status]


def known_on(board: Board, targets: tuple[str, ...]) -> Known:
    """For the services of a board. `targets` are the names that must have had a turn before all is known."""

    def known(name: str) -> Status:
        seen = board.status()
        if not board.find(name):
            raise HTTPException(404, "; ".join([unknown(seen, name), *missing(seen, targets)]))
        return seen

    return known

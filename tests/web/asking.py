"""A real server of a board, and a client that asks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from fastapi import FastAPI

from reconciler.board import Board
from reconciler.desired.load import Desired
from reconciler.errors import ForbiddenError
from reconciler.models.proposal import Accepted, Asked, Caller, Proposal, Role
from reconciler.proposals import ServerService
from reconciler.web import PageServer, make_app
from tests.fakes import START


def refuse(proposal: Proposal) -> Accepted:
    raise ForbiddenError(f"nothing is written here: {proposal}")


def service_of(board: Board, desired: Desired | None) -> ServerService:
    """The seed's interface on a board, without a repository to write to."""
    return ServerService(board, lambda: desired, refuse, Asked(Caller("tests", "token", Role.READ)))


@contextmanager
def asking(app: FastAPI) -> Iterator[httpx.Client]:
    """A client of an application that is served."""
    server = PageServer("127.0.0.1:0")
    server.start(app)
    try:
        with httpx.Client(base_url=server.address, timeout=30, trust_env=False) as client:
            yield client
    finally:
        server.close()


@contextmanager
def asking_pages(
    board: Board, desired: Desired | None = None, targets: tuple[str, ...] = ("slurm",)
) -> Iterator[httpx.Client]:
    """A client of all pages."""
    with asking(make_app(board, lambda: START, targets, service=service_of(board, desired))) as client:
        yield client

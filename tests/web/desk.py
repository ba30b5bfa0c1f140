"""The writing pages on a real server: callers with tokens, and what takes their proposals."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import httpx

from reconciler.board import Board
from reconciler.desired.load import Desired
from reconciler.metrics import utc_now
from reconciler.models.proposal import Accepted, Asked, Caller, Proposal, Role
from reconciler.proposals import ServerService
from reconciler.settings import HttpSettings
from reconciler.web import make_app
from tests.web.asking import asking

GRANTS: dict[str, dict[str, object]] = {
    "admin": {"role": "admin"},
    "bench": {"role": "propose", "services": ["bench-*"]},
    "read": {"role": "read"},
}
USUAL = Asked(Caller("tests", "token", Role.READ))


def token(name: str) -> str:
    return f"{name}-{'t' * 32}"


def as_(name: str, **more: str) -> dict[str, str]:
    """Headers of a caller."""
    return {"Authorization": f"Bearer {token(name)}", **more}


def http() -> HttpSettings:
    """A token for each role; limits that no test reaches by accident."""
    tokens = [
        {"name": name, "sha256": hashlib.sha256(token(name).encode()).hexdigest(), **grant}
        for name, grant in GRANTS.items()
    ]
    limits = {"reads": 100_000, "writes": 100_000}
    return HttpSettings.model_validate({"tokens": tokens, "limits": limits})


@contextmanager
def desk(
    propose: Callable[[Proposal], Accepted],
    board: Board | None = None,
    desired: Callable[[], Desired | None] = lambda: None,
    in_force: Callable[[str], bool] = bool,
    targets: tuple[str, ...] = (),
    clock: Callable[[], datetime] = utc_now,
) -> Iterator[httpx.Client]:
    """A client of all pages, which says who it is with each request."""
    board = board or Board()
    service = ServerService(board, desired, propose, USUAL, in_force=in_force)
    with asking(make_app(board, clock, targets, service=service, http=http())) as client:
        client.timeout = httpx.Timeout(60)
        yield client

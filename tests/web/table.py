"""A table on two targets, and a repository, behind real pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import httpx

from reconciler.board import Board
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, SourceStatus, State, TargetStatus
from tests.desired import world
from tests.fakes import START
from tests.samples import REVISION
from tests.web.asking import asking_pages

Site = tuple[httpx.Client, Board]
WEB = ServiceStatus("web-1", "meluxina", "faiss", State.RUNNING, Health.HEALTHY, START, "", "0123456789ab")
TABLE = (
    replace(WEB, service="bench-1", labels={"team": "nlp", "tier": "gold"}),
    replace(WEB, service="bench-2", labels={"team": "bio"}, health=Health.DEGRADED, why="GET /: 503\x1b[2J"),
    replace(WEB, service="db", recipe="postgresql", state=State.PENDING, health=Health.PENDING),
    replace(WEB, service="old", recipe="", state=State.REMOVING, health=Health.FAILED),
    WEB,
)
MOVED = replace(WEB, service="db", target="cloud", recipe="postgresql", health=Health.PROGRESSING)


def post(board: Board, target: str, *lines: ServiceStatus, minute: int = 0) -> None:
    at = START + timedelta(minutes=minute)
    board.post_target(TargetStatus(target, "slurm", reachable=True, looked=at), lines, at)


@contextmanager
def serve_table() -> Iterator[Site]:
    """A table on two targets, and a repository in which `web-1` says what it is, and `young` is new."""
    repository = world.Repository()
    spec = "{recipe: faiss, replicas: 2, suspend: false, env: {API_TOKEN: abc, PLAIN: 'x y'}, config: {dimension: 8}}"
    repository.commit({"desired/web.yaml": world.text("web-1", spec), "desired/young.yaml": world.text("young")})
    desired = repository.load()
    assert desired.complaints == ()
    board = Board()
    board.post_source(SourceStatus(REVISION))
    post(board, "meluxina", *TABLE)
    post(board, "cloud", MOVED)
    with asking_pages(board, desired, ("meluxina", "cloud")) as client:
        yield client, board

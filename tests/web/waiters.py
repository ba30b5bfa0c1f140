"""A target with its turn behind real pages, and somebody who waits for what comes of a request."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from reconciler.board import Board
from reconciler.desired.load import Desired
from reconciler.metrics import utc_now
from reconciler.models.health import Health
from reconciler.models.proposal import Accepted, Proposal
from reconciler.models.revision import Revision
from reconciler.models.status import SourceStatus
from reconciler.models.wanted import ResolvedService
from reconciler.turn import Turn, World
from tests.e2e.world import until
from tests.fakes import FakePlatform
from tests.turn.test_turn import TARGET, Past
from tests.web.desk import as_, desk

Event = tuple[str, dict[str, Any]]


class Room:
    """A target with its turn, a desired state in force, and the pages; `wrong` is how wrong the machine's clock is."""

    def __init__(self) -> None:
        self.wrong = timedelta()
        self.platform = FakePlatform(now=self.now())
        self.board = Board()
        world = World("fake", TARGET, self.platform, self.platform, lambda: "")
        self._turn = Turn(world, "owner", 1.0, self.board, lambda: self.platform.now)
        self.desired: Desired | None = None
        self.commits: list[str] = []
        self.force(commit=False)

    def now(self) -> datetime:
        """What the machine's clock says."""
        return utc_now() + self.wrong

    def force(self, *services: ResolvedService, commit: bool = True, **desired: Any) -> str:
        """Another revision is in force, after a commit."""
        revision = Revision(f"{(len(self.commits) + 1) * commit:040x}", "Ada", "A commit", self.now())
        if commit:
            self.commits.append(revision.sha)
        self.desired = Desired(revision, {one.name: one for one in services}, **desired)
        self.board.post_source(SourceStatus(revision, fetched=self.now()))
        return revision.sha

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self.platform.now = self.now()
            assert self.desired is not None
            self._turn.run(self.desired, Past("a", "b", message="Reconciler-Allow-Removals: all"))

    def ill(self, health: Health, reason: str) -> None:
        """All that runs is so from now on."""
        loads = self.platform.workloads
        self.platform.workloads = {name: replace(one, health=health, reason=reason) for name, one in loads.items()}

    def propose(self, proposal: Proposal) -> Accepted:
        """The commit that is next in force."""
        return Accepted(proposal.request.name, f"{len(self.commits) + 1:040x}", "main", "desired/a.yaml", "Subject")

    def close(self) -> None:
        self._turn.close()


@contextmanager
def waiting(room: Room, method: str, path: str, **more: Any) -> Iterator[Future[list[Event]]]:
    """Ask, and gather the events of the answer meanwhile; the block goes on when the first of them is there."""
    begun = threading.Event()

    def gather(url: httpx.URL) -> list[Event]:
        with (
            httpx.Client(base_url=url, headers=as_("admin"), timeout=60, trust_env=False) as client,
            client.stream(method, path, **more) as answer,
        ):
            assert answer.status_code in {200, 202}, answer.read()
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = []
            for line in answer.iter_lines():
                begun.set()
                lines.append(line)
        return events(lines)

    has = room.commits.__contains__
    with (
        ThreadPoolExecutor(1) as pool,
        desk(room.propose, room.board, lambda: room.desired, has, targets=("fake",), clock=room.now) as client,
    ):
        result = pool.submit(gather, client.base_url)
        until("the answer begins", lambda: begun.is_set() or result.done(), 30)
        yield result


def events(lines: list[str]) -> list[Event]:
    kinds = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    datas = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    return list(zip(kinds, datas, strict=True))


def done(result: Future[list[Event]]) -> dict[str, Any]:
    """The last event."""
    kind, data = result.result(60)[-1]
    assert kind == "done"
    return data


START = {"recipe_name": "web", "name": "a"}

"""The pages of one service: its story, the history of its verdicts, what it wrote last."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from heapq import merge
from typing import Annotated

from fastapi import FastAPI, HTTPException, Query

from reconciler.board import Board
from reconciler.explain import tell, unknown
from reconciler.models.output import Output as Written
from reconciler.models.status import Status
from reconciler.models.workload import Workload
from reconciler.shapes.logs import MOST, LogShape, Outputs, Question, read_logs
from reconciler.shapes.status import ChangeShape
from reconciler.shapes.story import Output, StoryShape
from reconciler.web.problems import problems
from reconciler.web.ready import missing

Start = Annotated[str, Query(pattern=r"^[A-Za-z0-9._/-]{1,200}:\d{1,18}$")]
_START = "`<id>:<next of an earlier answer>`: go on there."
_MISSING = problems(404)


class NoOutputs:
    """For a daemon that reads no output."""

    def together(self, target: str) -> bool:
        """No."""
        del target
        return False

    def read(self, workload: Workload, question: Question) -> Written:
        """Nothing."""
        del workload, question
        return Written()


def add_services(
    app: FastAPI,
    board: Board,
    clock: Callable[[], datetime],
    targets: tuple[str, ...],
    output: Output,
    outputs: Outputs,
) -> None:
    """Add the pages to the application. Each answers 404 for a name that nobody knows, with the names that are near."""

    def known(name: str) -> Status:
        seen = board.status()
        if not any(one.service == name for one in seen.services):
            raise HTTPException(404, "; ".join([unknown(seen, name), *missing(seen, targets)]))
        return seen

    @app.get("/services/{name}/explain", tags=["services"], summary="Why a service is as it is", responses=_MISSING)
    def explain(name: str) -> list[StoryShape]:
        """The story of one service, on each target that knows it."""
        stories = tell(known(name), board.views(), name, clock())
        return [StoryShape.of(story, output, board.history(name, story.line.target)) for story in stories]

    @app.get("/services/{name}/history", tags=["services"], summary="How it got there", responses=_MISSING)
    def history(name: str) -> list[ChangeShape]:
        """The verdicts on one service since the daemon's start, oldest first; the last hundred on each target."""
        on = sorted({one.target for one in known(name).services if one.service == name})
        stories = ([ChangeShape.of(change, target) for change in board.history(name, target)] for target in on)
        return list(merge(*stories, key=lambda change: change.at))

    @app.get("/services/{name}/logs", tags=["services"], summary="What a service wrote", responses=_MISSING)
    def logs(
        name: str,
        lines: Annotated[int, Query(ge=1, le=MOST, description="Last lines of each workload.")] = 100,
        replica: Annotated[int | None, Query(ge=0, description="One replica; all when unset.")] = None,
        start: Annotated[list[Start], Query(max_length=100, description=_START)] = [],  # noqa: B006 - it is copied
        *,
        previous: Annotated[bool, Query(description="Of what ended last, not of what runs.")] = False,
        follow: Annotated[bool, Query(description="To be followed: what began since is told too.")] = False,
    ) -> list[LogShape]:
        """What its workloads wrote last, without secrets. `start` is `<id>:<next of an earlier answer>`, to go on."""
        seen = known(name)
        starts = {one: int(byte) for one, _, byte in (text.rpartition(":") for text in start)}
        question = Question(lines, replica, previous, follow, starts)
        return read_logs(seen, board.views(), name, question, outputs)

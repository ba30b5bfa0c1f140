"""The pages of one service: its story, the history of its verdicts, what it wrote last."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from heapq import merge
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import FastAPI, Header, HTTPException, Query, Request, Response

from reconciler.board import Board
from reconciler.explain import tell, unknown
from reconciler.models.output import Output as Written
from reconciler.models.status import Status
from reconciler.models.workload import Workload
from reconciler.shapes.logs import LOG_EVENTS, MOST, LogShape, Outputs, Question
from reconciler.shapes.status import ChangeShape
from reconciler.shapes.story import Output, StoryShape
from reconciler.web.problems import problems
from reconciler.web.reads.ready import missing
from reconciler.web.streams import EVENT_STREAM, Streamed, Streams, documented
from reconciler.web.tail import Tail, starts_of

_TEXT = "text/plain"
Start = Annotated[str, Query(pattern=r"^[A-Za-z0-9._/-]{1,200}:\d{1,18}$")]


class NoOutputs:
    """For a daemon that reads no output."""

    def together(self, target: str) -> bool:
        """No."""
        del target
        return False

    def read(self, workload: Workload, question: Question) -> tuple[Written, ...]:
        """Nothing."""
        del workload, question
        return ()


def add_services(
    app: FastAPI,
    board: Board,
    clock: Callable[[], datetime],
    targets: tuple[str, ...],
    output: Output,
    outputs: Outputs,
    streams: Streams,
) -> None:
    """Add the pages to the application. Each answers 404 for a name that nobody knows, with the names that are near."""

    def known(name: str) -> Status:
        seen = board.status()
        if not board.find(name):
            raise HTTPException(404, "; ".join([unknown(seen, name), *missing(seen, targets)]))
        return seen

    @app.get("/services/{name}/explain", tags=["services"], summary="The story of a service", responses=problems(404))
    def explain(name: str) -> list[StoryShape]:
        """Why one service is as it is, what comes next and what can be done; on each target that knows it."""
        stories = tell(known(name), board.views(), name, clock())
        return [StoryShape.of(story, output, board.history(name, story.line.target)) for story in stories]

    @app.get("/services/{name}/history", tags=["services"], summary="How a service got there", responses=problems(404))
    def history(name: str) -> list[ChangeShape]:
        """The verdicts on one service since the daemon's start, oldest first; the last hundred on each target."""
        known(name)
        on = sorted(one.target for one in board.find(name))
        stories = ([ChangeShape.of(change, target) for change in board.history(name, target)] for target in on)
        return list(merge(*stories, key=lambda change: change.at))

    _add_logs(app, Tail(board, streams, outputs), streams, known)


_LINES = "So many of the last lines of each that writes."
_REPLICA = "Only this replica; on Kubernetes the pod of that number in the order of names."
_START = "Go on there: `<id>:<next>` of an earlier answer, once for each; what is not named begins with its last lines."
_PREVIOUS = "Of what ended last, not of what runs."
_FOLLOW = "Go on for ever (text/plain); text/event-stream always does."
_LAST = "Go on after this event of an earlier stream; what is no `id` of one is as good as none."
_LOG_EXAMPLE = """event: line
data: {"kind":"line","target":"slurm","workload":"1234","replica":0,"text":"loading weights"}

id: 1234:22
event: line
data: {"kind":"line","target":"slurm","workload":"1234","replica":0,"text":"ready"}

"""


def _add_logs(app: FastAPI, tail: Tail, streams: Streams, known: Callable[[str], Status]) -> None:
    @app.get(
        "/services/{name}/logs",
        tags=["services"],
        summary="What a service writes",
        response_model=list[LogShape],
        responses=_documented() | problems(404, 429),
    )
    async def logs(
        request: Request,
        name: str,
        lines: Annotated[int, Query(ge=1, le=MOST, description=_LINES)] = 100,
        replica: Annotated[int | None, Query(ge=0, le=999, description=_REPLICA)] = None,
        start: Annotated[list[Start], Query(max_length=40, description=_START)] = [],  # noqa: B006 - copied
        accept: Annotated[str, Header(include_in_schema=False)] = "",
        last_event_id: Annotated[str, Header(max_length=5000, description=_LAST)] = "",
        *,
        previous: Annotated[bool, Query(description=_PREVIOUS)] = False,
        follow: Annotated[bool, Query(description=_FOLLOW)] = False,
    ) -> Response | list[LogShape]:
        """What its workloads wrote last, without what is known or looks like a secret; as the header `Accept` says.

        `application/json`: a list, one for each that writes. `text/plain`: lines, with the name of what wrote them
        where several do. `text/event-stream`: events `line`, `note` (why something cannot be read, or the command that
        reads it), and `end` when the service is gone; it goes on after `Last-Event-ID`.
        """
        await run_sync(known, name)
        starts = starts_of(last_event_id) or starts_of(",".join(start))
        form = _form(accept)
        question = Question(lines, replica, previous, follow or form == EVENT_STREAM, starts)
        if form not in (EVENT_STREAM, _TEXT):
            return await tail.read(name, question)
        streams.open(request)
        if form == EVENT_STREAM:
            return Streamed(tail.events(name, question))
        return Streamed(tail.text(name, question), media_type=f"{_TEXT}; charset=utf-8")


def _form(accept: str) -> str:
    """The first of the forms that we have; JSON for who takes anything."""
    asked = (part.partition(";")[0].strip().lower() for part in accept.split(","))
    return next((one for one in asked if one in (EVENT_STREAM, _TEXT, "application/json", "*/*")), "")


def _documented() -> dict[int | str, dict[str, Any]]:
    made = documented("What was written, in the form that was asked for.", LOG_EVENTS, _LOG_EXAMPLE)
    made[200]["content"][_TEXT] = {"schema": {"type": "string"}, "example": "loading weights\nready\n"}
    return made

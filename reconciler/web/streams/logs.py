"""What a service writes: /services/{name}/logs, at once or as a stream."""

from __future__ import annotations

from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import FastAPI, Header, Query, Request, Response

from reconciler.board import Board
from reconciler.models.output import Output, Question
from reconciler.models.workload import Workload
from reconciler.shapes.logs import LOG_EVENTS, MOST, LogShape, Outputs
from reconciler.web.problems import problems
from reconciler.web.reads.known import Known
from reconciler.web.streams.sse import EVENT_STREAM, Streamed, documented
from reconciler.web.streams.tail import Tail, starts_of
from reconciler.web.streams.waking import Streams

_TEXT = "text/plain"
Start = Annotated[str, Query(pattern=r"^[A-Za-z0-9._/-]{1,200}:\d{1,18}$")]

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


class NoOutputs:
    """For a daemon that reads no output."""

    def together(self, target: str) -> bool:
        """No."""
        del target
        return False

    def read(self, workload: Workload, question: Question) -> tuple[Output, ...]:
        """Nothing."""
        del workload, question
        return ()


def add_logs(app: FastAPI, board: Board, known: Known, outputs: Outputs, streams: Streams) -> None:
    """Add the page. `outputs` reads what workloads wrote."""
    tail = Tail(board, streams, outputs)

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

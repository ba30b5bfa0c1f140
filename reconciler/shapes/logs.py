"""What a service wrote last: what /services/{name}/logs answers and what `reconciler logs` reads back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from reconciler.health import order_of_end
from reconciler.models.output import Output, Question
from reconciler.models.status import Status, View
from reconciler.models.text import redact
from reconciler.models.workload import Phase, Workload
from reconciler.shapes.status import VerdictShape

#: Most lines that are asked for at once.
MOST = 2_000
#: So many workloads are read for one answer; of more replicas, a question names one.
AT_ONCE = 32


class Outputs(Protocol):
    """Reads what workloads wrote."""

    def together(self, target: str) -> bool:
        """Whether one workload stands for all replicas of a service there."""
        ...

    def read(self, workload: Workload, question: Question) -> Sequence[Output]:
        """What is asked for, of each part of the workload that writes for itself; an empty text where there is none."""
        ...


class LogShape(BaseModel):
    """The output of one workload; `next` is where a later question may start. `command`: to be run by the reader.

    `id` is a job's, or `namespace/pod/container/run` of a container, whose runs are counted from 0. `error` is why it
    could not be read. `verdict` is how its service stands on the target, as the table says.
    """

    model_config = ConfigDict(frozen=True)

    target: str = Field(examples=["slurm"])
    id: str = Field(examples=["1234"])
    replica: int = Field(examples=[0])
    phase: str = Field(examples=["Running"])
    text: str = Field(examples=["loading weights\nready"])
    next: int = Field(examples=[22])
    command: str = ""
    verdict: VerdictShape
    error: str = ""


class LogLineShape(BaseModel):
    """One line, as an event `line` of a stream. `workload` is the id of what wrote it."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["line"] = "line"
    target: str = Field(examples=["slurm"])
    workload: str = Field(examples=["1234"])
    replica: int = Field(examples=[0])
    text: str = Field(examples=["ready"])


class LogNoteShape(BaseModel):
    """What is said instead of lines, as an event `note`: why they cannot be read, or the command that reads them."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["note"] = "note"
    target: str = Field(examples=["cloud"])
    workload: str = Field(examples=["ai/llama"])
    replica: int = Field(examples=[0])
    command: str = ""
    error: str = Field(default="", examples=["read the output of ai/llama-0: no answer"])


class LogEndShape(BaseModel):
    """There will be no more lines, as the event `end`, and why."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["end"] = "end"
    why: str = Field(examples=["llama is gone: nothing of it runs, and nobody wants it any more"])


LogEventShape = Annotated[LogLineShape | LogNoteShape | LogEndShape, Field(discriminator="kind")]
#: Reads the `data:` of any event of a stream of output.
LOG_EVENTS: TypeAdapter[LogEventShape] = TypeAdapter(LogEventShape)


def read_logs(
    status: Status, views: Iterable[View], service: str, question: Question, outputs: Outputs
) -> list[LogShape]:
    """The answer, by target and replica, of AT_ONCE workloads at most; none where nothing of the service is, or was."""
    verdicts = {one.target: VerdictShape.of(one) for one in status.services if one.service == service}
    found = ((view, outputs.together(view.target)) for view in views if view.target in verdicts)
    chosen = (one for view, together in found for one in _chosen(view, service, question, together=together))
    parts = ((one, part) for one in chosen for part in outputs.read(one, question))
    return [_shape(one, part, verdicts[one.target]) for one, part in islice(parts, AT_ONCE)]


def _chosen(view: View, service: str, question: Question, *, together: bool) -> Iterator[Workload]:
    mine = [one for one in view.seen.workloads if one.mark.service == service]
    if together:
        yield from mine
        return
    for number in sorted({one.mark.replica for one in mine}):
        if question.replica in (None, number):
            replica = [one for one in mine if one.mark.replica == number]
            shown = _worth_reading(replica, previous=question.previous)
            yield from (one for one in replica if one in shown or one.id in question.starts)


def _worth_reading(replica: list[Workload], *, previous: bool) -> list[Workload]:
    """What runs; where nothing does, or what was before is asked for, what ended last."""
    ended = [one for one in replica if one.phase is Phase.ENDED]
    last = sorted(ended, key=order_of_end)[-1:]
    running = [one for one in replica if one.phase not in (Phase.ENDED, Phase.PENDING)]
    return last if previous else running or last


def _shape(one: Workload, output: Output, verdict: VerdictShape) -> LogShape:
    """Whatever it is, what looks like a secret is taken out of it here."""
    return LogShape(
        target=one.target,
        id=output.id or one.id,
        replica=one.mark.replica if output.replica is None else output.replica,
        phase=(output.phase or one.phase).value,
        text=redact(output.text),
        next=output.next,
        command=output.command,
        error=output.error,
        verdict=verdict,
    )

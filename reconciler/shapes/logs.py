"""What a service wrote last: what /services/{name}/logs answers and what `reconciler logs` reads back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from reconciler.health import order_of_end
from reconciler.models.output import Output
from reconciler.models.status import Status, View
from reconciler.models.workload import Phase, Workload
from reconciler.shapes.status import VerdictShape

#: Most lines that are asked for at once.
MOST = 2_000
#: So many workloads are read for one answer; of more replicas, a question names one.
AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Question:
    """Which output is asked for: of one replica (None: all), of what ended before (`previous`), to be followed.

    `starts` says from which byte on, by workload id; from the others come the last `lines` lines.
    """

    lines: int = 100
    replica: int | None = None
    previous: bool = False
    follow: bool = False
    starts: Mapping[str, int] = field(default_factory=dict)


class Outputs(Protocol):
    """Reads what workloads wrote."""

    def together(self, target: str) -> bool:
        """Whether one workload stands for all replicas of a service there."""
        ...

    def read(self, workload: Workload, question: Question) -> Output:
        """What is asked for; an empty text where it cannot be read."""
        ...


class LogShape(BaseModel):
    """The output of one workload; `next` is where a later question may start. `command`: to be run by the reader.

    `verdict` is how its service stands on the target, as the table says.
    """

    model_config = ConfigDict(frozen=True)

    target: str
    id: str
    replica: int
    phase: str
    text: str
    next: int
    command: str
    verdict: VerdictShape


def read_logs(
    status: Status, views: Iterable[View], service: str, question: Question, outputs: Outputs
) -> list[LogShape]:
    """The answer, by target and replica, of AT_ONCE workloads at most; none where nothing of the service is, or was."""
    verdicts = {one.target: VerdictShape.of(one) for one in status.services if one.service == service}
    found = ((view, outputs.together(view.target)) for view in views if view.target in verdicts)
    chosen = (one for view, together in found for one in _chosen(view, service, question, together=together))
    return [_shape(one, outputs.read(one, question), verdicts[one.target]) for one in islice(chosen, AT_ONCE)]


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
    return LogShape(
        target=one.target,
        id=one.id,
        replica=one.mark.replica,
        phase=one.phase.value,
        text=output.text,
        next=output.next,
        command=output.command,
        verdict=verdict,
    )

"""The half of the client that follows what happens, as it happens."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple, TypeVar, get_args

from pydantic import TypeAdapter, ValidationError

from reconciler.client.errors import ApiError, NoAnswerError
from reconciler.client.paths import filters, service_path
from reconciler.client.reading import Reading
from reconciler.client.stream import Breaks, events_once, events_resumed
from reconciler.models.output import Question
from reconciler.models.units import format_duration
from reconciler.shapes.events import EVENTS, EventKind, EventShape
from reconciler.shapes.logs import LOG_EVENTS, LogEndShape, LogEventShape, LogLineShape, LogNoteShape, LogShape
from reconciler.shapes.waiting import DoneShape, StandingShape, Until

_PATIENCE = 600.0
_MOST_SECONDS = 9999
Shape = TypeVar("Shape")
_KINDS = frozenset(get_args(EventKind))


class Told(NamedTuple):
    """An event, and its id: given as `after`, the events go on behind it, also in another process."""

    id: str
    event: EventShape


class Following(Reading):
    """Streams, which take up again what broke. All raise ApiError, or NoAnswerError when that was of no use."""

    def events(
        self,
        after: str | None = None,
        *,
        service: Sequence[str] = (),
        target: Sequence[str] = (),
        kind: Sequence[EventKind] = (),
        snapshot: bool = False,
    ) -> Iterator[Told]:
        """What happens from now on, or since the event with the id `after`, without an end; none is lost or told twice.

        Where the daemon does not know any more what came after it (it was started anew, say), a ResetEvent and all that
        is now come first; `snapshot` asks for that at the beginning. `service` are names, or patterns of names.
        """
        params = filters(service=service, target=target, kind=kind) | ({"snapshot": ["true"]} if snapshot else {})
        for event in events_resumed(self._wire, "/events", params, after or ""):
            if event.event in _KINDS:  # a newer daemon may tell more
                yield Told(event.id, self._parsed(EVENTS, event.data))

    def logs(
        self,
        service_id: str,
        *,
        lines: int = 100,
        replica: int | None = None,
        previous: bool = False,
        follow: bool = False,
        after: str = "",
    ) -> Iterator[LogEventShape]:
        """What its workloads wrote: so many of the last `lines` of each, of one `replica` or all, without secrets.

        `follow`: and what they write from now on, until the service is gone (a LogEndShape says why). `previous`: of
        what ended last. A LogNoteShape says what cannot be read here. `after`: places from which on it is followed,
        each `<id>:<next>` of an answer of `read_logs`, with commas between.
        """
        if not follow:
            yield from _lines(self.read_logs(service_id, Question(lines, replica, previous)))
            return
        params = filters(lines=str(lines), replica="" if replica is None else str(replica))
        params |= {"previous": ["true"]} if previous else {}
        for event in events_resumed(self._wire, service_path(service_id, "logs"), params, after):
            one = self._parsed(LOG_EVENTS, event.data)
            yield one
            if isinstance(one, LogEndShape):
                return

    def _parsed(self, adapter: TypeAdapter[Shape], data: str) -> Shape:
        try:
            return adapter.validate_json(data)
        except ValidationError as error:
            raise self._wire.strange() from error

    def wait(
        self, service_id: str, until: Until = "healthy", *, commit: str = "", timeout: float = _PATIENCE
    ) -> DoneShape:
        """Wait until it is healthy, or gone; the answer says whether that came, and if not, why not.

        `commit`: of the change that is waited for, as an AcceptedShape has it. `timeout` is in seconds.
        """
        for one in self.standings(service_id, until, commit=commit, timeout=timeout):
            if isinstance(one, DoneShape):
                return one
        raise AssertionError("standings end with a DoneShape")

    def standings(
        self, service_id: str, until: Until = "healthy", *, commit: str = "", timeout: float = _PATIENCE
    ) -> Iterator[StandingShape | DoneShape]:
        """How it stands, whenever that changes; ends with a DoneShape, as `wait` does."""
        end, breaks = time.monotonic() + timeout, Breaks(self._wire.patience)
        while (left := end - time.monotonic()) > 0:
            asked = {"until": until, "commit": commit, "timeout": _parameter(left)}
            try:
                for one in self._standings(service_id, {key: value for key, value in asked.items() if value}):
                    breaks.over()
                    yield one
                    if isinstance(one, DoneShape):
                        return
            except (ApiError, NoAnswerError) as error:
                breaks.wait(error)
            else:
                breaks.wait(NoAnswerError(f"{self._wire.door.name}: a wait for {service_id} ends again and again"))
        yield DoneShape.of(service_id, until, f"not within {format_duration(timedelta(seconds=timeout))}")

    def _standings(self, service_id: str, asked: dict[str, str]) -> Iterator[StandingShape | DoneShape]:
        for event in events_once(self._wire, service_path(service_id, "wait"), asked):
            match event.event:
                case "verdict":
                    yield self._wire.event(StandingShape, event.data)
                case "done":
                    yield self._wire.event(DoneShape, event.data)
                case _:
                    pass  # of a newer daemon


def _parameter(seconds: float) -> str:
    """A time to wait as the API reads it: whole seconds, or minutes where it is long."""
    whole = max(1, round(seconds))
    return f"{whole}s" if whole <= _MOST_SECONDS else f"{min(whole // 60, _MOST_SECONDS)}m"


def _lines(found: Iterable[LogShape]) -> Iterator[LogLineShape | LogNoteShape]:
    """One answer, line by line."""
    for one in found:
        whose = {"target": one.target, "workload": one.id, "replica": one.replica}
        if one.command or one.error:
            yield LogNoteShape(**whose, command=one.command, error=one.error)
        for line in one.text.splitlines():
            yield LogLineShape(**whose, text=line)

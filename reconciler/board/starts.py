"""How long workloads waited in a queue, and how long they took from there until they were healthy.

From the looks at a target. What had begun before the daemon's first look is not counted: nobody saw when.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.models.health import Health
from reconciler.models.workload import Observed, Phase, Workload


@dataclass(frozen=True, slots=True)
class Span:
    """One wait in a queue, or one start, in seconds. `revision` is the commit because of which it was deployed."""

    service: str
    seconds: float
    revision: str
    is_start: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """A workload as it was seen last. `ran` is when it left the queue (None: it has not), `done`: it was healthy since.

    `content` is what it runs: on Kubernetes a change comes to the same workload, which starts anew then.
    """

    content: tuple[str, str]
    handed: datetime | None
    ran: datetime | None = None
    done: bool = False


class Starts:
    """The workloads of one target; to be guarded by its owner."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] | None = None

    def add(self, seen: Observed) -> list[Span]:
        """What came to its end since the look before. A look that is not whole says nothing."""
        if not seen.complete:
            return []
        first, before = self._known is None, self._known or {}
        self._known = {}
        spans: list[Span] = []
        for one in seen.workloads:
            if one.phase in (Phase.PENDING, Phase.RUNNING):
                known = before.get(one.id) or _met(one, seen.at, first=first)
                self._known[one.id] = now = _next(known, one, seen.at)
                if now is not known:
                    spans.extend(_spans(known, now, one, seen.at))
        return spans


def _met(one: Workload, at: datetime, *, first: bool) -> _Known:
    """One that was not there at the look before; `first`: there was none."""
    known = _Known(_content(one), one.submitted or one.since)
    return replace(known, ran=at, done=True) if first and not _is_queued(one) else known


def _next(known: _Known, one: Workload, at: datetime) -> _Known:
    """What is known after a look; the same one when nothing came of it."""
    if _is_queued(one):
        # Slurm puts a job back into its queue: it waits, and starts, once more.
        return known if known.ran is None else _Known(_content(one), one.submitted or one.since)
    if known.ran is None:
        began = one.since if one.phase is Phase.RUNNING and one.since else at
        known = replace(known, content=_content(one), ran=min(began, at))
    elif known.content != _content(one):
        return replace(known, content=_content(one), ran=at, done=False)
    healthy = one.phase is Phase.RUNNING and one.health is Health.HEALTHY
    return replace(known, done=True) if healthy and not known.done else known


def _spans(before: _Known, now: _Known, one: Workload, at: datetime) -> Iterator[Span]:
    """The wait and the start that ended with this look. A clock that was set makes none negative."""
    name, revision = one.mark.service, one.mark.revision
    if now.ran and before.ran is None and now.handed:
        yield Span(name, max(0.0, (now.ran - now.handed).total_seconds()), revision, is_start=False)
    if now.ran and now.done:
        yield Span(name, max(0.0, (at - now.ran).total_seconds()), revision, is_start=True)


def _content(one: Workload) -> tuple[str, str]:
    return one.mark.digest, one.mark.restart


def _is_queued(one: Workload) -> bool:
    """On Kubernetes what waits for no room is pending until it is ready: that is a start."""
    return one.phase is Phase.PENDING and one.pending is not None

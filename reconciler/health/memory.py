"""Lines of services of which nothing changed: made once, however many turns there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus
from reconciler.models.wanted import ResolvedService, Wanted
from reconciler.models.workload import Phase, Workload


@dataclass(frozen=True, slots=True)
class _Entry:
    service: ResolvedService
    wanted: Wanted
    loads: tuple[Workload, ...]
    line: ServiceStatus
    heard: tuple[bool | None, ...] = ()


class Memory:
    """Remembers the lines of healthy services by what they were made of. Identity counts: comparing costs as much.

    A line is kept only where time does not change it: all that is seen of the service runs, is healthy, is as declared,
    and has no time limit.
    """

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def recall(
        self, service: ResolvedService, wanted: Wanted, loads: Sequence[Workload], heard: tuple[bool | None, ...]
    ) -> ServiceStatus | None:
        """The line of the turn before, if it would be made of the same again. `heard`: what its instances answered."""
        entry = self._entries.get(wanted.service)
        if entry is None or entry.service is not service or entry.wanted is not wanted:
            return None
        same = len(loads) == len(entry.loads) and all(one is old for one, old in zip(loads, entry.loads, strict=True))
        return entry.line if same and entry.heard == heard else None

    def keep(
        self,
        service: ResolvedService,
        wanted: Wanted,
        loads: Sequence[Workload],
        line: ServiceStatus | None,
        heard: tuple[bool | None, ...],
    ) -> None:
        """Remember a line, where it may be remembered; None: it says more than follows from the rest."""
        if line is not None and not wanted.suspended and loads and all(map(_is_at_rest, loads)):
            self._entries[wanted.service] = _Entry(service, wanted, tuple(loads), line, heard)
        else:
            self._entries.pop(wanted.service, None)

    def retain(self, services: int) -> None:
        """Forget those that are wanted no more: there are more entries than `services`."""
        if len(self._entries) > services:
            self._entries.clear()


def _is_at_rest(workload: Workload) -> bool:
    at_rest = workload.phase is Phase.RUNNING and workload.health is Health.HEALTHY
    return at_rest and workload.deadline is None and not workload.drift

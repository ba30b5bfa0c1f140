"""PURE. Whether what was asked for has come true: from what is wanted, what the last turns saw, and the table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.desired.load import Desired
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State, View
from reconciler.models.wanted import ResolvedService, Wanted
from reconciler.models.workload import Phase, Workload

_ALIVE = (Phase.PENDING, Phase.RUNNING)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far it is. `taken`: a turn has worked from what is waited for.

    `end` is None while there is something to wait for, "" when it came true, or why it never will. `doubt` is "" or
    why it will not if it stays as it is.
    """

    line: ServiceStatus | None
    taken: bool = False
    end: str | None = None
    doubt: str = ""


class Index:
    """What the last turn of one target worked from, by service: made once for all who wait."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._wanted = {wanted.service: (one, wanted) for one, wanted in view.services}
        self._loads: defaultdict[str, list[Workload]] = defaultdict(list)
        for workload in view.seen.workloads:
            self._loads[workload.mark.service].append(workload)
        self._changing = {action.service for action in view.plan.changes}

    def wanted(self, service: ResolvedService) -> Wanted | None:
        """What the turn wanted of it; None where it worked from another version of it."""
        found, wanted = self._wanted.get(service.name, (None, None))
        return wanted if found is service or found == service else None

    def is_settled(self, wanted: Wanted) -> bool:
        """Whether all that is there is what is wanted, and nothing was to be done about it."""
        alive = (one for one in self._loads.get(wanted.service, ()) if one.phase in _ALIVE)
        return wanted.service not in self._changing and all(_is_current(one, wanted) for one in alive)

    def is_free_of(self, name: str) -> bool:
        """Whether the look was whole, and nothing of a service that was not wanted was there."""
        ended = all(one.phase is Phase.ENDED for one in self._loads.get(name, ()))
        return self.view.seen.complete and name not in self._wanted and ended


def healthy(
    name: str, desired: Desired, lines: Iterable[ServiceStatus], indexes: Mapping[str, Index], *, changed: bool
) -> Standing:
    """Whether the service as `desired` wants it is healthy. `changed`: somebody waits for a change of it."""
    by_target = {line.target: line for line in lines}
    service = desired.services.get(name)
    if service is None:
        line = next(iter(by_target.values()), None)
        return Standing(line, taken=True, end=desired.held.get(name) or "it is not wanted: another commit removed it")
    line, index = by_target.get(service.target), indexes.get(service.target)
    if changed and service.frozen:
        return Standing(line, end=f"a later change of its file is not valid: {service.frozen}")
    wanted = index.wanted(service) if index else None
    if line is None or index is None or wanted is None:
        return Standing(line)
    if wanted.suspended:
        return Standing(line, taken=True, end=wanted.suspended)
    if not index.is_settled(wanted):
        return Standing(line, taken=True)
    if line.state is State.RUNNING and line.health is Health.HEALTHY:
        return Standing(line, taken=True, end="")
    bad = line.health is Health.FAILED or line.looping
    return Standing(line, taken=True, doubt=(line.why or f"it is {line.health.value}") if bad else "")


def gone(
    name: str,
    desired: Desired,
    lines: Iterable[ServiceStatus],
    indexes: Mapping[str, Index],
    since: datetime,
    targets: Collection[str] = (),
) -> Standing:
    """Whether nothing is left of a service that is wanted no more, as seen on all targets by looks after `since`.

    An earlier one could not see what a turn that was under way has started.
    """
    line = next(iter(lines), None)
    if name in desired.services or name in desired.held:
        return Standing(line, end="it is wanted: another commit brought it back")
    unseen = [one for one in targets if one not in indexes]
    taken = not unseen and all(index.view.seen.at > since for index in indexes.values())
    if line is None and taken and all(index.is_free_of(name) for index in indexes.values()):
        return Standing(line, taken=True, end="")
    held = line is not None and line.state is State.HELD
    return Standing(line, taken=taken, doubt=line.why if line and held and taken else "")


def _is_current(workload: Workload, wanted: Wanted) -> bool:
    mark = workload.mark
    return mark.digest == wanted.digest and wanted.restart in ("", mark.restart)

"""What is done about that which runs and is not healthy any more: which of it is restarted now, and which waits.

A failure of the network or of the site looks like a failure of every service at once. So only a share is restarted at
a time, and nothing while most of what runs on a target turned unhealthy together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.models.health import Health
from reconciler.models.units import format_duration
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Observed, PendingClass, Phase, Workload

_LIVE = (Phase.PENDING, Phase.RUNNING)
# What turns unhealthy within this time does so together.
_TOGETHER = timedelta(minutes=2)
# Fewer services than this say nothing about their target.
_WITNESSES = 3
# From this attempt on it is a crash loop: its own fault, which must not keep others waiting.
_LOOP = 3

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class ReactionLimits:
    """`share` of the replicas on a target are restarted at a time (one always may be); from `hold` on, none is."""

    share: float = 0.2
    hold: float = 0.5


@dataclass(frozen=True, slots=True)
class Reaction:
    """What may be restarted now, by id; `held` is "" or why nothing is, `limits` what else holds it back."""

    limits: ReactionLimits = field(default_factory=ReactionLimits)
    allowed: frozenset[str] = frozenset()
    held: str = ""

    def why_not(self, workload: Workload) -> str:
        """Why one that is due is not restarted now; "" when it is. The same words for as long as it waits."""
        if self.held:
            return f"{self.limits.hold:.0%} or more of what runs on its target turned unhealthy together"
        return "" if workload.id in self.allowed else f"at most {self.limits.share:.0%} are restarted at a time"


def is_due(wanted: Wanted, workload: Workload, now: datetime) -> bool:
    """Whether it runs and has been unhealthy for so long that it is to be restarted."""
    if workload.unhealthy is None or wanted.restart_after is None or workload.phase is not Phase.RUNNING:
        return False
    return workload.health is not Health.HEALTHY and now - workload.unhealthy >= wanted.restart_after


def react(wanted: Mapping[str, Wanted], seen: Observed, now: datetime, limits: ReactionLimits) -> Reaction:
    """What may be restarted of all that is seen. Those that have been unhealthy longest come first."""
    if all(one.unhealthy is None for one in seen.workloads):
        return Reaction(limits)
    mine = [one for one in seen.workloads if one.phase in _LIVE and _is_wanted(wanted, one)]
    held = _together(wanted, mine, limits)
    due = [] if held else sorted((one for one in mine if is_due(wanted[one.mark.service], one, now)), key=_longest)
    keys = dict.fromkeys(map(_key, due))
    busy = _under_way(mine) - keys.keys()
    room = max(1, int(limits.share * len({*map(_key, mine)}))) - len(busy)
    chosen = set(list(keys)[: max(0, room)])
    return Reaction(limits, frozenset(one.id for one in due if _key(one) in chosen), held)


def _is_wanted(wanted: Mapping[str, Wanted], workload: Workload) -> bool:
    one = wanted.get(workload.mark.service)
    return one is not None and not one.suspended and workload.mark.replica < one.units


def _under_way(mine: Sequence[Workload]) -> set[Key]:
    """Replicas that were started again after a failure and are not healthy yet.

    Those that fail again and again are left out, and those that cannot start: they would keep others waiting for ever.
    """
    healthy = {_key(one) for one in mine if one.health is Health.HEALTHY}
    never = (PendingClass.BLOCKED, PendingClass.HELD)
    again = (one for one in mine if 0 < one.mark.attempt < _LOOP and one.pending not in never and not one.stuck)
    return {_key(one) for one in again if one.unhealthy is None} - healthy


def _together(wanted: Mapping[str, Wanted], mine: Sequence[Workload], limits: ReactionLimits) -> str:
    """Why nothing is restarted: so much turned unhealthy together that it is no fault of the services; "" otherwise."""
    running = [one for one in mine if one.phase is Phase.RUNNING]
    healthy = {_key(one) for one in running if one.health is Health.HEALTHY}
    latest_first = sorted(running, key=_longest, reverse=True)
    bad = {_key(one): one.unhealthy for one in latest_first if one.unhealthy and _key(one) not in healthy}
    if all(wanted[service].restart_after is None for service, _ in bad):
        return ""  # nothing would be restarted anyway
    count = len({*map(_key, running)})
    most = max(_windows(sorted((at, service) for (service, _), at in bad.items())), key=len, default=[])
    if len({service for _, service in most}) < _WITNESSES or len(most) < limits.hold * count:
        return ""
    span = max(timedelta(seconds=1), most[-1][0] - most[0][0])
    return (
        f"{len(most)} of {count} running replicas became unhealthy within {format_duration(span)}: looks like the "
        f"network or the site, not the services; nothing is restarted until fewer than {limits.hold:.0%} are"
    )


def _windows(bad: Sequence[tuple[datetime, str]]) -> Iterator[Sequence[tuple[datetime, str]]]:
    """For each the ones that turned unhealthy with it or soon after it. `bad` is in order of these times."""
    end = 0
    for begin, (first, _) in enumerate(bad):
        while end < len(bad) and bad[end][0] - first <= _TOGETHER:
            end += 1
        yield bad[begin:end]


def _key(workload: Workload) -> Key:
    return workload.mark.service, workload.mark.replica


def _longest(workload: Workload) -> tuple[float, str, int, str]:
    since = workload.unhealthy.timestamp() if workload.unhealthy else 0.0
    return (since, workload.mark.service, workload.mark.replica, workload.id)

"""The replicas of one wanted service, folded: the worst one speaks, and what is under way is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.health.replica import STATES, Standing, Verdict, stand
from reconciler.health.serving import looping
from reconciler.models.health import Health
from reconciler.models.status import State
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Drift, PendingClass, Phase, Workload

_NOTES = 3
_CLASSES = list(PendingClass)
_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Fold:
    """One service: what is wanted, all of its workloads, and how each wanted replica stands, by number."""

    wanted: Wanted
    loads: Sequence[Workload]
    replicas: tuple[Standing, ...]

    @classmethod
    def of(cls, wanted: Wanted, loads: Sequence[Workload], now: datetime) -> Fold:
        """Each replica with its own workloads."""
        groups: defaultdict[int, list[Workload]] = defaultdict(list)
        for workload in loads:
            groups[workload.mark.replica].append(workload)
        return cls(wanted, loads, tuple(stand(wanted, groups.get(number, ()), now) for number in range(wanted.units)))

    def verdict(self, error: str, hold: str) -> Verdict:
        """State, health and reason. `error`: why the last action failed; `hold`: why the plan does nothing."""
        suspended = self.wanted.suspended
        alive = any(workload.phase is not Phase.ENDED for workload in self.loads)
        if suspended and alive:
            return Verdict(State.STOPPING, Health.PROGRESSING, suspended)
        if suspended:
            return Verdict(State.SUSPENDED, Health.SUSPENDED, suspended)
        if not self.wanted.units:
            state = (State.STOPPING, Health.PROGRESSING) if alive else (State.RUNNING, Health.HEALTHY)
            return Verdict(*state, "no replica is wanted")
        worst = max(self.replicas, key=lambda standing: standing.verdict.health.rank).verdict
        if not alive and (error or self.wanted.blocked):
            return Verdict(State.HELD, Health.FAILED, error or self.wanted.blocked)
        if not alive and hold:
            return Verdict(State.HELD, Health.PENDING, hold)
        return Verdict(worst.state, worst.health, "; ".join(filter(None, [*self._reasons(worst), error or hold])))

    def _reasons(self, worst: Verdict) -> Iterator[str]:
        many = len(self.replicas) > 1
        number = next(number for number, one in enumerate(self.replicas) if one.verdict is worst)
        yield f"replica {number}: {worst.why}" if many and worst.why else worst.why
        yield self._rollout()
        notes = [
            f"replica {number}: {note}" if many else note
            for number, standing in enumerate(self.replicas)
            for note in standing.notes
        ]
        yield from notes[:_NOTES]
        yield f"and {len(notes) - _NOTES} more of this kind" if len(notes) > _NOTES else ""

    def _rollout(self) -> str:
        """How far a change has come; "" when no replica runs with other content than what is wanted."""
        serving = [standing.serving for standing in self.replicas if standing.serving]
        if self.wanted.in_place or all(self._is_new(workload) for workload in serving):
            return ""
        new = sum(standing.is_ready and self._is_new(standing.serving) for standing in self.replicas)
        units = len(self.replicas)
        return f"{new} of {units} replicas have the new content" if units > 1 else "still with its old content"

    def _is_new(self, workload: Workload | None) -> bool:
        if workload is None:
            return False
        mark, wanted = workload.mark, self.wanted
        return mark.digest == wanted.digest and wanted.restart in ("", mark.restart)

    @property
    def ready(self) -> int:
        """How many replicas are healthy."""
        return sum(standing.is_ready for standing in self.replicas)

    @property
    def newest(self) -> Workload | None:
        """The newest workload of those that run, otherwise of all."""
        running = [workload for workload in self.loads if workload.phase is Phase.RUNNING]
        return max(running or self.loads, key=lambda workload: workload.mark.generation, default=None)

    @property
    def endpoints(self) -> tuple[tuple[str, str], ...]:
        """Those of the workload that serves, for each replica."""
        serving = (standing.serving for standing in self.replicas)
        return tuple(endpoint for workload in serving if workload for endpoint in workload.endpoints)

    @property
    def drift(self) -> tuple[Drift, ...]:
        """What was changed by hand, unless nobody wants to know."""
        if self.wanted.drift == "ignore":
            return ()
        return tuple(one for workload in self.loads if workload.phase in STATES for one in workload.drift)

    @property
    def deadline(self) -> datetime | None:
        """The earliest time limit of a healthy replica."""
        healthy = (standing.serving for standing in self.replicas if standing.is_ready)
        return min((one.deadline for one in healthy if one and one.deadline), default=None)

    @property
    def furthest_behind(self) -> Workload | None:
        """Of the replicas of which nothing runs, the waiting one of the worst class, and of these the latest."""
        waits = [standing.waits for standing in self.replicas if standing.waits]
        return max(waits, key=_behind, default=None)

    @property
    def attempt(self) -> int:
        """Failed starts in a row of what is not healthy, also of a successor beside what is."""
        behind = (one for one in self.loads if one.phase in STATES and one.health is not Health.HEALTHY)
        return max((workload.mark.attempt for workload in behind), default=0)

    @property
    def loops(self) -> int:
        """How often in a row it failed soon after its start, where that is a crash loop; otherwise 0."""
        if self.wanted.suspended or all(one.health is Health.HEALTHY for one in self.loads):
            return 0
        return looping(self.loads, self.attempt)


def _behind(workload: Workload) -> tuple[int, datetime]:
    rank = _CLASSES.index(workload.pending) if workload.pending else -1
    return (rank, workload.expected or _LATEST)

"""Six hours of a factory as its daemon would see them, minute by minute, on a real board.

What befalls services is a table of spans; everything else follows from it. The first quarter of an hour is quiet.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reconciler.board import Board
from reconciler.errors import Complaint
from reconciler.models.action import Plan
from reconciler.models.health import Health
from reconciler.models.recipe import MetricsEndpoint
from reconciler.models.revision import Revision
from reconciler.models.status import Fight, ServiceStatus, Serving, SourceStatus, State, TargetStatus, View
from reconciler.models.wanted import ResolvedService, Wanted
from reconciler.models.workload import Cause, Drift, Instance, Mark, Observed, PendingClass, Phase, Workload
from tests.samples import recipe, resolved

BEGIN = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
MINUTES = 360
COMMITS = (0, 60, 125, 250)
UNREADABLE = range(300, 312)
UNSEEN = range(200, 214)
HELD = range(280, 296)
FROZEN = range(250, 300)
WALLTIME = 4 * 60

TARGETS = {"cloud": "kubernetes", "meluxina": "slurm"}
R, P = State.RUNNING, State.PENDING


@dataclass(frozen=True)
class Thing:
    """One service. In the spans (from, to, state, health) of `fates` it is as said, otherwise Running and Healthy."""

    name: str
    target: str
    recipe: str
    replicas: int = 1
    gpus: int = 0
    fates: tuple[tuple[int, int, State, Health], ...] = ()
    waits: PendingClass = PendingClass.WAITING

    def at(self, minute: int) -> tuple[State, Health]:
        return next(
            ((state, health) for begin, end, state, health in self.fates if begin <= minute < end), (R, Health.HEALTHY)
        )

    def since(self, minute: int) -> int:
        """The minute at which its present state began."""
        while minute > -30 and self.at(minute - 1)[0] is self.at(minute)[0]:
            minute -= 1
        return minute


BAD = (HELD.start, HELD.stop, R, Health.DEGRADED)
FACTORY = (
    Thing("bucket", "cloud", "seaweedfs"),
    Thing(
        "embed",
        "meluxina",
        "triton",
        gpus=1,
        fates=((100, 104, R, Health.DEGRADED), (104, 108, R, Health.PROGRESSING), BAD),
    ),
    Thing("llama-8b", "meluxina", "vllm", 2, 8, fates=((60, 66, R, Health.PROGRESSING), BAD)),
    Thing(
        "mixtral",
        "meluxina",
        "vllm",
        1,
        8,
        fates=((60, 152, P, Health.PENDING), (152, 163, R, Health.PROGRESSING), BAD),
    ),
    Thing(
        "nightly",
        "meluxina",
        "vllm",
        1,
        4,
        fates=((-60, 180, State.SUSPENDED, Health.SUSPENDED), (180, 360, P, Health.PENDING)),
        waits=PendingClass.RESERVED,
    ),
    Thing("papers", "meluxina", "faiss", 2, fates=((150, 153, R, Health.DEGRADED), (153, 155, R, Health.PROGRESSING))),
    Thing("postgres-main", "cloud", "postgresql"),
    Thing("search", "cloud", "faiss", 3, fates=((242, 245, R, Health.PROGRESSING),)),
    Thing("too-big", "meluxina", "vllm", 1, 16, fates=((60, 360, P, Health.FAILED),), waits=PendingClass.BLOCKED),
    Thing("vectors", "cloud", "chroma", fates=((140, 143, R, Health.DEGRADED),)),
    Thing(
        "whisper", "meluxina", "triton", gpus=1, fates=((185, 262, R, Health.FAILED), (262, 266, R, Health.PROGRESSING))
    ),
)
#: Minute, service, and what is counted then.
RESTARTS = (
    (104, "embed", "unhealthy"),
    (153, "papers", "node"),
    (188, "whisper", "failed"),
    (194, "whisper", "failed"),
    (206, "whisper", "failed"),
    (230, "whisper", "failed"),
    (242, "search", "changed"),
    (60, "llama-8b", "requested"),
)
ENDS = (
    (104, "embed", Cause.UNHEALTHY),
    (150, "papers", Cause.NODE),
    (187, "whisper", Cause.EXIT),
    (230, "whisper", Cause.EXIT),
)
RENEWALS = ((210, "llama-8b"), (212, "llama-8b"), (225, "papers"), (228, "papers"), (215, "embed"))
REVISIONS = {
    minute: Revision(f"{minute + 1:02x}" * 20, "Ada", f"Minute {minute}", BEGIN + timedelta(minutes=minute - 1))
    for minute in COMMITS
}


def _wanted(one: Thing) -> tuple[ResolvedService, Wanted]:
    ready = resolved(one.name, target=one.target, of=recipe(one.recipe))
    return ready, Wanted(one.name, one.replicas, "abc", "", stateful=False)


class Factory:
    """The board of the story; `pages` goes through it."""

    def __init__(self, things: tuple[Thing, ...] = FACTORY, *, quiet: bool = False) -> None:
        self.board = Board()
        self.things = things
        self.quiet = quiet
        self.now = BEGIN
        self.wanted = {target: tuple(_wanted(one) for one in things if one.target == target) for target in TARGETS}

    def minutes(self, count: int = MINUTES) -> Iterator[int]:
        """Post what is true at each minute, and give the minute."""
        for minute in range(count):
            self.now = BEGIN + timedelta(minutes=minute)
            self._source(minute)
            for target, kind in TARGETS.items():
                self._target(target, kind, minute)
            self._visits(minute)
            yield minute

    def _source(self, minute: int) -> None:
        revision = self._revision(minute)
        bad = not self.quiet
        error = "cannot be reached" if bad and minute in UNREADABLE else ""
        complaints = (Complaint("desired/vectors.yaml", 4, 3, "spec", "wrong"),) if bad and minute in FROZEN else ()
        self.board.count_fetch(0.08 + 0.05 * math.sin(minute) ** 2)
        self.board.post_source(
            SourceStatus(revision, error, complaints, {}, self.now, 0.1, verified=True if bad else None)
        )

    def _revision(self, minute: int) -> Revision:
        """The commit in force."""
        return REVISIONS[max(one for one in COMMITS if one <= (0 if self.quiet else minute))]

    def _target(self, target: str, kind: str, minute: int) -> None:
        seen = self.quiet or target != "meluxina" or minute not in UNSEEN
        looked = self.now - timedelta(seconds=4) if seen else BEGIN + timedelta(minutes=UNSEEN.start - 1)
        mine = [one for one in self.things if one.target == target]
        lines = tuple(self._line(one, minute, seen=seen) for one in mine)
        workloads = tuple(load for one in mine for load in self._workloads(one, minute))
        status = TargetStatus(
            target,
            kind,
            reachable=seen,
            why="" if seen else "squeue does not answer",
            looked=looked,
            revision=self._revision(minute).short,
            jobs={phase: sum(one.phase is phase for one in workloads) for phase in Phase if phase is not Phase.ENDED},
            gpus=(
                sum(one.gpus for one in workloads if one.phase is Phase.RUNNING),
                sum(one.gpus for one in workloads if one.phase is Phase.PENDING),
            ),
            restarts_held="4 of 5 became unhealthy at once" if self._held(target, minute) else "",
        )
        self.board.post_view(
            View(target, self.wanted[target], Observed(target, self.now, seen, workloads=workloads), Plan(target))
        )
        self.board.post_target(status, lines, at=self.now)
        self._count(target, minute)

    def _visits(self, minute: int) -> None:
        """What the pages were asked for; on an eventful day somebody starts services, and somebody has a bad token."""
        for _ in range(20):
            self.board.count_request("/metrics", "GET", 200, 0.012)
            self.board.count_request("/services/{name}", "GET", 200, 0.002 + 0.002 * abs(math.sin(minute)))
        if self.quiet:
            return
        if minute % 40 == 7:
            self.board.count_request("/services", "POST", 202, 0.2)
            self.board.count_proposal("start", "committed", 0.15)
        if minute % 90 == 31:
            self.board.count_request("/services", "POST", 409, 0.05)
            self.board.count_proposal("start", "conflict", 0.04)
        if 220 <= minute < 226:
            self.board.count_request("/services", "GET", 401, 0.001)
            self.board.count_denial("bad-token")

    def _held(self, target: str, minute: int) -> bool:
        return not self.quiet and target == "meluxina" and minute in HELD

    def _count(self, target: str, minute: int) -> None:
        wave = abs(math.sin(minute / 9 + len(target)))
        for _ in range(2 if target == "cloud" else 4):
            self.board.count_turn(target, 0.02 + 0.2 * wave**6)
        if self.quiet:
            return
        self.board.count_probe("cloud", 0.004 + 0.03 * wave)
        names = {one.name for one in self.things if one.target == target}
        for _, name, reason in (one for one in RESTARTS if one[0] == minute and one[1] in names):
            self.board.count_restart(target, name, reason)
            self.board.count_action(target, "restart", "ok", 0.3 + wave)
        for _, name, cause in (one for one in ENDS if one[0] == minute and one[1] in names):
            self.board.count_end(target, name, cause.value)
        for _, name in (one for one in RENEWALS if one[0] == minute and one[1] in names):
            self.board.count_renewal(target, name)
            self.board.count_action(target, "renew", "ok", 0.2 + wave)
        if target == "meluxina" and minute in UNSEEN and minute % 5 == 0:
            self.board.count_action(target, "deploy", "failed", 5.0)
        if target == "cloud" and 90 <= minute < 130 and minute % 8 == 0:
            self.board.count_drift(target, "search", "found")
            self.board.count_drift(target, "search", "repaired")
            self.board.count_action(target, "repair", "ok", 0.1)
        if minute in COMMITS[1:]:
            self.board.count_action(target, "deploy", "ok", 0.4 + wave)

    def _line(self, one: Thing, minute: int, *, seen: bool) -> ServiceStatus:
        state, health = one.at(minute) if not self.quiet else (R, Health.HEALTHY)
        ready = one.replicas if health is Health.HEALTHY else one.replicas - 1 if state is R else 0
        frozen = "its file is bad" if not self.quiet and one.name == "vectors" and minute in FROZEN else ""
        fights = one.name == "search" and not self.quiet and 90 <= minute < 130
        drift = (Drift("Deployment ai/search", "/spec/replicas", "kubectl"),) if fights else ()
        failing = one.name == "whisper" and health is Health.FAILED
        since = BEGIN + timedelta(minutes=one.since(minute)) if not self.quiet else BEGIN
        slurm = one.target == "meluxina" and not self.quiet
        return ServiceStatus(
            one.name,
            one.target,
            one.recipe,
            state if seen else State.UNKNOWN,
            health if seen else Health.UNKNOWN,
            since,
            "" if health is Health.HEALTHY else "so it is",
            f"{1:02x}" * 6,
            frozen,
            one.replicas,
            ready,
            pending=one.waits if state is P else None,
            expected=self.now + timedelta(minutes=152 - minute) if state is P and minute < 152 else None,
            deadline=self._deadline(one, minute) if slurm and ready and state is R else None,
            attempt=min(6, (minute - 185) // 8) if failing else 0,
            ended=next((cause for at, name, cause in reversed(ENDS) if name == one.name and at <= minute), None),
            generation=minute // WALLTIME,
            drift=drift,
            fights=tuple(Fight(item, 4, self.now + timedelta(minutes=5)) for item in drift),
            labels={"team": "nlp"},
            scrape=MetricsEndpoint(port="http"),
            serving=tuple(self._serving(one, number, ready) for number in range(one.replicas)) if state is R else (),
            looping=failing and minute > 200,
            unhealthy=self._began(one, minute) if health in (Health.DEGRADED, Health.FAILED) and state is R else None,
        )

    def _began(self, one: Thing, minute: int) -> datetime:
        """When the fate of this minute began."""
        return BEGIN + timedelta(minutes=max(begin for begin, end, *_ in one.fates if begin <= minute < end))

    def _deadline(self, one: Thing, minute: int) -> datetime:
        gone = (minute + 20 + 7 * len(one.name)) % (WALLTIME - 20)
        return self.now + timedelta(minutes=WALLTIME - gone)

    def _serving(self, one: Thing, number: int, ready: int) -> Serving:
        instance = Instance(f"{one.name}-{number}", "node1", number < ready, (("http", f"node1:{8000 + number}"),))
        return Serving(number, f"{one.name}-{number}", instance, up=number < ready)

    def _workloads(self, one: Thing, minute: int) -> Iterator[Workload]:
        state, health = one.at(minute) if not self.quiet else (R, Health.HEALTHY)
        if state not in (R, P):
            return
        # A job is another one when it starts without having waited; until then it is the one that waited.
        begun = [fate for fate in one.fates if fate[0] <= minute]
        runs = sum(
            state is P or (health is Health.PROGRESSING and one.name != "mixtral") for _, _, state, health in begun
        )
        starts = [begin for begin, _, state, health in begun if state is P or health is Health.PROGRESSING]
        since = BEGIN + timedelta(minutes=max(starts, default=-30))
        for number in range(one.replicas):
            yield Workload(
                one.target,
                f"{one.name}-{number}-{runs}",
                Mark("factory", one.name, number, "abc", revision="abc"),
                Phase.RUNNING if state is R else Phase.PENDING,
                health,
                since=since,
                submitted=BEGIN + timedelta(minutes=60) if since > BEGIN else since,
                gpus=one.gpus // one.replicas,
                pending=one.waits if state is P else None,
            )

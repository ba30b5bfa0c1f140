"""The rules that must never break, checked at each write of the daemon and after each of its turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from reconciler.models.service import ServiceSpec
from reconciler.models.wanted import ResolvedService
from reconciler.models.workload import Mark
from reconciler.slurm import mark as marks
from reconciler.slurm.mark import Stage
from reconciler.turn import Report
from reconciler.turn.prepare import restart_hash
from tests.sim.cluster import Cluster
from tests.sim.daemon import SimDaemon
from tests.sim.faults import FaultyDoor
from tests.sim.job import RUNNING, Job
from tests.sim.processes import Supervisor
from tests.sim.repository import Spec

#: Stages of a job that is on its way to its end.
ENDING = (Stage.STOPPING, Stage.EXPIRING, Stage.LATE)


class BrokenRuleError(BaseException):
    """A rule was broken. Not an Exception, so that the daemon under test does not take it for a failed action."""

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(f"{rule}: {what}")
        self.rule = rule


@dataclass
class Truth:
    """What is so, whatever the daemon thinks: the cluster, and the last good version of each service in Git.

    `bad` names services whose file is bad now, `unreleased` those that were removed together without leave.
    """

    cluster: Cluster
    wanted: dict[str, Spec]
    bad: set[str] = field(default_factory=set)
    unreleased: set[str] = field(default_factory=set)

    def want(self, name: str, spec: Spec) -> None:
        """A good version of a service is committed."""
        self.wanted[name] = spec
        self.bad.discard(name)
        self.unreleased.discard(name)

    def remove(self, names: Sequence[str], *, leave: bool) -> None:
        """Services are removed by one commit. One alone may always go, unless nothing is left."""
        for name in names:
            del self.wanted[name]
        self.bad -= set(names)
        if leave:
            self.unreleased.clear()
        elif len(names) > 1:
            self.unreleased |= set(names)

    def jobs(self) -> Iterable[Job]:
        """Our jobs that are pending or run."""
        return (job for job in self.cluster.live.values() if job.ours and not job.completing)


def stage(job: Job) -> Stage | None:
    """What a running job says of itself in its present run."""
    stamp = marks.read(job.comment) if job.state == RUNNING and not job.completing else None
    report = stamp.report if stamp else None
    return report.stage if report and report.start in (None, job.start) else None


def is_healthy(job: Job) -> bool:
    """Whether a look shows it as healthy."""
    return stage(job) is Stage.OK


def is_well(job: Job) -> bool:
    """Whether it is healthy in truth, also when its comment was damaged."""
    running = job.state == RUNNING and not job.completing
    return running and isinstance(job.process, Supervisor) and job.process.stage == Stage.OK.value


def mark_of(job: Job) -> Mark:
    """The mark that one of our jobs was submitted with."""
    if job.mark is None:
        raise BrokenRuleError("2", f"job {job.id} was submitted without a mark")
    return job.mark


@dataclass
class Rules:
    """Implements Guard. `daemon` is the one whose turn it is."""

    truth: Truth
    daemon: SimDaemon | None = None

    def submits(self, options: Sequence[str]) -> None:
        """Nothing is refused here: what was submitted is looked at after the turn."""

    def nudges(self, job: Job) -> None:
        """Jobs of others get no signal."""
        self._check_ours(job)

    def changes(self, job: Job, words: Sequence[str]) -> None:
        """What people did by hand stays, and jobs of others are not touched."""
        self._check_ours(job)
        if words[0] != "update":
            raise BrokenRuleError("by hand", f"scontrol {' '.join(words)}")

    def ends(self, job: Job) -> None:
        """Only what is ours and is replaced, superseded or not wanted may be ended."""
        self._check_ours(job)
        again, job.asked = job.asked, True
        if not again:
            self._check_allowed(job, mark_of(job))

    def _check_allowed(self, job: Job, mark: Mark) -> None:
        desired = self.daemon.desired if self.daemon else None
        if desired is None:
            raise BrokenRuleError("1", f"job {job.id} is ended, and nothing of Git is known")
        service = desired.services.get(mark.service)
        if service is not None:
            self._check_end(job, mark, service)
        elif mark.service in self.truth.unreleased or mark.service in desired.held:
            raise BrokenRuleError("4", f"{mark.service} is removed without leave")

    def _check_ours(self, job: Job) -> None:
        if not job.ours:
            raise BrokenRuleError("2", f"job {job.id} ({job.name}) is not ours")

    def _check_end(self, job: Job, mark: Mark, service: ResolvedService) -> None:
        """A healthy job is ended only for a healthy successor, or when so many replicas may be missing."""
        spec = service.service.spec
        if not is_healthy(job) or spec.suspend or mark.replica >= spec.replicas:
            return
        healthy = [other for other in self._of(mark.service) if other is not job and is_well(other)]
        if any(mark_of(other).replica == mark.replica and self._is_current(other, service) for other in healthy):
            return
        if self._is_current(job, service):
            raise BrokenRuleError("wrong cancel", f"job {job.id} ({job.name}) is wanted, healthy and without successor")
        there = {mark_of(other).replica for other in healthy}
        missing = sum(number not in there for number in range(spec.replicas))
        if missing > _may_miss(service, spec):
            raise BrokenRuleError("roll-out", f"{missing} of {spec.replicas} replicas are missing without {job.name}")

    def _of(self, name: str) -> list[Job]:
        return [job for job in self.truth.jobs() if mark_of(job).service == name]

    def _is_current(self, job: Job, service: ResolvedService) -> bool:
        if self.daemon is None:
            return False
        mark, (digest, place) = mark_of(job), self.daemon.digest(service)
        restart = restart_hash(service.service.spec.restart)
        stamp = marks.read(job.comment)
        lies = stamp.mark.place if stamp else mark.place
        return mark.digest == digest and restart in ("", mark.restart) and lies == place

    def check_turn(self, door: FaultyDoor, report: Report | None) -> None:
        """After a turn that came to its end."""
        if report is None:
            return
        if door.broken and report.seen.complete:
            raise BrokenRuleError("1", "a look that was damaged or not answered is taken for complete")
        if not report.seen.complete and door.writes:
            raise BrokenRuleError("1", f"{door.writes} writes after an incomplete look")
        for outcome in report.outcomes:
            if outcome.error.startswith("internal error"):
                raise BrokenRuleError("fault of ours", outcome.error)
        if report.seen.complete and not report.failed:
            self.check_duplicates()

    def check_duplicates(self) -> None:
        """No need is met twice once a look was complete and everything that it called for was done."""
        desired = self.daemon.desired if self.daemon else None
        needs: Counter[tuple[str, int, str, str, int]] = Counter()
        for job in self.truth.jobs():
            mark = mark_of(job)
            if desired is None or mark.service not in desired.services:
                continue
            if not job.asked and stage(job) not in ENDING and marks.read(job.comment):
                needs[mark.service, mark.replica, mark.digest, mark.restart, mark.generation] += 1
        for need, count in needs.items():
            if count > 1:
                raise BrokenRuleError("duplicate", f"{count} jobs for {need}")

    def check_stands_by(self, door: FaultyDoor) -> None:
        """After a turn of a daemon that does not hold the lock."""
        if door.writes:
            raise BrokenRuleError("7", f"{door.writes} writes of a daemon without the lock")

    def check_data(self) -> None:
        """After each step: Slurm never runs two jobs of one stateful replica (their servers share a lock besides)."""
        running: Counter[str] = Counter()
        for job in self.truth.cluster.live.values():
            if job.ours and job.request.singleton and job.state == RUNNING and not job.completing:
                running[job.name] += 1
        for name, count in running.items():
            if count > 1:
                raise BrokenRuleError("8", f"{count} jobs of {name} run at once")


def _may_miss(service: ResolvedService, spec: ServiceSpec) -> int:
    if service.recipe.spec.stateful or not spec.rollout.max_surge:
        return max(1, spec.rollout.max_unavailable)
    return spec.rollout.max_unavailable

"""The simulated slurmctld with its nodes, in virtual time: a plain implementation over a dict of jobs.

Nothing happens but in `advance` and by command, and nothing by chance: whoever drives it brings the chance. Times are
whole seconds since the epoch. Where the words of Slurm's source are followed, it is that of 22.05.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.sim.job import PENDING, RUNNING, Job, Process
from tests.sim.schedule import obstacle, place
from tests.sim.site import Node, Site

# What a job without a time limit gets when it starts, in minutes.
_YEAR = 365 * 24 * 60


@dataclass(frozen=True, slots=True)
class Ghost:
    """A process on `node` whose job slurmctld has given up; it is killed at `kill_at` (None: not yet found)."""

    process: Process
    node: str
    kill_at: int | None


class Cluster:
    """`spawn` makes the process of a job that starts. `jobs` are all that squeue knows, `live` those not ended.

    `up`: slurmctld answers. `archive` is what accounting keeps of jobs that ended. `postponed` are requests that are
    still on their way, each with the moment of its arrival.
    """

    def __init__(self, now: int, spawn: Callable[[Job], Process], site: Site | None = None) -> None:
        self.now = now
        self.site = site or Site()
        self.nodes = {name: Node(name) for name in ("n1", "n2", "n3", "n4")}
        self.jobs: dict[int, Job] = {}
        self.live: dict[int, Job] = {}
        self.ghosts: list[Ghost] = []
        self.archive: deque[Job] = deque(maxlen=100)
        self.up = True
        self.last_id = 0
        self.postponed: list[tuple[int, Callable[[], None]]] = []
        self._spawn = spawn
        self._ended: deque[Job] = deque()
        self._data: dict[str, Process] = {}

    def advance(self, seconds: int) -> None:
        """Let time pass, with everything that happens meanwhile, in order.

        slurmctld looks at once at what was changed just before: within a second.
        """
        until = self.now + seconds
        moment = min(self.now + 1, until)
        while self.now < until:
            self.now = moment
            self.settle()
            moment = min((due for due in self._dues() if self.now < due < until), default=until)

    def settle(self) -> None:
        """Everything that is due now: first on the nodes, then in slurmctld."""
        for ghost in self.ghosts:
            self._drive(ghost.process, ghost.kill_at)
        self.ghosts = [ghost for ghost in self.ghosts if ghost.process.code is None]
        for job in list(self.live.values()):
            if job.process is not None:
                self._drive(job.process, job.kill_at)
        if self.up:
            self._control()

    def _dues(self) -> Iterator[int]:
        for ghost in self.ghosts:
            yield from (due for due in (ghost.process.due, ghost.kill_at) if due is not None)
        yield from (moment for moment, _ in self.postponed)
        for node in self.nodes.values():
            if node.lost is not None and not node.down:
                yield node.lost + self.site.slurmd_timeout
        for job in self.live.values():
            yield from self._dues_of(job)

    @staticmethod
    def _dues_of(job: Job) -> Iterator[int]:
        if job.process is not None:
            if job.process.due is not None:
                yield job.process.due
            if job.kill_at is not None:
                yield job.kill_at
        if job.state == PENDING:
            yield job.begin
        elif job.deadline is not None and not job.completing:
            yield job.deadline
            if job.warning is not None:
                yield job.warning

    def _drive(self, process: Process, kill_at: int | None) -> None:
        while process.code is None and process.due is not None and process.due <= self.now:
            process.act(self.now)
        if process.code is None and kill_at is not None and kill_at <= self.now:
            process.signal("KILL", self.now)

    def _control(self) -> None:
        """What slurmctld does by itself."""
        arrived = [request for moment, request in self.postponed if moment <= self.now]
        self.postponed = [one for one in self.postponed if one[0] > self.now]
        for request in arrived:
            request()
        for node in self.nodes.values():
            if node.lost is not None and not node.down and self.now >= node.lost + self.site.slurmd_timeout:
                self._give_up(node)
        for job in list(self.live.values()):
            self._watch(job)
        self._schedule()
        self.forget_ended(self.site.min_job_age)

    def _watch(self, job: Job) -> None:
        if job.process is not None and job.process.code is not None:
            self._gone(job, job.process.code)
        elif job.state == RUNNING and job.deadline is not None:
            if self.now >= job.deadline:
                self.terminate(job, "TIMEOUT", "TimeLimit")
            elif job.warning is not None and self.now >= job.warning and job.process is not None:
                job.warned = True
                job.process.signal("USR1", self.now)

    def _schedule(self) -> None:
        """In the order of ids; the first one that has no place keeps later ones of its partition waiting."""
        full: set[str] = set()
        for job in self.live.values():
            if job.state != PENDING or job.completing:
                continue
            job.reason = obstacle(job, self.live, self.site, self.now) or ("Priority" if job.partition in full else "")
            if job.reason:
                continue
            where = place(job, self.live.values(), self.nodes, self.site)
            if where:
                self._start(job, where)
            else:
                full.add(job.partition)
                job.reason = "Resources"

    def _start(self, job: Job, where: tuple[str, ...]) -> None:
        job.state, job.reason, job.where = RUNNING, "None", where
        job.start, job.end, job.kill_at, job.warned = self.now, None, None, False
        job.limit = job.limit or _YEAR
        job.early = (job.id * 37 + self.now) % 61
        job.process = self._spawn(job)
        if any(self.nodes[name].dead for name in where):
            job.process.signal("KILL", self.now)
        self._drive(job.process, None)

    def terminate(self, job: Job, state: str, reason: str = "None", *, requeue: bool = False) -> None:
        """End it as `state`, or let it wait anew: TERM to its processes, KILL when KillWait is over."""
        job.requeued = requeue
        job.state, job.reason = (PENDING if requeue else state), reason
        job.end = self.now
        if job.process is None:
            self._gone(job, 0)
            return
        job.completing, job.kill_at = True, self.now + self.site.kill_wait
        job.process.signal("TERM", self.now)
        self._drive(job.process, job.kill_at)
        if job.process.code is not None:
            self._gone(job, job.process.code)

    def _gone(self, job: Job, code: int) -> None:
        """Its processes are gone: it has ended, or waits again."""
        job.process, job.where, job.kill_at, job.completing = None, (), None, False
        if job.requeued:
            # Not before the credential of its last run has expired (slurm.conf(5), "cred_expire").
            job.begin, job.reason, job.end, job.requeued = (
                self.now + self.site.cred_expire + 1,
                "BeginTime",
                None,
                False,
            )
            job.restarts += 1
            return
        if job.state == RUNNING:
            job.state, job.reason = ("COMPLETED", "None") if code == 0 else ("FAILED", "NonZeroExitCode")
            job.code, job.end = code, self.now
        del self.live[job.id]
        self._ended.append(job)
        self.archive.append(job)

    def _wait_anew(self, job: Job) -> None:
        """Not before the credential of its last run has expired (slurm.conf(5), "cred_expire")."""
        job.begin, job.reason = self.now + self.site.cred_expire + 1, "BeginTime"
        job.end, job.requeued = None, False
        job.restarts += 1

    def revive(self, job: Job) -> None:
        """A job that has ended waits anew."""
        self._ended.remove(job)
        self.live = dict(sorted({**self.live, job.id: job}.items()))
        job.state = PENDING
        self._wait_anew(job)

    def _give_up(self, node: Node) -> None:
        """A node was silent for too long: its jobs fail or are requeued, whatever still runs there."""
        node.down = True
        for job in [one for one in self.live.values() if node.name in one.where]:
            self.abandon(job, None)
            job.process = None
            if job.completing:
                self._gone(job, 0)
            else:
                self.terminate(job, "NODE_FAIL", requeue=job.request.requeue)

    def abandon(self, job: Job, kill_at: int | None) -> None:
        """What runs of it goes on by itself for a while."""
        if job.process is not None and job.process.code is None:
            self.ghosts.append(Ghost(job.process, job.where[0], kill_at))

    def forget_ended(self, age: int = -1) -> None:
        """squeue shows a job no longer once it has ended for longer than `age` seconds."""
        while self._ended and self.now - (self._ended[0].end or 0) > age:
            del self.jobs[self._ended.popleft().id]

    def forget_all(self) -> None:
        """The state of slurmctld is lost, and with it what was on its way."""
        self.postponed = []
        self.jobs, self.live, self.last_id, self.up = {}, {}, 0, True
        self._ended.clear()

    def comment_by(self, job: Job, node: str, text: str) -> bool:
        """Something on a node writes the comment of the job that it belongs to; whether it could."""
        waits = job.state == PENDING and not job.completing  # of a run that slurmctld has given up
        running = self.live.get(job.id) is job and (waits or (job.state == RUNNING and not job.completing))
        if self.up and running and not self.nodes[node].cut:
            job.comment = text
            return True
        return False

    def lock(self, name: str, process: Process) -> bool:
        """Take the data of a stateful replica, which its holder gives back with its end; whether it could."""
        holder = self._data.get(name)
        if holder is None or holder.code is not None:
            self._data[name] = holder = process
        return holder is process

    def reaches(self, job: Job) -> bool:
        """Whether all nodes of a running job answer."""
        return not any(self.nodes[name].lost is not None for name in job.where)

"""What jobs run: a model of the supervisor `job.sh` around a server of some character, and a plain sleep."""

from __future__ import annotations

import re
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from tests.sim.cluster import Cluster
from tests.sim.job import PENDING, Job, Process

_NUMBER = re.compile(r"^(stop_grace|probe_startup|drain|job_limit)=(\d+)$", re.MULTILINE)
_JOB_MARK = re.compile(r"^job_mark='([^']*)'$", re.MULTILINE)
_MARK = re.compile(r"rec1(?: [osrgadkvql]=\S*)*")
# How often a supervisor looks at its comment by itself.
_ASK = 3600


@dataclass(frozen=True, slots=True)
class Character:
    """How a server behaves; times are in seconds from its start (None: never).

    `deaf`: it ignores the signal to end, so that its supervisor kills it. `hung`: its supervisor ignores signals too.
    `mute`: the supervisor cannot write the job's comment.
    """

    healthy: int | None = 2
    crash: int | None = None
    code: int = 1
    bad: int | None = None
    recovers: int = 20
    stops_in: int = 1
    deaf: bool = False
    hung: bool = False
    mute: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """What a job on its nodes has of the cluster: squeue and scontrol for itself, and a lock on its data."""

    cluster: Cluster
    job: Job
    node: str

    def look_up(self) -> tuple[int, int | None, str] | None:
        """The start of its present run, its time limit in minutes, and its comment; None when slurmctld is silent."""
        job, known = self.job, self.cluster.up and self.cluster.live.get(self.job.id) is self.job
        if not known or self.cluster.nodes[self.node].cut:
            return None
        return job.begin if job.state == PENDING else job.start or 0, job.limit, job.comment

    def write(self, text: str) -> bool:
        """Put a text into its comment; whether that was done."""
        return self.cluster.comment_by(self.job, self.node, text)

    def lock(self, process: Process) -> bool:
        """Take the data of a stateful service; whether it is free or there is none."""
        return not self.job.request.singleton or self.cluster.lock(self.job.name, process)


class Supervisor:
    """Runs one server of some character, tells its stages in the job's comment, and ends it as asked."""

    def __init__(self, link: Link, character: Character, now: int) -> None:
        job = link.job
        numbers = {key: int(value) for key, value in _NUMBER.findall(job.request.script)}
        self.character = character
        self.code: int | None = None
        self.stage = ""
        self.serves = False
        self._link = link
        self._since = self._begun = now
        self._grace, self._startup = numbers["stop_grace"], numbers["probe_startup"]
        self._drain, self._limit = numbers["drain"], numbers["job_limit"]
        self._own = self._mark = _script_mark(job.request.script)
        self._where = f"n={job.where[0]} p=http:{20000 + job.id % 1000}"
        self._start: int | None = None
        self._superseded = False
        self._unwritten = ""
        self._events: list[tuple[int, str]] = [(now, "begin"), (now + _ASK, "ask")]

    @property
    def due(self) -> int | None:
        return self._events[0][0] if self._events else None

    def act(self, now: int) -> None:
        _, event = heappop(self._events)
        match event:
            case "begin":
                self._begin(now)
            case "start":
                self._start_server(now)
            case "ok" | "bad":
                self._report(event, now)
            case "retry":
                self.flush(now)
            case "ask":
                self._plan(now, "ask", _ASK)
                self.signal("USR1", now)
            case "crash":
                self._finish(now, self.character.code)
            case "late":
                self._end("late", now)
            case "expire":
                self._look_up()
                self._expire(now)
            case _:  # gone
                self._finish(now, 137 if self.character.deaf else 1 if self.stage == "late" else 0)

    def signal(self, name: str, now: int) -> None:
        """TERM asks it to end; USR1 tells that its limit or its comment was changed, or that the limit is near."""
        if name == "KILL":
            self.code, self.serves, self._events = 137, False, []
        elif self.character.hung or self.stage in ("stopping", "expiring", "late"):
            return
        elif name == "TERM":
            self._end("stopping", now)
        elif self._look_up() and not self._superseded:
            self._report(self.stage or "starting", now)
            self._expire(now)

    def flush(self, now: int) -> None:
        """Write what could not be written before."""
        if self._unwritten:
            self._tell(self._unwritten, now)

    def _begin(self, now: int) -> None:
        self._look_up()
        self._report("starting", now)
        self._plan(now, "expire", 0)
        self._plan(now, "start", 0)

    def _look_up(self) -> bool:
        """When this run began, the limit, and the mark, whose end may have been changed while the job waited."""
        told = self._link.look_up()
        if told is None:
            return False
        start, limit, comment = told
        self._start = start if self._start is None else self._start
        self._superseded = start != self._start
        self._limit = (limit or 0) * 60
        shown, fixed = _MARK.match(comment), self._own.partition(" v=")[0] + " v="
        if shown and comment.startswith(fixed):
            self._mark = shown[0]
        return True

    def _start_server(self, now: int) -> None:
        """Without the data of its service it waits, as long as a start may take."""
        if not self._link.lock(self):
            late = now - self._begun >= self._startup
            self._plan(now, "late" if late else "start", 0 if late else 1)
            return
        self.serves = True
        healthy, character = self.character.healthy, self.character
        if healthy is None or healthy > self._startup:
            self._plan(now, "late", self._startup)
        else:
            self._plan(now, "ok", healthy)
            if character.bad is not None:
                self._plan(now, "bad", healthy + character.bad)
                self._plan(now, "ok", healthy + character.bad + character.recovers)
        if character.crash is not None:
            self._plan(now, "crash", character.crash)

    def _plan(self, now: int, event: str, after: int) -> None:
        heappush(self._events, (now + after, event))

    def _expire(self, now: int) -> None:
        """End in time before the limit, or come again then."""
        self._events = [one for one in self._events if one[1] != "expire"]
        heapify(self._events)
        if not self._limit or self.character.hung:
            return
        left = self._begun + max(self._limit - self._grace - self._drain - 8, self._limit // 2) - now
        if left > 0:
            self._plan(now, "expire", left)
        else:
            self._end("expiring", now)

    def _end(self, stage: str, now: int) -> None:
        """A deaf server is killed when its grace is over; a healthy one goes on for a while for its clients."""
        takes = 0
        if self.serves:
            takes = self._grace if self.character.deaf else min(self.character.stops_in, self._grace)
            takes += self._drain if self.stage == "ok" else 0
        self._events = []
        self._plan(now, "gone", takes)
        self._report(stage, now)

    def _finish(self, now: int, code: int) -> None:
        self._events = []
        self._report(self.stage or "starting", now, f" x={code}")
        self.code, self.serves, self._events = code, False, []

    def _report(self, stage: str, now: int, code: str = "") -> None:
        if stage != self.stage:
            self.stage, self._since = stage, now
        start = f" t={self._start}" if self._start is not None else ""
        self._tell(f"{self._mark} {self._where}{start} h={self.stage} u={self._since}{code}", now)

    def _tell(self, text: str, now: int) -> None:
        """What cannot be written is tried again every 30 seconds; a run that another one has followed is silent."""
        self._look_up()
        if self._superseded or (not self.character.mute and self._link.write(text)):
            self._unwritten = ""
            return
        self._unwritten = text
        if all(event != "retry" for _, event in self._events):
            self._plan(now, "retry", 30)


class Sleeper:
    """`sleep`, then an exit code. SIGTERM and USR1 end it at once."""

    def __init__(self, now: int, seconds: int | None, code: int = 0) -> None:
        self.due = None if seconds is None else now + seconds
        self.code: int | None = None
        self._exit = code

    def act(self, now: int) -> None:
        del now
        self.code, self.due = self._exit, None

    def signal(self, name: str, now: int) -> None:
        del now
        self.code, self.due = {"TERM": 143, "USR1": 138}.get(name, 137), None


def _script_mark(script: str) -> str:
    match = _JOB_MARK.search(script)
    return match[1] if match else ""

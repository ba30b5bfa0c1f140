"""What jobs run: a model of the supervisor `job.sh` around a server of some character, and a plain sleep."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush

from tests.sim.job import Job, Process

_NUMBER = re.compile(r"^(stop_grace|probe_startup|drain|expires_after)=(\d+)$", re.MULTILINE)
_MARK = re.compile(r"rec1(?: [osrgadkvql]=\S*)*")
# The words of a mark that the daemon never changes on a job.
_OWN = re.compile(r"rec1(?: [osrgadk]=\S*)*")


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


class Supervisor:
    """Runs one server, tells its stages in the job's comment, and ends it as asked.

    `write` puts a text into the comment and says whether it did; `lock` takes the data of a stateful service, and says
    whether it did: two servers never have the same data at once.
    """

    def __init__(
        self, job: Job, character: Character, now: int, write: Callable[[str], bool], lock: Callable[[Process], bool]
    ) -> None:
        numbers = {key: int(value) for key, value in _NUMBER.findall(job.request.script)}
        self.character = character
        self.code: int | None = None
        self.stage = ""
        self.serves = False
        self._since = now
        self._grace = numbers.get("stop_grace", 5)
        self._startup = numbers.get("probe_startup", 30)
        self._drain = numbers.get("drain", 0)
        self._write, self._lock = write, lock
        self._unwritten = ""
        self._exit = 0
        self._begun = now
        self._mark = _mark(job)
        self._where = f"n={job.where[0]} p=http:{20000 + job.id % 1000} t={job.start}"
        self._events: list[tuple[int, str]] = [(now, "begin")]
        if "expires_after" in numbers:
            self._events.append((now + numbers["expires_after"], "expire"))

    @property
    def due(self) -> int | None:
        return self._events[0][0] if self._events else None

    def act(self, now: int) -> None:
        _, event = heappop(self._events)
        match event:
            case "begin":
                self._begin(now)
            case "ok" | "bad":
                self._report(event, now)
            case "crash":
                self._finish(now, self.character.code)
            case "late":
                self._end("late", now, self._stop_time())
            case "expire":
                self._end("expiring", now, self._drain + self._stop_time())
            case "gone":
                self._finish(now, self._exit)

    def signal(self, name: str, now: int) -> None:
        if name == "KILL":
            self.code, self.serves, self._events = 137, False, []
        elif not self.character.hung and self.stage not in ("stopping", "expiring", "late"):
            self._end("stopping" if name == "TERM" else "expiring", now, self._drain + self._stop_time())

    def flush(self) -> None:
        """Write what could not be written before."""
        if self._unwritten and (self.character.mute or self._write(self._unwritten)):
            self._unwritten = ""

    def mend(self) -> None:
        """It can write its comment again."""
        if self.character.mute:
            self.character = Character(healthy=self.character.healthy)
            self._tell("")

    def _begin(self, now: int) -> None:
        """Take the data, then start the server; without the data it waits as long as a start may take."""
        if not self.stage:
            self._report("starting", now)
        if not self._lock(self):
            late = now - self._begun >= self._startup
            heappush(self._events, (now if late else now + 1, "late" if late else "begin"))
            return
        self.serves = True
        character = self.character
        in_time = character.healthy is not None and character.healthy <= self._startup
        self._plan(now, "ok" if in_time else "late", character.healthy if in_time else self._startup)
        self._plan(now, "crash", character.crash)
        if in_time and character.bad is not None:
            self._plan(now, "bad", character.bad + (character.healthy or 0))
            self._plan(now, "ok", character.bad + (character.healthy or 0) + character.recovers)

    def _plan(self, now: int, event: str, after: int | None) -> None:
        if after is not None:
            heappush(self._events, (now + after, event))

    def _stop_time(self) -> int:
        """How long the server takes; a deaf one is killed when its grace is over."""
        if not self.serves:
            return 0
        return self._grace if self.character.deaf else min(self.character.stops_in, self._grace)

    def _end(self, stage: str, now: int, takes: int) -> None:
        killed = self.serves and self.character.deaf
        self._exit = 137 if killed else 1 if stage == "late" else 0
        self._events = [(now + takes, "gone")]
        self._report(stage, now)

    def _finish(self, now: int, code: int) -> None:
        self._report(self.stage or "starting", now, f" x={code}")
        self.code, self.serves, self._events = code, False, []

    def _report(self, stage: str, now: int, code: str = "") -> None:
        if stage != self.stage:
            self.stage, self._since = stage, now
        self._tell(code)

    def _tell(self, code: str) -> None:
        text = f"{self._mark} {self._where} h={self.stage} u={self._since}{code}"
        self._unwritten = "" if not self.character.mute and self._write(text) else text


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


def _mark(job: Job) -> str:
    """The mark in the comment when it is the script's own but for what may be changed on a job; else the script's."""
    own = re.search(r"^job_mark='([^']*)'$", job.request.script, re.MULTILINE)
    script = own[1] if own else ""
    shown, fixed = _MARK.match(job.comment), _OWN.match(script)
    if shown and fixed and job.comment.startswith(fixed[0] + " "):
        return shown[0]
    return script

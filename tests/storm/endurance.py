"""Two services with a time limit of one minute: through limits, node failures and kills of the daemon."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from lab.factory import is_healthy
from tests.e2e.world import until
from tests.faults import power
from tests.faults.site import Site
from tests.storm.client import Client
from tests.storm.recipes import RECIPES, ledger, overlaps, web
from tests.storm.recorder import Recorder

STATELESS, STATEFUL = "chat", "notes"
BOTH = (STATELESS, STATEFUL)
_LIMITED = {"slurm": {"time": "1m"}}
_STEP = 0.2
_PATIENCE = 240.0
#: Seconds until a client surely asks where the service is now.
_FOLLOW = 1.0
#: Seconds for which the daemon is away after a kill, one after the other.
_AWAY = (0.0, 3.0, 10.0, 0.0, 5.0)


@dataclass(frozen=True)
class Course:
    """What is to be lived through: limits of each service, failures of the node of the stateful one, kills."""

    limits: int
    nodes: int
    kills: int


@dataclass(frozen=True)
class Seen:
    """What one service came to, as its client saw it. `outside`: requests that failed while no node was failing."""

    service: str
    limits: int
    jobs: int
    asked: int
    failed: int
    outside: int
    longest_gap: float


@dataclass(frozen=True)
class Result:
    """What it all came to. `went_back`: how often the counter of the stateful service was not larger than before."""

    seconds: float
    course: Course
    seen: tuple[Seen, ...]
    went_back: int
    overlaps: list[str]
    duplicates: list[str]


class Endurance:
    """One run. `tell` gets each thing that happens, in words."""

    def __init__(self, site: Site, course: Course, tell: Callable[[str], None]) -> None:
        self._site = site
        self._course = course
        self._tell = tell
        self._recorder = Recorder(site.slurm, tell)
        self._record = self._recorder.record
        self._failing: list[tuple[float, float]] = []
        self._kills = 0

    def run(self) -> Result:
        """From the first commit to the last limit."""
        began = time.monotonic()
        clients: list[Client] = []
        try:
            self._tell("both services are committed")
            self._site.commit(RECIPES | web(STATELESS, **_LIMITED) | ledger(STATEFUL, **_LIMITED), "two services")
            self._site.start()
            clients += [Client(self._site, name, self._tell, numbers=name == STATEFUL) for name in BOTH]
            self._site.wait_healthy(BOTH)
            self._live()
        finally:
            for client in clients:
                client.close()
            self._recorder.close()
        seen = tuple(self._seen(client) for client in clients)
        found = overlaps(self._site.slurm), sorted(self._record.duplicates)
        return Result(time.monotonic() - began, self._course, seen, clients[1].went_back, *found)

    def _live(self) -> None:
        """Wait for one limit after the other, and do something to the site after many of them."""
        limits = self._course.limits
        for number in range(limits):
            if number * self._course.kills % limits < self._course.kills:
                self._kill_daemon()
            if (number + 2) * self._course.nodes % limits < self._course.nodes:
                self._fail_node()
            self._wait_for(STATEFUL, number + 1)
        self._wait_for(STATELESS, limits)
        self._site.wait_healthy(BOTH)

    def _wait_for(self, service: str, limits: int) -> None:
        until(
            f"time limit {limits} of {service}", lambda: self._record.handed_over(f"{service}.0") >= limits, _PATIENCE
        )

    def _kill_daemon(self) -> None:
        away = _AWAY[self._kills % len(_AWAY)]
        self._kills += 1
        self._tell(f"kill -9 of the daemon ({self._kills}); the next one starts {away:g} s later")
        self._site.kill()
        time.sleep(away)
        self._site.start()

    def _fail_node(self) -> None:
        job = self._site.only(f"{STATEFUL}.0")
        node = self._site.slurm.command("squeue", "--noheader", f"--jobs={job}", "--format=%N").strip()
        began = time.time()
        self._tell(f"{node}, which has job {job}, loses its power")
        power.cut(self._site.slurm, node)
        until("slurmctld notices", lambda: self._record.present[job].state != "RUNNING", 60)
        self._site.wait("the daemon notices", lambda shape: not is_healthy(shape, STATEFUL))
        self._site.wait_healthy(BOTH, 90)
        time.sleep(_FOLLOW)
        self._tell(f"both services are back after {time.time() - began:.0f} s; {node} gets its power again")
        self._failing.append((began, time.time()))
        self._site.slurm.start_node(node)

    def _seen(self, client: Client) -> Seen:
        outside = [at for at in client.failed if not any(begin <= at <= end for begin, end in self._failing)]
        jobs = [life for life in self._record.lives if life.name == f"{client.service}.0"]
        return Seen(
            service=client.service,
            limits=self._record.handed_over(f"{client.service}.0"),
            jobs=len(jobs),
            asked=len(client.answers),
            failed=len(client.failed),
            outside=len(outside),
            longest_gap=max((seconds for _, seconds in client.gaps), default=0.0),
        )

"""Everything that can happen, each as one method: to the repository, to the daemon, to the cluster, and by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random

from reconciler.desired.load import Loader
from reconciler.slurm.look.clock import Clock
from reconciler.turn import Report
from tests.sim import control, damage
from tests.sim.cluster import Cluster
from tests.sim.daemon import SETTINGS, SimDaemon
from tests.sim.errors import SlurmError
from tests.sim.faults import DeathError, Fault, FaultyDoor
from tests.sim.job import PENDING, RUNNING, Job, Process, Request
from tests.sim.processes import Character, Link, Sleeper, Supervisor
from tests.sim.repository import BROKEN, RECIPES, SimSource, Spec
from tests.sim.rules import Rules, Truth
from tests.sim.site import Loss
from tests.sim.slurm import SimSlurm

EPOCH = 1_767_225_600
NAMES = ("web-a", "web-b", "web-c", "db-a", "db-b")
#: What people and the site do to jobs.
TOUCHES = ("cancel", "hold", "release", "requeue", "launch failure", "preempt", "comment", "start")
#: What is left of a mark after somebody wrote over it.
EDITED = "edited by hand"
_LEAVE = "a commit\n\nReconciler-Allow-Removals: all"
_STARTED = {"web-a": Spec(replicas=2), "web-b": Spec(time="10m"), "db-a": Spec("db", time="10m")}


@dataclass
class Scenario:
    """One repository, one daemon at a time, one cluster. `draw` gives the character of a server that starts.

    `ahead` is by how many seconds the wall clock of the daemon's machine is ahead of Slurm's.
    """

    draw: Callable[[], Character] = Character
    counts: Counter[str] = field(default_factory=Counter)
    ahead: int = 0

    def __post_init__(self) -> None:
        self.cluster = Cluster(EPOCH, self._spawn)
        self.slurm = SimSlurm(self.cluster)
        self.source = SimSource()
        self.truth = Truth(self.cluster, dict(_STARTED))
        self.rules = Rules(self.truth)
        self._loader = Loader(SETTINGS, {})
        self._version = 0
        files = {_path(name): spec.text(name) for name, spec in _STARTED.items()}
        self.source.commit({**RECIPES, **files})
        self.daemon = self._born()

    # --- the daemon

    def turn(self, faults: Mapping[int, Fault] | None = None, delay: int = 3) -> Report | None:
        """One turn of the daemon, with faults at some of its calls; None when it died in it or could not read Git."""
        self.counts["turns"] += 1
        self.daemon.door.begin(faults or {}, delay)
        self.rules.daemon = self.daemon
        try:
            report = self.daemon.turn()
        except DeathError:
            self.kill()
            return None
        self.rules.check_turn(self.daemon.door, report)
        return report

    def kill(self) -> None:
        """The daemon is killed, and another one is started."""
        self.counts["deaths"] += 1
        self.daemon.door.dead = True
        self.daemon.close()
        self.daemon = self._born()

    def turn_of_another(self) -> None:
        """A second daemon, which does not hold the lock, takes a turn."""
        other = self._born("another daemon holds the lock")
        other.door.begin({})
        self.rules.daemon = other
        other.turn()
        other.close()
        self.rules.check_stands_by(other.door)

    def _born(self, stands_by: str = "") -> SimDaemon:
        door = FaultyDoor(self.slurm, self.rules, self.counts)
        return SimDaemon(door, self.source, self._loader, Clock(self._now, self._monotonic), lambda: stands_by)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.cluster.now + self.ahead, UTC)

    def _monotonic(self) -> float:
        return float(self.cluster.now - EPOCH)

    # --- the repository

    def want(self, name: str, spec: Spec) -> None:
        """Commit a good file for a service."""
        self.truth.want(name, spec)
        self.source.commit({_path(name): spec.text(name)})

    def change(self, name: str, *, broken: bool = False) -> None:
        """New content for a service, which may be such that it never becomes healthy."""
        self._version += 1
        version = f"{BROKEN if broken else 'v'}{self._version}"
        self.want(name, replace(self.truth.wanted.get(name) or new_spec(name), version=version))

    def alter(self, name: str, **fields: object) -> None:
        """Change something of a service that is wanted."""
        if name in self.truth.wanted:
            self.want(name, replace(self.truth.wanted[name], **fields))  # type: ignore[arg-type]  # checked by replace

    def spoil(self, name: str) -> None:
        """Commit a bad file for a service."""
        if name in self.truth.wanted:
            self.truth.bad.add(name)
            text = self.truth.wanted[name].text(name).replace('"replicas"', '"replcas"')
            self.source.commit({_path(name): text})

    def remove(self, *names: str, leave: bool = False) -> None:
        """Commit a removal of services, with leave for it or without."""
        gone = [name for name in names if name in self.truth.wanted]
        if gone:
            self.truth.remove(gone, leave=leave)
            self.source.commit(dict.fromkeys(map(_path, gone)), _LEAVE if leave else "a commit")

    def give_leave(self) -> None:
        """A commit that changes nothing but allows all removals."""
        self.truth.unreleased.clear()
        self.source.commit({}, _LEAVE)

    # --- time and the cluster

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.cluster.advance(seconds)

    def stop_controller(self) -> None:
        self.cluster.up = False

    def start_controller(self) -> None:
        self.cluster.up = True
        self.cluster.settle()

    def lose_state(self) -> None:
        damage.lose_state(self.cluster)

    def lose_node(self, name: str, how: Loss) -> None:
        damage.lose_node(self.cluster, name, how)

    def return_node(self, name: str) -> None:
        damage.return_node(self.cluster, name)

    def drain(self, name: str, *, drained: bool) -> None:
        self.cluster.nodes[name].drained = drained

    def set_partition(self, name: str, *, up: bool) -> None:
        self.cluster.site.partitions[name] = up

    def age_out(self) -> None:
        """squeue forgets every job that has ended."""
        self.cluster.forget_ended()

    # --- by hand, and by the site

    def add_foreign(self, name: str, comment: str) -> None:
        """A job of somebody else under the same account."""
        control.submit(self.cluster, Request(name=name, comment=comment))

    def touch(self, index: int, what: str) -> None:
        """Something is done to one of our jobs from outside."""
        mine = [job for job in self.cluster.live.values() if job.ours]
        if mine and self.cluster.up:
            job = mine[index % len(mine)]
            try:
                self._touch(job, what)
            except SlurmError:
                self.counts["refused by hand"] += 1

    def _touch(self, job: Job, what: str) -> None:
        match what:
            case "cancel":
                control.cancel(self.cluster, job)
            case "hold":
                control.hold(job)
            case "release":
                control.release(job)
            case "requeue":
                control.requeue(self.cluster, job)
            case "launch failure":
                control.requeue(self.cluster, job, held="launch_failed_requeued_held")
            case "preempt" if job.state == RUNNING and not job.completing:
                control.preempt(self.cluster, job)
            case "comment":
                control.set_comment(job, EDITED)
            case "start" if job.state == PENDING:
                control.set_begin(job, self.cluster.now)

    def _spawn(self, job: Job) -> Process:
        if not job.ours:
            return Sleeper(self.cluster.now, None)
        character = self.draw()
        if BROKEN in job.request.script:
            character = replace(character, healthy=None)
        return Supervisor(Link(self.cluster, job, job.where[0]), character, self.cluster.now)


def new_spec(name: str) -> Spec:
    """What a service of this name is when it is added."""
    return Spec("db" if name.startswith("db") else "web", depends_on=("db-a",) if name == "web-c" else ())


def draw_from(chance: Random) -> Callable[[], Character]:
    """Mostly good servers; each other kind now and then."""

    def draw() -> Character:
        good = Character(healthy=chance.randint(0, 8), stops_in=chance.randint(0, 4))
        match chance.randrange(20):
            case 0:
                return replace(good, healthy=None)
            case 1 | 2:
                return replace(good, crash=chance.choice((0, 1, 5, 40, 400)), code=chance.choice((0, 1, 78, 137)))
            case 3:
                return replace(good, bad=chance.randint(1, 60), recovers=chance.choice((30, 3000)))
            case 4:
                return replace(good, deaf=True)
            case 5:
                return replace(good, hung=True)
            case 6:
                return replace(good, mute=True)
            case _:
                return good

    return draw


def _path(name: str) -> str:
    return f"desired/{name}.yaml"

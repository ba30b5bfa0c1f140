"""The simulated Slurm and the real one are given the same random commands, and have to show the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from lab.lab import Lab
from lab.slurm import SlurmFacts
from lab.wait import until
from reconciler.settings import LocalTransport
from reconciler.slurm import SlurmCommands
from tests.sim.cluster import Cluster
from tests.sim.honesty import Player, Step, rounds
from tests.sim.job import Job
from tests.sim.processes import Sleeper
from tests.sim.site import Site
from tests.sim.slurm import SimSlurm

pytestmark = pytest.mark.slurm
_ROUNDS, _SIZE = 5, 8
#: Seconds within which both have to agree, and of virtual time for what goes on by itself (a requeued job starts).
_SECONDS, _SETTLES = 20.0, 8
_EXITS = {"exit 0": 0, "exit 3": 3}


class SimSite:
    """The administrator of the simulated one."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def set(self, what: str, name: str, *, good: bool) -> None:
        if what == "node":
            self._cluster.nodes[name].drained = not good
        else:
            self._cluster.site.partitions[name] = good


class RealSite:
    """The administrator of the real one."""

    def __init__(self, facts: SlurmFacts) -> None:
        self._facts = facts

    def set(self, what: str, name: str, *, good: bool) -> None:
        if what == "node":
            state = ("State=RESUME",) if good else ("State=DRAIN", "Reason=test")
            if good != self._is_good(name):
                self._facts.command("scontrol", "update", f"NodeName={name}", *state)
        else:
            self._facts.command("scontrol", "update", f"PartitionName={name}", f"State={'UP' if good else 'DOWN'}")

    def _is_good(self, node: str) -> bool:
        return "drain" not in self._facts.command("sinfo", "--noheader", "--Node", f"--nodes={node}", "--format=%T")

    def mend(self) -> None:
        for node in self._facts.nodes:
            self.set("node", node, good=True)
        self.set("partition", "gpu", good=True)


def simulated() -> tuple[Player, Cluster]:
    def spawn(job: Job) -> Sleeper:
        code = next((code for words, code in _EXITS.items() if words in job.request.script), None)
        return Sleeper(cluster.now, None if code is None else 0, code or 0)

    cluster = Cluster(int(time.time()), spawn, Site(cred_expire=5))
    return Player(SimSlurm(cluster), SimSite(cluster)), cluster


@pytest.fixture
def real(lab_slurm: Lab) -> Iterator[Player]:
    facts = lab_slurm.slurm
    site = RealSite(facts)
    with ExitStack() as stack:
        stack.callback(site.mend)
        player = Player(SlurmCommands(LocalTransport(conf=facts.conf, bin=facts.bin), 30.0), site)
        stack.callback(lambda: _end_all(facts, player))
        yield player


def _end_all(facts: SlurmFacts, player: Player) -> None:
    ids = ",".join(filter(None, player.ids))
    facts.command("scancel", "--quiet", *ids.split(","))
    left = ("squeue", "--noheader", f"--jobs={ids}", "--states=PENDING,RUNNING,COMPLETING")
    until(lambda: not facts.command(*left).strip(), _SECONDS, "all jobs have ended")


@pytest.mark.parametrize("seed", [40, 41, 42])
def test_the_same_commands_show_the_same_on_both(real: Player, seed: int) -> None:
    sim, cluster = simulated()
    for steps in rounds(seed, _ROUNDS, _SIZE):
        told = [(step, sim.row(step), _play(sim, cluster, step), real.play(step)) for step in steps]
        differ = [f"{step} on {row}: simulated {one}, real {other}" for step, row, one, other in told if one != other]
        assert not differ, "\n".join(differ)
        cluster.advance(_SETTLES)
        _agree(sim, real, steps)


def _play(sim: Player, cluster: Cluster, step: Step) -> str:
    done = sim.play(step)
    cluster.settle()
    return done


def _agree(sim: Player, real: Player, steps: tuple[Step, ...]) -> None:
    deadline = time.monotonic() + _SECONDS
    while sim.look() != real.look():
        if time.monotonic() > deadline:
            pairs = zip(sim.look(), real.look(), strict=True)
            different = [f"simulated {one}\nreal      {other}" for one, other in pairs if one != other]
            pytest.fail("\n".join([*map(str, steps), *different]))
        time.sleep(0.1)

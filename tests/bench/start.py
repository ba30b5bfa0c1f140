"""From a commit to healthy, beside the same server with the same command started by hand, in the same run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from statistics import median

from lab.lab import Lab
from tests.bench.report import Table, goal, seconds
from tests.bench.start_kubernetes import PodStarts
from tests.bench.start_services import SPECS
from tests.bench.start_slurm import JobStarts
from tests.recipes.kubernetes.stand import KubernetesStand
from tests.recipes.slurm.stand import SlurmStand

_ROUNDS = 3
_LAB = 1800.0
_GOAL = 2.0

#: Name to seconds, of one start.
Times = dict[str, float]
Way = Callable[[str, str], Times]


def measure() -> tuple[Table, Table]:
    """All servers on Slurm, then all in pods."""
    return _slurm(), _kubernetes()


def _slurm() -> Table:
    with Lab.start(slurm=True, kubernetes="none") as lab:
        lab.wait("slurm", _LAB)
        with closing(SlurmStand(lab)) as stand:
            starts = JobStarts(stand)
            starts.begin()
            found = _rounds((starts.directly, starts.by_sbatch, starts.by_commit))
    rows = [_slurm_row(recipe, one) for recipe, one in found.items()]
    columns = ("Slurm", "directly", "sbatch", "Reconciler", "over directly", "to the queue", "its job", "the next look")
    notes = (
        f"Medians of {_ROUNDS}, each on new data, in turn. directly: commands, environment and questions of the",
        "rendered script without its supervisor, asked every 20 ms; sbatch: the same as a job. Reconciler:",
        "`git commit` to Healthy in /status. to the queue: its job is in squeue; its job: until its comment says that",
        "it is well, over sbatch; the next look: from there. Settings: minInterval 1s, tick 30s.",
    )
    return Table("From the commit to healthy, on Slurm", (*columns, "over sbatch", "goal over sbatch 2 s"), rows, notes)


def _slurm_row(recipe: str, one: Mapping[str, float]) -> tuple[str, ...]:
    hand, batch, ours = one["directly"], one["sbatch"], one["healthy"]
    steps = (one["queued"], one["said"] - one["queued"] - batch, ours - one["said"])
    over = ours - batch
    cells = [seconds(value) for value in (hand, batch, ours, ours - hand, *steps, over)]
    return (recipe, *cells, goal(over, _GOAL, at_least=False))


def _kubernetes() -> Table:
    with Lab.start(slurm=False, kubernetes="node") as lab:
        lab.wait("kubernetes", _LAB)
        with closing(KubernetesStand(lab)) as stand, PodStarts(stand) as starts:
            starts.begin()
            found = _rounds((starts.by_kubectl, starts.by_commit))
    rows = [_kubernetes_row(recipe, one) for recipe, one in found.items()]
    columns = ("Kubernetes", "kubectl apply", "Reconciler", "over that", "to the pod", "the next look")
    notes = (
        f"Medians of {_ROUNDS}, each on new data, in turn. kubectl apply: the rendered objects, until the API says",
        "that the pod is Ready. Reconciler: `git commit` to Healthy in /status. to the pod: it is there; the next",
        "look: from Ready to Healthy. Both wait for the same kubelet, which asks a pod that starts every two seconds.",
    )
    return Table("From the commit to healthy, on Kubernetes", (*columns, "goal 2 s"), rows, notes)


def _kubernetes_row(recipe: str, one: Mapping[str, float]) -> tuple[str, ...]:
    hand, ours = one["kubectl"], one["healthy"]
    cells = [seconds(value) for value in (hand, ours, ours - hand, one["made"], ours - one["ready"])]
    return (recipe, *cells, goal(ours - hand, _GOAL, at_least=False))


def _rounds(ways: Sequence[Way]) -> dict[str, Times]:
    """The median of each time of each recipe; which way is first alternates."""
    found: dict[str, Times] = {}
    for recipe in SPECS:
        runs: dict[str, list[float]] = {}
        for number in range(_ROUNDS):
            for step in range(len(ways)):
                way = ways[(number + step) % len(ways)]
                for name, value in way(recipe, f"{recipe}-{number}-{way.__name__.rpartition('_')[2]}").items():
                    runs.setdefault(name, []).append(value)
        found[recipe] = {name: median(values) for name, values in runs.items()}
    return found

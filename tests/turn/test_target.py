"""What the line of a target counts."""

from __future__ import annotations

from dataclasses import replace

from reconciler.models.service import Resources
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Phase
from reconciler.turn.target import gpus_of, jobs_of
from tests.fakes import look, workload
from tests.samples import resolved

SEEN = look(
    workload("a"),
    workload("a", replica=1, phase=Phase.PENDING),
    workload("b", phase=Phase.STOPPING),
    workload("b", phase=Phase.ENDED),
    workload("gone"),
)


def test_jobs_are_counted_by_phase_with_zeros_and_without_the_ended() -> None:
    assert jobs_of(SEEN) == {Phase.PENDING: 1, Phase.RUNNING: 2, Phase.STOPPING: 1}
    assert jobs_of(look()) == {Phase.PENDING: 0, Phase.RUNNING: 0, Phase.STOPPING: 0}


def test_gpus_are_those_of_all_machines_of_what_runs_and_of_what_waits() -> None:
    four = replace(resolved("a", nodes=2, replicas=3), resources=Resources(gpus=4))
    one = replace(resolved("b"), resources=Resources(gpus=1))
    job = [(four, Wanted("a", 3, "d1")), (one, Wanted("b", 1, "d1"))]
    assert gpus_of(job, SEEN) == (8 + 1, 8)
    group = [(four, Wanted("a", 1, "d1", in_place=True))]
    assert gpus_of(group, look(workload("a"))) == (24, 0)
    assert gpus_of([], SEEN) == (0, 0)
    assert gpus_of(job, look(replace(workload("a"), gpus=5))) == (5, 0)

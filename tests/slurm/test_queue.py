from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from reconciler.models.health import Health
from reconciler.models.workload import Phase, Workload
from reconciler.slurm.deployer import start_in
from reconciler.slurm.job.queue import changes, leaves
from reconciler.slurm.job.sbatch import place
from reconciler.slurm.mark import write
from tests.slurm.services import mark, resolved

OLD = mark("web", place=place("main", "a"), limit=3600)
NOTE = "n=n1 p=http:20001 h=ok u=5"


def job(phase: Phase, **fields: object) -> Workload:
    """A job with the mark OLD."""
    return dataclasses.replace(Workload("slurm", "7", OLD, phase, Health.HEALTHY), **fields)


@pytest.mark.parametrize(
    ("slurm", "words"),
    [
        ({"partition": "gpu", "qos": "b"}, ["Partition=gpu", "QOS=b"]),
        ({"partition": "gpu"}, ["Partition=gpu", "QOS="]),
        ({"partition": "main", "qos": "b"}, ["QOS=b"]),
        ({"partition": "gpu", "qos": "a"}, ["Partition=gpu"]),
    ],
)
def test_a_waiting_job_moves_to_where_the_service_waits(slurm: dict[str, str], words: list[str]) -> None:
    new = dataclasses.replace(OLD, place=place(slurm.get("partition"), slurm.get("qos")))
    made = changes(resolved("web", slurm=slurm), job(Phase.PENDING), new, None)
    assert list(made) == [*words, f"Comment={write(new)}"]


@pytest.mark.parametrize(
    ("words", "start"),
    [
        ("sbatch: Job 6 to start at 1795515946 using 1 processors on nodes n1", 1795515946),
        ("sbatch: Job 6 to start at 2026-11-24T10:25:46 using 1 processors on nodes n1", 1795515946),
        ("sbatch: Job 6 to start at 2026-11-24T10:25:46 a using 1 processors on nodes n1", 1795515946),
        ("sbatch: Job 6 to start at Tomorr 10:25 using 1 processors", None),
        ("allocation failure: Requested node configuration is not available", None),
    ],
)
def test_slurm_says_when_a_job_would_start(words: str, start: int | None) -> None:
    found = start_in(words)
    assert (found and found.timestamp()) == start


def test_a_running_job_stays_where_it_is_and_keeps_its_report() -> None:
    new = dataclasses.replace(OLD, place=place("gpu", None), limit=90)
    service = resolved("web", slurm={"partition": "gpu"})
    made = changes(service, job(Phase.RUNNING, note=NOTE), new, timedelta(seconds=90))
    assert list(made) == ["TimeLimit=2", f"Comment={write(new)} {NOTE}"]


@pytest.mark.parametrize(("marked", "words"), [(True, []), (False, [f"Comment={write(OLD)} {NOTE}"])])
def test_a_mark_is_written_only_where_it_is_missing(marked: bool, words: list[str]) -> None:
    made = changes(resolved("web"), job(Phase.RUNNING, note=NOTE, marked=marked), OLD, None)
    assert list(made) == words


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        (place("a", None), "", True),
        (place("a", "q"), place(None, "q"), True),
        (place("a", "q"), place("a", None), False),
        (place("a", None), place("b", "q"), False),
        ("", place("b", None), False),
        ("", "", False),
    ],
)
def test_only_who_loses_its_partition_leaves(before: str, after: str, left: bool) -> None:
    waiting, new = (
        job(Phase.PENDING, mark=dataclasses.replace(OLD, place=before)),
        dataclasses.replace(OLD, place=after),
    )
    assert leaves(waiting, new) is left
    assert not leaves(dataclasses.replace(waiting, phase=Phase.RUNNING), new)

"""How the simulated Slurm behaves, where it matters to services; the same was seen on the real one."""

from __future__ import annotations

import pytest

from reconciler.errors import LookError, RefusedError, UnreachableError
from tests.sim.cluster import Cluster
from tests.sim.damage import lose_node, lose_state, return_node
from tests.sim.job import Job
from tests.sim.processes import Sleeper
from tests.sim.site import Loss
from tests.sim.slurm import SimSlurm


class Place:
    """A cluster on which jobs sleep, and its commands."""

    def __init__(self) -> None:
        self.cluster = Cluster(1_000_000, lambda _job: Sleeper(self.cluster.now, None))
        self.slurm = SimSlurm(self.cluster)

    def submit(self, *options: str) -> Job:
        job = self.cluster.jobs[int(self.slurm.sbatch(["--job-name=a.0", *options], ""))]
        self.cluster.settle()
        return job

    def states(self, *jobs: Job) -> list[str]:
        return [job.shown for job in jobs]


@pytest.fixture
def place() -> Place:
    return Place()


def test_a_delay_is_kept(place: Place) -> None:
    job = place.submit("--begin=now+30")
    assert (job.shown, job.reason) == ("PENDING", "BeginTime")
    place.cluster.advance(29)
    assert job.shown == "PENDING"
    place.cluster.advance(1)
    assert job.shown == "RUNNING"


def test_afterany_waits_for_the_last_process_and_singleton_only_for_the_end(place: Place) -> None:
    first = place.submit()
    second, third = place.submit(f"--dependency=afterany:{first.id}"), place.submit("--dependency=singleton")
    assert [second.reason, third.reason] == ["Dependency", "Dependency"]
    first.process = Stubborn()
    place.slurm.scancel([str(first.id)])
    place.cluster.settle()
    assert place.states(first, second) == ["COMPLETING", "PENDING"]
    place.cluster.advance(place.cluster.site.kill_wait)
    assert place.states(first, second, third) == ["CANCELLED", "RUNNING", "PENDING"]


def test_a_later_job_of_the_same_name_does_not_block_a_singleton(place: Place) -> None:
    held = place.submit("--hold", "--dependency=singleton")
    assert place.submit().shown == "RUNNING"
    place.slurm.scontrol(["release", str(held.id)])
    place.cluster.settle()
    assert held.shown == "RUNNING"


def test_a_requeued_job_is_the_same_one_later(place: Place) -> None:
    job = place.submit("--requeue", "--comment=report")
    place.slurm.scontrol(["requeue", str(job.id)])
    place.cluster.settle()
    assert (job.shown, job.reason, job.comment, job.restarts) == ("PENDING", "BeginTime", "report", 1)
    place.cluster.advance(place.cluster.site.cred_expire + 1)
    assert job.shown == "RUNNING"


def test_a_time_limit_ends_a_job_and_an_owner_may_only_lower_it(place: Place) -> None:
    job = place.submit("--time=90:30", "--signal=B:USR1@10")
    assert job.limit == 91
    place.slurm.scontrol(["update", f"JobId={job.id}", "TimeLimit=2"])
    with pytest.raises(RefusedError, match="Access/permission denied"):
        place.slurm.scontrol(["update", f"JobId={job.id}", "TimeLimit=3"])
    job.process = Stubborn()
    place.cluster.advance(120)
    assert job.shown == "COMPLETING"
    place.cluster.advance(place.cluster.site.kill_wait)
    assert (job.shown, job.reason) == ("TIMEOUT", "TimeLimit")


@pytest.mark.parametrize("requeue", ["--requeue", "--no-requeue"])
def test_a_lost_node_fails_its_jobs_or_requeues_them(place: Place, requeue: str) -> None:
    job = place.submit(requeue)
    process = job.process
    lose_node(place.cluster, job.where[0], Loss.NETWORK)
    place.cluster.advance(place.cluster.site.slurmd_timeout)
    assert job.shown == {"--requeue": "PENDING", "--no-requeue": "NODE_FAIL"}[requeue]
    assert process is not None
    assert process.code is None, "what runs there goes on"
    return_node(place.cluster, "n1")
    place.cluster.advance(1)
    assert process.code is not None


def test_lost_state_forgets_all_jobs_and_counts_anew(place: Place) -> None:
    job = place.submit()
    process = job.process
    lose_state(place.cluster)
    assert place.slurm.squeue(["--format=%i"]) == "JOBID\n"
    assert place.submit().id == job.id
    place.cluster.advance(2)
    assert process is not None
    assert process.code is not None


def test_ended_jobs_are_forgotten_by_squeue_and_kept_by_sacct(place: Place) -> None:
    place.slurm.accounting = True
    job = place.submit()
    place.slurm.scancel([str(job.id)])
    place.cluster.advance(place.cluster.site.min_job_age + 1)
    assert place.slurm.squeue(["--noheader", "--format=%i"]) == ""
    assert place.slurm.sacct(["--format=JobIDRaw,State"]) == f"{job.id}|CANCELLED by 1000\n"


def test_nobody_answers_without_a_controller(place: Place) -> None:
    place.cluster.up = False
    with pytest.raises(LookError):
        place.slurm.squeue(["--format=%i"])
    with pytest.raises(UnreachableError):
        place.slurm.sbatch([], "")


def test_what_sbatch_does_not_know_is_refused(place: Place) -> None:
    with pytest.raises(RefusedError, match="unrecognized option"):
        place.submit("--colour=red")


class Stubborn(Sleeper):
    """A process that only SIGKILL ends."""

    def __init__(self) -> None:
        super().__init__(0, None)

    def signal(self, name: str, now: int) -> None:
        if name == "KILL":
            super().signal(name, now)

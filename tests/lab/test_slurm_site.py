"""What a Slurm site has and does beside running jobs: the lab's has and does it too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import runs
from lab.host import LabError, install, is_root
from lab.lab import Lab
from lab.slurm import SlurmFacts
from lab.slurm_conf import Choices
from lab.wait import until
from tests.lab.jobs import busy, reason, running, state, submit
from tests.lab.traces import traces

pytestmark = pytest.mark.slurm
ROOT = Path(__file__).parents[2]
ROOT_ONLY = pytest.mark.skipif(not is_root(), reason="only root can start Slurm as somebody else, or mount a disk")
EVERYTHING = ("--nodes=4", "--exclusive")
COUNT = (
    "from lab.lab import Lab; from lab.slurm_conf import Choices\nwith Lab.start(choices=Choices(accounting=True)) as "
)
COUNT += "lab: lab.wait('slurm'); print(lab.slurm.sacctmgr('-n', '-P', 'show', 'cluster', 'format=cluster'))"


@pytest.fixture
def slurm(lab_slurm: Lab) -> Iterator[SlurmFacts]:
    facts = lab_slurm.slurm
    until(lambda: set(facts.idle()) == set(facts.nodes), 30, "all nodes are there")
    yield facts
    facts.command("scancel", "--me")
    until(lambda: not facts.command("squeue", "--noheader"), 30, "all jobs have ended")


def test_no_job_starts_on_a_drained_node(slurm: SlurmFacts) -> None:
    slurm.drain()
    assert slurm.idle() == ()
    job = submit(slurm, "--wrap=true")
    until(lambda: "Drain" in reason(slurm, job).title(), 10, "the job is told why it waits")
    slurm.resume()
    until(lambda: state(slurm, job) == "COMPLETED", 30, "the job is done")


def test_no_job_starts_that_would_run_into_a_maintenance(slurm: SlurmFacts) -> None:
    slurm.reserve("upkeep", "now+2minutes", 60)
    try:
        long, short = submit(slurm, "--time=60", "--wrap=true"), submit(slurm, "--time=1", "--wrap=true")
        until(lambda: state(slurm, short) == "COMPLETED", 30, "the short job is done")
        until(lambda: "maintenance" in reason(slurm, long), 10, "the long one waits")
    finally:
        slurm.unreserve("upkeep")
    until(lambda: state(slurm, long) == "COMPLETED", 30, "the long job is done")


def test_a_requeued_job_runs_again_within_seconds(slurm: SlurmFacts) -> None:
    job = running(slurm)
    slurm.command("scontrol", "requeue", job)
    until(lambda: state(slurm, job) == "PENDING", 5, "the job waits again")
    until(lambda: state(slurm, job) == "RUNNING", 15, "the job runs again")


@pytest.mark.parametrize(("partition", "then"), [("low", "PENDING"), ("scavenge", "PREEMPTED")])
def test_a_job_of_high_takes_the_nodes_of_others(slurm: SlurmFacts, partition: str, then: str) -> None:
    weak = running(slurm, *EVERYTHING, f"--partition={partition}")
    strong = submit(slurm, *EVERYTHING, "--partition=high", "--wrap=sleep 600")
    until(lambda: state(slurm, strong) == "RUNNING", 20, "the stronger job runs")
    assert state(slurm, weak) == then


def test_a_killed_controller_knows_its_jobs_again(slurm: SlurmFacts) -> None:
    job = running(slurm)
    slurm.stop_controller()  # it writes its state
    slurm.start_controller()
    slurm.kill_controller()
    assert not slurm.answers()
    slurm.start_controller()
    assert state(slurm, job) == "RUNNING"


@ROOT_ONLY
def test_an_owner_may_do_less_than_slurm_user_and_a_silent_node_gives_its_jobs_back() -> None:
    choices = Choices(owner_only=True, slurmd_timeout=6, message_timeout=3)
    with Lab.start(choices=choices) as lab:
        lab.wait("slurm")
        job = running(lab.slurm, "--time=30", "--nodelist=n2", "--requeue")
        lab.slurm.kill_node("n2")
        with pytest.raises(LabError, match="denied"):
            lab.slurm.command("scontrol", "update", f"JobId={job}", "TimeLimit=60")
        with pytest.raises(LabError, match="Invalid user id"):
            lab.slurm.command("scontrol", "update", "NodeName=n1", "State=DRAIN", "Reason=no")
        lab.slurm.admin("scontrol", "update", f"JobId={job}", "TimeLimit=60")
        until(lambda: state(lab.slurm, job) == "PENDING", 25, "its node is down, and the job waits again")


def test_an_ordinary_user_runs_accounting(lab_slurm: Lab) -> None:
    if is_root():  # what only root can install is there before the ordinary user comes
        install("accounting")
    argv = lab_slurm.as_user([sys.executable, "-c", COUNT])
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout.strip(), done.stderr) == ("lab", "")


@ROOT_ONLY
def test_databases_and_disks_go_with_a_lab_that_was_killed() -> None:
    with Lab.start(choices=Choices(accounting=True, state_size=4, owner_only=True)) as lab:
        lab.wait("slurm", 120)
        busy(lab)
        assert any("lab-state" in line for line in traces(lab.folder))
        keeper = runs.keeper(lab.folder)
        assert keeper
        os.kill(keeper.pid, signal.SIGKILL)
        until(lambda: runs.keeper(lab.folder) is None, 5, "the keeper is dead")
    assert traces(lab.folder) == []

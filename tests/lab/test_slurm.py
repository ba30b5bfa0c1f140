"""The lab's Slurm is a real one, and it can be made to fail."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from lab.host import free_ports
from lab.lab import Lab
from lab.run import Run
from lab.slurm import SlurmFacts
from lab.slurm_conf import Choices
from lab.slurm_start import PORTS, start
from lab.undo import undo
from lab.wait import until
from tests.lab.jobs import running, state, submit

pytestmark = pytest.mark.slurm

MARKED = "scontrol update JobId=$SLURM_JOB_ID Comment=noted; env; id -u; squeue -h -j $SLURM_JOB_ID -o comment:%k"


@pytest.fixture
def slurm(lab_slurm: Lab) -> SlurmFacts:
    return lab_slurm.slurm


def test_a_job_has_its_gpus_and_may_write_its_own_comment(slurm: SlurmFacts) -> None:
    output = slurm.logs / "gpus.out"
    submit(slurm, "--wait", "--export=ALL", "--gres=gpu:a100:2", f"--output={output}", f"--wrap={MARKED}")
    lines = output.read_text().splitlines()
    assert "CUDA_VISIBLE_DEVICES=0,1" in lines
    assert "comment:noted" in lines
    assert "0" not in lines, "a job must not run as root"


def test_a_job_on_two_nodes_starts_steps_on_both(slurm: SlurmFacts) -> None:
    output = slurm.logs / "nodes.out"
    submit(slurm, "--wait", "--nodes=2", f"--output={output}", "--wrap=srun --label printenv SLURMD_NODENAME")
    assert len({line.split(": ")[1] for line in output.read_text().splitlines()}) == 2


def test_jobs_run_while_the_controller_is_away(slurm: SlurmFacts) -> None:
    job = running(slurm)
    slurm.stop_controller()
    assert not slurm.answers()
    slurm.start_controller()
    assert state(slurm, job) == "RUNNING"
    slurm.command("scancel", job)


def test_a_fresh_controller_knows_no_job(slurm: SlurmFacts) -> None:
    running(slurm)
    slurm.stop_controller()
    slurm.start_controller(fresh=True)
    assert slurm.command("squeue", "--noheader") == ""
    until(lambda: set(slurm.idle()) == set(slurm.nodes), 30, "all nodes are back")


def test_a_job_outlives_the_slurmd_of_its_node(slurm: SlurmFacts) -> None:
    job = running(slurm, "--nodelist=n3")
    slurm.kill_node("n3")
    assert state(slurm, job) == "RUNNING"
    slurm.start_node("n3")
    slurm.command("scancel", job)
    until(lambda: state(slurm, job) == "CANCELLED", 30, "the job is cancelled through the new slurmd")


def test_a_frozen_controller_does_not_answer_and_goes_on_later(slurm: SlurmFacts) -> None:
    slurm.freeze_controller()
    try:
        assert not slurm.answers()
    finally:
        slurm.thaw_controller()
    assert "PARTITION" in slurm.command("squeue")


def test_everything_listens_on_one_address_only(slurm: SlurmFacts) -> None:
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines() if " 0A " in line]
    ports = {slurm.port, *slurm.node_ports}
    addresses = {words[1].split(":")[0] for words in listening if int(words[1].split(":")[1], 16) in ports}
    assert [socket.inet_ntoa(bytes.fromhex(word)[::-1]) for word in addresses] == [slurm.address]


def test_two_labs_side_by_side_know_nothing_of_each_other(slurm: SlurmFacts) -> None:
    with Lab.start() as second:
        second.wait("slurm")
        job = running(second.slurm, "--job-name=only-here")
        assert "only-here" in second.slurm.command("squeue", "--format=%j")
        assert "only-here" not in slurm.command("squeue", "--format=%j")
        assert job == "1"
    assert slurm.answers()


def test_a_port_that_somebody_has_taken_is_given_up_for_another(lab_slurm: Lab) -> None:
    folder = lab_slurm.folder / "second"
    folder.mkdir()
    run = Run.at(folder, lab_slurm.user)
    taken = lab_slurm.slurm.port
    offers = iter([(taken, *free_ports(PORTS - 1)), free_ports(PORTS)])
    try:
        facts = start(run, Choices(), lambda _line: None, lambda _count: next(offers))
        assert facts.port != taken
        assert facts.answers()
    finally:
        assert undo(run.ledger) == []
        assert set(run.daemons.pids().values()) == {None}

"""A lab ends whole, in whatever way its keeper or its starter ends, and leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab import control, runs
from lab.host import LabError
from lab.lab import Lab
from lab.wait import until
from tests.lab.jobs import busy
from tests.lab.traces import processes, traces

pytestmark = pytest.mark.slurm

ROOT = Path(__file__).parents[2]
STARTER = """
import sys, time
from lab.lab import Lab
with Lab.start(name=sys.argv[1]) as lab:
    lab.wait("slurm")
    lab.slurm.command("sbatch", "--output=/dev/null", "--wrap=setsid sleep 600 & sleep 600")
    print(lab.folder, flush=True)
    sys.stdin.read()
"""


def test_a_lab_that_is_stopped_leaves_nothing() -> None:
    with Lab.start() as lab:
        lab.wait("slurm")
        busy(lab)
        assert processes(str(lab.folder))
    assert traces(lab.folder) == []


def test_it_cleans_up_at_once_when_its_starter_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, "orphaned"], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as starter:
        assert starter.stdout
        folder = Path(starter.stdout.readline().strip())
        assert traces(folder)
        starter.kill()
    until(lambda: traces(folder) == [], 15, "all is put back")


def test_the_next_start_cleans_up_when_a_keeper_was_killed() -> None:
    with Lab.start() as dead:
        dead.wait("slurm")
        busy(dead)
        keeper = runs.keeper(dead.folder)
        assert keeper
        os.kill(keeper.pid, signal.SIGKILL)
        until(lambda: runs.keeper(dead.folder) is None, 5, "the keeper is dead")
        assert traces(dead.folder), "a killed keeper cannot clean up"
        with pytest.raises(LabError, match="has ended"):
            dead.wait("slurm")
        with Lab.start(slurm=False):
            assert traces(dead.folder) == []


def test_two_labs_of_one_name_are_refused() -> None:
    with Lab.start(slurm=False, name="twin"), pytest.raises(LabError, match="a lab twin is there already"):
        Lab.start(slurm=False, name="twin")


@pytest.mark.parametrize("name", ["", "../up", "a/b", "-x", ".hidden", "x" * 41, "a b"])
def test_a_name_that_is_no_plain_word_is_refused(name: str) -> None:
    with pytest.raises(LabError, match="no name for a lab"):
        runs.folder_of(name)


def test_a_part_that_cannot_run_says_so_and_the_others_run() -> None:
    with Lab.start(kubernetes="none") as lab:
        with pytest.raises(LabError, match="this lab has no kubernetes"):
            lab.wait("kubernetes")
        lab.wait("slurm")


def test_a_daemon_that_is_not_there_is_named() -> None:
    with Lab.start(slurm=False) as lab, pytest.raises(LabError, match="there is no daemon etcd in this lab"):
        control.ask(lab.folder, "stop", "etcd")


def test_an_ordinary_user_runs_slurm(lab_slurm: Lab) -> None:
    script = "import sys; from lab.lab import Lab\nwith Lab.start() as lab: lab.wait('slurm'); print(lab.slurm.user)"
    argv = lab_slurm.as_user([sys.executable, "-c", script])
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.stderr) == (lab_slurm.slurm.user, "")


def test_up_status_and_down_on_the_command_line() -> None:
    assert "slurm: ready" in lab_command("up", "--slurm", "--name", "by-hand")
    try:
        assert "slurmctld" in lab_command("status")
        assert Lab.attach("by-hand").slurm.answers()
    finally:
        lab_command("down", "--name", "by-hand")
    assert "by-hand" not in lab_command("status")


def lab_command(*argv: str) -> str:
    """Run `python -m lab`."""
    return subprocess.run(
        [sys.executable, "-m", "lab", *argv], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    ).stdout

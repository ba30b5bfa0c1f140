"""A submit whose answer is lost: what was carried out is found by its mark, what was not is tried again, once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from lab.lab import Lab
from tests.faults.site import Site
from tests.faults.wire import lossy
from tests.storm.recipes import RECIPES, overlaps, web

pytestmark = pytest.mark.slurm

#: What happens to the first submit of a service. The time-out of a command is 2 s here.
FAULTS = {
    "silent": '"$real" "$@" >/dev/null 2>&1; exec sleep 60',
    "lost": "exec sleep 60",
    "late": 'exec 3<&0; setsid bash -c \'sleep 4; exec "$@" <&3\' late "$real" "$@" >/dev/null 2>&1 & exec sleep 60',
    "cut": (
        '"$real" "$@" >/dev/null 2>&1\n'
        "echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2; exit 1"
    ),
    "killed": '"$real" "$@" >/dev/null 2>&1; kill -KILL $$',
}


@pytest.fixture(scope="module")
def site(lab_slurm: Lab) -> Iterator[Site]:
    """A daemon without services; a command has 2 s."""
    yield from _site(lab_slurm, "2s")


@pytest.fixture(scope="module")
def patient(lab_slurm: Lab) -> Iterator[Site]:
    """A daemon without services that waits for as long as Slurm's own commands do (MessageTimeout: 10 s)."""
    yield from _site(lab_slurm, "15s")


def _site(lab: Lab, timeout: str) -> Iterator[Site]:
    made = Site(lab, timeout)
    try:
        made.start()
        yield made
    finally:
        made.clear()
    assert overlaps(lab.slurm) == []


def test_a_lost_answer_makes_neither_two_jobs_nor_none(site: Site) -> None:
    for name, shell in FAULTS.items():
        site.tools.once("sbatch", f"--job-name={name}.0", shell)
    site.commit(RECIPES | {path: text for name in FAULTS for path, text in web(name).items()}, "five services")
    site.wait_healthy(list(FAULTS))
    assert [name for name in FAULTS if not site.tools.played("sbatch", f"--job-name={name}.0")] == []
    states = {name: [job.state for job in site.jobs(f"{name}.0")] for name in FAULTS}
    assert [name for name, found in states.items() if found != ["RUNNING"]] == []


def test_a_connection_cut_after_the_request(patient: Site) -> None:
    with lossy(patient.slurm, lambda: None) as conf:
        patient.tools.once("sbatch", "--job-name=first.0", f'SLURM_CONF={conf} exec "$real" "$@"')
        patient.commit(RECIPES | web("first"), "a service")
        patient.wait_healthy(["first"])
    assert patient.tools.played("sbatch", "--job-name=first.0")
    assert [job.state for job in patient.jobs("first.0")] == ["RUNNING"]


def test_slurmctld_killed_between_request_and_answer(patient: Site) -> None:
    """It may have saved the job or not; either way there is one in the end."""
    slurm = patient.slurm
    dead = threading.Event()

    def kill() -> None:
        if not dead.is_set():
            slurm.kill_controller()
            dead.set()

    with lossy(slurm, kill) as conf:
        patient.tools.once("sbatch", "--job-name=second.0", f'SLURM_CONF={conf} exec "$real" "$@"')
        patient.commit(RECIPES | web("second"), "a service")
        assert dead.wait(20)
        slurm.start_controller()
    patient.wait_healthy(["first", "second"])
    assert {name: len(ids) for name, ids in patient.alive().items()} == {"first.0": 1, "second.0": 1}

"""Rule 6. A daemon killed at any moment of its deploys leaves neither a duplicate nor an orphan."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from lab.factory import Factory
from lab.lab import Lab
from tests.e2e.world import alive, deployments, files, jobs, until

pytestmark = [pytest.mark.slurm, pytest.mark.controlplane]

#: Seconds after the first sign of a write at which the daemon is killed.
MOMENTS = (0.0, 0.01, 0.02, 0.04, 0.06, 0.09, 0.13, 0.18, 0.25, 0.4)
COUNT = 20


@pytest.fixture(autouse=True)
def closed(lab_slurm: Lab) -> Iterator[None]:
    """A partition that takes jobs and starts none: what counts here is how many there are."""
    lab_slurm.slurm.command("scontrol", "update", "PartitionName=short", "State=DOWN")
    yield
    lab_slurm.slurm.command("scontrol", "update", "PartitionName=short", "State=UP")


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_in_the_middle_of_twenty_deploys_on_both_platforms(
    both: Factory, lab_slurm: Lab, lab_control_plane: Lab, moment: float
) -> None:
    slurm, kubernetes = lab_slurm.slurm, lab_control_plane.kubernetes
    on_slurm = [f"s{number}" for number in range(COUNT)]
    on_kubernetes = [f"k{number}" for number in range(COUNT)]
    texts = files(*on_slurm, slurm={"partition": "short", "time": "1m"})
    both.commit(texts | files(*on_kubernetes, target="kubernetes", replicas=0), "forty services")
    both.start()
    until("the first write", lambda: bool(jobs(slurm, both.owner)), 20)
    time.sleep(moment)
    both.stop(signal.SIGKILL)
    both.start()
    until("every deployment", lambda: set(deployments(kubernetes, both.owner)) == set(on_kubernetes))
    until("every job", lambda: set(alive(slurm, both.owner)) == {f"{name}.0" for name in on_slurm})
    time.sleep(1.5)
    assert {name: len(ids) for name, ids in alive(slurm, both.owner).items()} == {f"{name}.0": 1 for name in on_slurm}
    made = [job.name for job in jobs(slurm, both.owner)]
    assert sorted(made) == sorted(set(made)), "a job was submitted twice"

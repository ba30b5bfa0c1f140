"""slurmctld is killed, or comes back without a memory: what runs is left alone, what is gone is submitted once."""

from __future__ import annotations

import re

import pytest

from tests.e2e.world import until
from tests.faults.site import STAY, Site

pytestmark = pytest.mark.slurm


def test_a_killed_slurmctld_that_comes_back_changes_nothing(site: Site) -> None:
    before, submits = site.alive(), len(site.tools.calls("sbatch"))
    until("it has saved what it knows, which it does every few seconds", lambda: is_saved(site))
    site.slurm.kill_controller()
    try:
        site.wait_lost()
    finally:
        site.slurm.start_controller()
    site.wait_healthy(STAY)
    assert (site.alive(), len(site.tools.calls("sbatch"))) == (before, submits)


def test_a_slurmctld_that_has_lost_its_state_gets_every_service_once(site: Site) -> None:
    submits = len(site.tools.calls("sbatch"))
    site.slurm.stop_controller()
    site.slurm.start_controller(fresh=True)
    site.wait("submitted", lambda _: site.alive().keys() == {"data.0", "web.0"}, 30)
    site.wait_healthy(STAY)
    assert len(site.tools.calls("sbatch")) == submits + 2
    assert {name: len(ids) for name, ids in site.alive().items()} == {"data.0": 1, "web.0": 1}


def test_it_loses_its_state_while_the_daemon_is_away(site: Site) -> None:
    site.kill()
    submits = len(site.tools.calls("sbatch"))
    site.slurm.stop_controller()
    site.slurm.start_controller(fresh=True)
    site.start()
    site.wait("submitted", lambda _: site.alive().keys() == {"data.0", "web.0"}, 30)
    site.wait_healthy(STAY)
    assert len(site.tools.calls("sbatch")) == submits + 2


def is_saved(site: Site) -> bool:
    """Whether both jobs are in slurmctld's state with the last that they have reported."""
    state = (site.slurm.folder / "state" / "job_state").read_bytes()
    return all(re.search(rf" o={site.owner} s={name} [ -~]* h=ok ".encode(), state) for name in STAY)

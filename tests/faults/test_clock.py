"""The clock of the daemon's machine is set by an hour, forwards and backwards: nothing is renewed or stuck by it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from lab.lab import Lab
from tests.e2e.world import until
from tests.faults.clock import install, set_clock
from tests.faults.site import STAY, Site
from tests.storm.recipes import ledger, web

pytestmark = pytest.mark.slurm


@pytest.fixture(scope="module")
def site(lab_slurm: Lab) -> Iterator[Site]:
    """A daemon whose clock is the machine's plus what `set_clock` says; its services are to be renewed in 5 minutes."""
    made = Site(lab_slurm)
    install(made)
    try:
        limited = {"slurm": {"time": "10m"}, "renewal": {"lead": "5m"}}
        made.commit(web("web", **limited) | ledger("data", **limited), "two services")
        made.start()
        made.wait_healthy(STAY)
        yield made
    finally:
        made.clear()


@pytest.mark.parametrize("seconds", [3600, -3600, 0])
def test_the_clock_is_set(site: Site, seconds: int) -> None:
    before, submits = site.alive(), len(site.tools.calls("sbatch"))
    set_clock(site, seconds)
    shape = site.wait("it looks by the new clock", lambda shape: is_near(shape.targets[0].looked, seconds))
    assert all(line.health == "Healthy" for line in shape.services)
    time.sleep(2)
    site.wait_healthy(STAY, 5)
    assert (site.alive(), len(site.tools.calls("sbatch"))) == (before, submits)
    site.slurm.command("scancel", before["web.0"][0])
    until("it is replaced", lambda: site.alive().get("web.0", before["web.0"]) != before["web.0"], 15)
    site.wait_healthy(STAY, 30)
    assert len(site.tools.calls("sbatch")) == submits + 1


def is_near(looked: datetime | None, offset: int) -> bool:
    """Whether a look was taken by a clock that is wrong by about `offset` seconds."""
    return looked is not None and abs(looked.timestamp() - time.time() - offset) < 60

"""Jobs that a more important one drives out: those that Slurm requeues come back, those that it ends are replaced."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.lab import Lab
from tests.e2e.world import until
from tests.faults.site import Site
from tests.storm.recipes import ledger, overlaps, web

pytestmark = pytest.mark.slurm

SERVICES = ["data", "low", "scavenge"]


@pytest.fixture(scope="module")
def site(lab_slurm: Lab) -> Iterator[Site]:
    """A daemon with services that may be driven out, in the two ways."""
    made = Site(lab_slurm)
    requeued, cancelled = {"slurm": {"partition": "low"}}, {"slurm": {"partition": "scavenge"}}
    try:
        made.commit(
            web("low", **requeued) | web("scavenge", **cancelled) | ledger("data", **cancelled), "three services"
        )
        made.start()
        made.wait_healthy(SERVICES)
        yield made
    finally:
        made.clear()
    assert overlaps(lab_slurm.slurm) == []


def test_a_more_important_job_drives_them_out_and_they_come_back(site: Site) -> None:
    before = {name: site.only(f"{name}.0") for name in SERVICES}
    submits = len(site.tools.calls("sbatch"))
    sleeper = site.slurm.command(
        "sbatch", "--parsable", "--partition=high", "--nodes=4", "--exclusive", "--output=/dev/null", "--wrap=sleep 600"
    ).strip()
    try:
        until("it runs", lambda: state(site, sleeper) == "RUNNING", 40)
        shape = site.wait("they wait", lambda shape: {line.state for line in shape.services} == {"Pending"}, 30)
        assert all(line.why for line in shape.services)
    finally:
        site.slurm.command("scancel", sleeper)
    site.wait_healthy(SERVICES)
    after = {name: site.only(f"{name}.0") for name in SERVICES}
    assert after["scavenge"] != before["scavenge"]
    assert after["data"] != before["data"]
    # One that stops before its grace is over has ended by itself, and then Slurm does not requeue it.
    new = 2 if after["low"] == before["low"] else 3
    assert len(site.tools.calls("sbatch")) == submits + new


def state(site: Site, job: str) -> str:
    return site.slurm.command("squeue", "--noheader", f"--jobs={job}", "--format=%T").strip()

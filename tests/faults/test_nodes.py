"""Nodes that fail, come back, or take no jobs: services go on somewhere, and never twice on the same data."""

from __future__ import annotations

import pytest

from tests.e2e.world import until
from tests.faults import power
from tests.faults.site import STAY, Site

pytestmark = pytest.mark.slurm


def node_of(site: Site, name: str) -> str:
    return site.slurm.command("squeue", "--noheader", f"--jobs={site.only(name)}", "--format=%N").strip()


def test_a_slurmd_that_is_killed_and_comes_back_changes_nothing(site: Site) -> None:
    before, submits = site.alive(), len(site.tools.calls("sbatch"))
    node = node_of(site, "web.0")
    site.slurm.kill_node(node)
    site.slurm.start_node(node)
    until("it takes jobs again", lambda: node in site.slurm.idle())
    site.wait_healthy(STAY)
    assert (site.alive(), len(site.tools.calls("sbatch"))) == (before, submits)


@pytest.mark.parametrize("name", STAY)
def test_a_node_that_loses_its_power_loses_no_service(site: Site, name: str) -> None:
    node, job = node_of(site, f"{name}.0"), site.only(f"{name}.0")
    power.cut(site.slurm, node)
    site.slurm.start_node(node)
    until("its end is noticed", lambda: started_after(site, f"{name}.0", job), 40)
    site.wait_healthy(STAY)
    assert {one: len(ids) for one, ids in site.alive().items()} == {"data.0": 1, "web.0": 1}


def test_drained_nodes_keep_what_runs_and_start_nothing(site: Site) -> None:
    kept = site.only("data.0")
    site.slurm.drain()
    try:
        site.slurm.command("scancel", site.only("web.0"))
        site.wait("it waits, and says so", lambda _: "node" in site.line("web").why.lower(), 20)
        assert site.line("web").state == "Pending"
        waits = site.only("web.0")
    finally:
        site.slurm.resume()
    site.wait_healthy(STAY)
    assert (site.only("web.0"), site.only("data.0")) == (waits, kept)


def started_after(site: Site, name: str, job: str) -> bool:
    """Whether Slurm has let the job go from its node: it is in the queue again, or another one is there."""
    jobs = {one.id: one.state for one in site.jobs(name) if one.alive}
    return jobs.get(job) != "RUNNING"

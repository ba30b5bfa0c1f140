"""Nodes that fail, come back, or take no jobs: services go on somewhere, and never twice on the same data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.factory import is_healthy
from lab.lab import Lab
from lab.slurm_conf import Choices
from tests.e2e.world import until
from tests.faults import power
from tests.faults.site import STAY, Site
from tests.storm.recipes import overlaps

pytestmark = pytest.mark.slurm


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """On a lab where a node that is silent for ten seconds is down."""
    with Lab.start(slurm=True, choices=Choices(slurmd_timeout=10)) as lab:
        lab.wait("slurm", 180)
        made = Site(lab)
        try:
            made.settle()
            yield made
        finally:
            made.clear()
        assert overlaps(lab.slurm) == []


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


def test_a_node_that_loses_its_power_loses_no_service(site: Site) -> None:
    node = node_of(site, "data.0")
    assert node_of(site, "web.0") == node, "Slurm fills one node after the other"
    power.cut(site.slurm, node)
    site.wait("noticed", lambda shape: not any(is_healthy(shape, name) for name in STAY), 60)
    site.slurm.start_node(node)
    site.wait_healthy(STAY)
    assert {one: len(ids) for one, ids in site.alive().items()} == {"data.0": 1, "web.0": 1}


def test_drained_nodes_keep_what_runs_and_start_nothing(site: Site) -> None:
    kept = site.only("data.0")
    site.slurm.drain()
    try:
        site.slurm.command("scancel", site.only("web.0"))
        site.wait_line("web", lambda line: line.state == "Pending" and "node" in line.why.lower())
        waits = site.only("web.0")
    finally:
        site.slurm.resume()
    site.wait_healthy(STAY)
    assert (site.only("web.0"), site.only("data.0")) == (waits, kept)

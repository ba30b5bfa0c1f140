"""What Slurm refuses for good is held and shown, and tried again when the site has changed."""

from __future__ import annotations

import time

import pytest

from tests.e2e.world import until
from tests.faults.site import STAY, Site
from tests.storm.recipes import web

pytestmark = pytest.mark.slurm


def test_a_partition_that_is_made_later(site: Site) -> None:
    site.commit(web("early", slurm={"partition": "later"}), "a service for a partition that is not there")
    site.wait_line("early", lambda line: "partition" in line.why.lower())
    tried = len(site.tools.calls("sbatch"))
    time.sleep(4)
    assert len(site.tools.calls("sbatch")) == tried
    site.slurm.admin("scontrol", "create", "PartitionName=later", "Nodes=ALL", "MaxTime=INFINITE", "State=UP")
    try:
        site.kill()  # the same daemon would ask within a minute whether the site has changed
        site.start()
        site.wait_healthy([*STAY, "early"])
        site.remove("early")
        until("it is gone", lambda: "early.0" not in site.alive())
    finally:
        site.slurm.admin("scontrol", "delete", "PartitionName=later")

"""A maintenance that is announced: a job that would run into it waits, says so, and is shortened to fit before it."""

from __future__ import annotations

import re

import pytest

from tests.faults.site import STAY, Site
from tests.storm.recipes import web

pytestmark = pytest.mark.slurm


def test_a_job_that_would_run_into_the_maintenance(site: Site) -> None:
    before = site.alive()
    site.slurm.reserve("maintenance", "now+30minutes", 10)
    try:
        site.commit(web("third", slurm={"time": "2h"}), "a service that would run into it")
        site.wait_healthy([*STAY, "third"], 40)
        limit = site.slurm.command("squeue", "--noheader", f"--jobs={site.only('third.0')}", "--format=%l").strip()
        assert re.fullmatch(r"\d\d:\d\d", limit), f"{limit} is not before the maintenance"
        assert len(site.jobs("third.0")) == 1, "its place in the queue was not kept"
    finally:
        site.slurm.unreserve("maintenance")
    site.remove("third")
    site.wait("gone", lambda _: site.alive() == before)

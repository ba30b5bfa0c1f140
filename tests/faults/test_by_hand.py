"""Somebody with the same account changes our jobs: what was ended comes back, what is held stays held."""

from __future__ import annotations

import time

import pytest

from tests.e2e.world import until
from tests.faults.site import STAY, Site
from tests.storm.recipes import web

pytestmark = pytest.mark.slurm


@pytest.mark.parametrize("name", STAY)
def test_a_cancelled_job_is_replaced_by_one(site: Site, name: str) -> None:
    before = site.only(f"{name}.0")
    site.slurm.command("scancel", before)
    until("another job", lambda: site.alive().get(f"{name}.0", [before]) != [before])
    site.wait_healthy(STAY)
    assert site.only(f"{name}.0") != before


@pytest.mark.parametrize("name", STAY)
def test_a_requeued_job_is_the_same_job(site: Site, name: str) -> None:
    before, submits = site.only(f"{name}.0"), len(site.tools.calls("sbatch"))
    site.slurm.command("scontrol", "requeue", before)
    site.wait_line(name, lambda line: line.health != "Healthy")
    site.wait_healthy(STAY)
    assert (site.only(f"{name}.0"), len(site.tools.calls("sbatch"))) == (before, submits)


def test_a_held_job_stays_held_and_is_shown(site: Site) -> None:
    job, submits = site.only("web.0"), len(site.tools.calls("sbatch"))
    site.slurm.command("scontrol", "requeuehold", job)
    line = site.wait_line("web", lambda line: line.state == "Held")
    assert "held" in line.why.lower()
    time.sleep(5)
    assert [one.state for one in site.jobs("web.0") if one.id == job] == ["PENDING"]
    assert len(site.tools.calls("sbatch")) == submits
    site.kill()
    site.start()
    site.wait_line("web", lambda line: line.state == "Held")
    assert (site.only("web.0"), len(site.tools.calls("sbatch"))) == (job, submits)
    site.slurm.command("scontrol", "release", job)
    site.wait_healthy(STAY)
    assert site.only("web.0") == job


def test_a_held_job_goes_when_its_service_goes(site: Site) -> None:
    site.commit(web("third"), "a third one")
    site.wait_healthy(["third"])
    site.slurm.command("scontrol", "requeuehold", site.only("third.0"))
    site.wait_line("third", lambda line: line.state == "Held")
    site.remove("third")
    until("it is gone", lambda: "third.0" not in site.alive())


@pytest.mark.parametrize("comment", ["look at this", "", "rec1 o=somebody s=web"])
def test_a_changed_comment_is_written_again(site: Site, comment: str) -> None:
    job, submits = site.only("web.0"), len(site.tools.calls("sbatch"))
    mark = mark_of(site, job)
    site.slurm.command("scontrol", "update", f"JobId={job}", f"Comment={comment}")
    until("the mark is back", lambda: mark_of(site, job) == mark)
    site.wait_healthy(STAY)
    assert len(site.tools.calls("sbatch")) == submits
    assert site.only("web.0") == job


def test_a_comment_changed_while_the_daemon_is_away_makes_no_second_job(site: Site) -> None:
    job, submits = site.only("web.0"), len(site.tools.calls("sbatch"))
    comment = comment_of(site, job)
    site.kill()
    site.slurm.command("scontrol", "update", f"JobId={job}", "Comment=lost")
    site.start()
    line = site.wait_line("web", lambda line: job in line.why)
    assert "does not bear our mark" in line.why
    time.sleep(2)
    assert len(site.tools.calls("sbatch")) == submits
    site.slurm.command("scontrol", "update", f"JobId={job}", f"Comment={comment}")
    site.wait_healthy(STAY)
    assert site.only("web.0") == job


def comment_of(site: Site, job: str) -> str:
    return site.slurm.command("squeue", "--noheader", f"--jobs={job}", "--format=%k").strip()


def mark_of(site: Site, job: str) -> str:
    """The mark in the comment of a job, without what the job itself reports."""
    return comment_of(site, job).partition(" n=")[0]

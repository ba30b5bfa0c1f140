"""Sites forbid frequent polling: looks are never closer together than `minInterval`, whatever happens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from lab.lab import Lab
from tests.e2e.world import until
from tests.faults.site import STAY, Site
from tests.storm.recipes import web

pytestmark = pytest.mark.slurm

LEAST, TICK = 2.0, 6.0


class Patient(Site):
    """A site whose operator allows a look every two seconds."""

    def slurm_target(self) -> dict[str, Any]:
        """With other times."""
        return super().slurm_target() | {"minInterval": f"{LEAST:g}s", "tick": f"{TICK:g}s"}


@pytest.fixture(scope="module")
def patient(lab_slurm: Lab) -> Iterator[Patient]:
    made = Patient(lab_slurm)
    try:
        made.settle()
        yield made
    finally:
        made.clear()


def looks(site: Site, since: float) -> list[float]:
    return [at for at, words in site.tools.calls("squeue") if "--states=all" in words and at > since]


def test_commits_in_a_row_do_not_bring_looks_closer_together(patient: Patient) -> None:
    began = time.time()
    for number in range(12):
        patient.commit(web("web", config={"greeting": f"v{number % 2}"}), f"change {number}")
        time.sleep(0.3)
    until("four looks", lambda: len(looks(patient, began)) >= 4)
    gaps = [later - earlier for earlier, later in pairwise(looks(patient, began))]
    assert min(gaps) >= LEAST - 0.1, gaps


def test_a_quiet_site_is_looked_at_once_a_tick(patient: Patient) -> None:
    patient.wait_healthy(STAY)
    time.sleep(TICK + LEAST)  # what an action of ours asked for is over
    began = time.time()
    time.sleep(2 * TICK + 1)
    assert len(looks(patient, began)) in {2, 3}


def test_one_early_look_follows_an_action_of_ours(patient: Patient) -> None:
    patient.commit(web("fresh"), "one more")
    patient.wait_healthy(["fresh"], TICK)
    submitted = max(at for at, words in patient.tools.calls("sbatch") if "fresh.0" in words)
    assert LEAST - 1 <= min(looks(patient, submitted)) - submitted <= LEAST + 0.5
    patient.remove("fresh")

"""Rule 10. Commits that come while a turn is under way are seen without waiting for the next poll."""

from __future__ import annotations

import time

import pytest

from lab.factory import Factory
from lab.lab import Lab
from tests.e2e.world import alive, files, until

pytestmark = pytest.mark.slurm


def test_a_burst_of_commits_ends_with_the_last_one(factory: Factory, lab_slurm: Lab) -> None:
    factory.configure(source={"url": str(factory.repository), "interval": "10m"})
    factory.commit(files("a"), "one")
    factory.start()
    factory.wait_healthy(["a"])
    for number in range(12):
        factory.commit(files(f"n{number}"), f"commit {number}")
        time.sleep(0.07)
    wanted = {"a.0", *(f"n{number}.0" for number in range(12))}
    until("the last commit is in force", lambda: set(alive(lab_slurm.slurm, factory.owner)) == wanted, 10)

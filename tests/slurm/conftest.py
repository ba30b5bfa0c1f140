"""Jobs on the lab's Slurm and without any; all of them end with the test."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.lab import Lab
from reconciler.models.wanted import ResolvedService
from tests.slurm.cluster import Cluster
from tests.slurm.jobs import SECONDS, Job


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Job]]:
    """Starts jobs in the test's folder."""
    jobs: list[Job] = []

    def _start(service: ResolvedService, replica: int = 0, job: int = 4711, **more: Any) -> Job:
        jobs.append(Job(tmp_path, service, replica, job, **more))
        return jobs[-1]

    yield _start
    for job in jobs:
        if job.process.poll() is None:
            job.process.send_signal(signal.SIGTERM)
        job.process.communicate(timeout=SECONDS)


@pytest.fixture
def cluster(lab_slurm: Lab) -> Iterator[Cluster]:
    """The lab's Slurm, with no job of ours before and after the test."""
    made = Cluster(lab_slurm.slurm)
    yield made
    made.close()

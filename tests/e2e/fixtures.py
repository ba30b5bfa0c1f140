"""Factories for tests: each has an owner of its own and leaves nothing behind on the clusters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from secrets import token_hex

import pytest

from lab.factory import Factory
from lab.host import LabError
from lab.lab import Lab
from tests.e2e.world import jobs, remove_all


@pytest.fixture
def factory(lab_slurm: Lab) -> Iterator[Factory]:
    """A factory on the lab's Slurm, with no daemon yet."""
    name = f"f{token_hex(4)}"
    made = Factory(lab_slurm, name, owner=name)
    made.configure()
    yield made
    made.stop()
    _cancel(lab_slurm, name)


@pytest.fixture
def both(lab_slurm: Lab, lab_control_plane: Lab) -> Iterator[Factory]:
    """A factory on the lab's Slurm and on an API server (pods do not run)."""
    name = f"b{token_hex(4)}"
    made = Factory(lab_slurm, name, owner=name)
    made.configure(kubeconfig=lab_control_plane.kubernetes.daemon_kubeconfig)
    yield made
    made.stop()
    _cancel(lab_slurm, name)
    remove_all(lab_control_plane.kubernetes, name)


def _cancel(lab: Lab, owner: str) -> None:
    living = [job.id for job in jobs(lab.slurm, owner) if job.alive]
    with suppress(LabError):
        if living:
            lab.slurm.command("scancel", *living)

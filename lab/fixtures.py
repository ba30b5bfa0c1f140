"""Pytest fixtures: one lab of each kind for the whole test session, started when a test first asks for it.

A part that cannot run here is a failure that says why, never a skip: a test of real parts that does not run shows
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.host import LabError
from lab.keeper import Size
from lab.kubernetes_choices import ServerChoices
from lab.lab import Lab
from lab.monitoring import Prometheus
from lab.slurm_conf import Choices

_SLURM_SECONDS = 180.0
_KUBERNETES_SECONDS = 1800.0  # the first time, its programs are built
_USUAL = Choices()
_SERVER = ServerChoices()


@pytest.fixture(scope="session")
def lab_slurm() -> Iterator[Lab]:
    """A lab with Slurm only, ready."""
    with running(slurm=True, kubernetes="none") as lab:
        yield lab


@pytest.fixture(scope="session")
def lab_control_plane() -> Iterator[Lab]:
    """A lab with a Kubernetes API server and its controllers, ready; pods do not run."""
    with running(slurm=False, kubernetes="control-plane") as lab:
        yield lab


@pytest.fixture(scope="session")
def lab_node() -> Iterator[Lab]:
    """A lab with a Kubernetes node, ready; pods run."""
    with running(slurm=False, kubernetes="node") as lab:
        yield lab


@pytest.fixture
def lab_prometheus(tmp_path: Path) -> Iterator[Prometheus]:
    """A Prometheus of the test's own; `start` starts it with what it is to scrape."""
    with Prometheus(tmp_path / "prometheus") as prometheus:
        yield prometheus


@contextmanager
def running(
    *, slurm: bool = True, kubernetes: Size = "none", choices: Choices = _USUAL, server: ServerChoices = _SERVER
) -> Iterator[Lab]:
    """A lab of a test's own, ready; `choices`: how its Slurm is set, `server`: how its Kubernetes is."""
    try:
        lab = Lab.start(slurm=slurm, kubernetes=kubernetes, choices=choices, server=server)
    except LabError as error:
        pytest.fail(f"the lab cannot run: {error}", pytrace=False)
    with lab:
        try:
            if slurm:
                lab.wait("slurm", _SLURM_SECONDS)
            if kubernetes != "none":
                lab.wait("kubernetes", _KUBERNETES_SECONDS)
        except LabError as error:
            pytest.fail(str(error), pytrace=False)
        yield lab

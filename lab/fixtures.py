"""Pytest fixtures: one lab of each kind for the whole test session, started when a test first asks for it.

A part that cannot run here is a failure that says why, never a skip: a test of real parts that does not run shows
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab.host import LabError
from lab.keeper import Size
from lab.lab import Lab

_SLURM_SECONDS = 180.0
_KUBERNETES_SECONDS = 1800.0  # the first time, its programs are built


@pytest.fixture(scope="session")
def lab_slurm() -> Iterator[Lab]:
    """A lab with Slurm only, ready."""
    with _lab(slurm=True, kubernetes="none") as lab:
        yield lab


@pytest.fixture(scope="session")
def lab_control_plane() -> Iterator[Lab]:
    """A lab with a Kubernetes API server and its controllers, ready; pods do not run."""
    with _lab(slurm=False, kubernetes="control-plane") as lab:
        yield lab


@pytest.fixture(scope="session")
def lab_node() -> Iterator[Lab]:
    """A lab with a Kubernetes node, ready; pods run."""
    with _lab(slurm=False, kubernetes="node") as lab:
        yield lab


@contextmanager
def _lab(*, slurm: bool, kubernetes: Size) -> Iterator[Lab]:
    try:
        lab = Lab.start(slurm=slurm, kubernetes=kubernetes)
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

"""A site for each file of tests, and the watch over stateful services that all of them stand under."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.lab import Lab
from tests.faults.site import Site
from tests.storm.recipes import overlaps


@pytest.fixture(scope="module")
def site(lab_slurm: Lab) -> Iterator[Site]:
    """A daemon with two healthy services; each test leaves them as it has found them."""
    made = Site(lab_slurm, timeout="2s")
    try:
        made.settle()
        yield made
    finally:
        made.clear()
    assert overlaps(lab_slurm.slurm) == []

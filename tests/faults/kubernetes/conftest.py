"""A daemon with two services for each file of tests, which each test leaves as it has found it."""

from __future__ import annotations

from collections.abc import Iterator
from secrets import token_hex

import pytest

from lab.lab import Lab
from tests.faults.kubernetes.cloud import Cloud

STAY = ("one", "two")


@pytest.fixture(scope="module")
def cloud(lab_control_plane: Lab) -> Iterator[Cloud]:
    """Its daemon runs, and the services `one` and `two` are there."""
    made = Cloud(lab_control_plane)
    try:
        made.settle(*STAY)
        yield made
    finally:
        made.clear()


@pytest.fixture
def name(cloud: Cloud) -> str:
    """A service of a test's own, which is there; what others did to theirs does not count."""
    made = f"s{token_hex(3)}"
    cloud.want(made)
    cloud.wait_there(made)
    return made

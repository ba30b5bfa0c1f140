"""One daemon on the lab's API server for most of these tests, and a service of its own for each."""

from __future__ import annotations

from collections.abc import Iterator
from secrets import token_hex

import pytest

from lab.lab import Lab
from tests.faults.kubernetes.cloud import Cloud


@pytest.fixture(scope="session")
def cloud(lab_control_plane: Lab) -> Iterator[Cloud]:
    """Its daemon runs; it has a second namespace, which may go."""
    made = Cloud(lab_control_plane, namespaces=2)
    try:
        made.start()
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

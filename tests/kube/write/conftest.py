"""One service of raw objects for each test."""

from __future__ import annotations

import pytest

from tests.kube.conftest import Cluster
from tests.kube.write.writer import Writer


@pytest.fixture
def writer(cluster: Cluster) -> Writer:
    return Writer(cluster)

"""Two daemons with one owner id: one of them writes, and the other one is there when it goes."""

from __future__ import annotations

import pytest

from tests.faults.kubernetes.cloud import Cloud

pytestmark = pytest.mark.controlplane

WAVES = [[f"wave-{wave}-{number}" for number in range(10)] for wave in range(2)]


def test_one_of_two_writes_and_the_other_takes_over(cloud: Cloud) -> None:
    twin = cloud.twin()
    twin.start()
    try:
        twin.wait("it waits", lambda shape: bool(shape.source.revision))
        cloud.want(*WAVES[0])
        cloud.wait_there(*WAVES[0])
        assert "deploy wave" not in twin.log.read_text()
        cloud.stop()
        cloud.daemon = None
        cloud.want(*WAVES[1])
        cloud.wait_there(*WAVES[1])
        assert twin.log.read_text().count(": deploy wave-1") == len(WAVES[1])
        assert twin.log.read_text().count(": deploy wave-0") == 0
        assert cloud.generations(*WAVES[0], *WAVES[1]) == {1}
    finally:
        twin.stop()
        cloud.start()

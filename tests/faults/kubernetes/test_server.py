"""The API server is killed and comes back: what was there is left alone, what is missing is applied, each once."""

from __future__ import annotations

import pytest

from tests.faults.kubernetes.cloud import Cloud
from tests.faults.kubernetes.conftest import STAY
from tests.faults.kubernetes.witness import WEB

pytestmark = pytest.mark.controlplane

MANY = [f"many-{number:03}" for number in range(200)]


def test_it_is_killed_in_the_middle_of_200_applies(cloud: Cloud) -> None:
    before = cloud.witness.count("ConfigMap")
    cloud.want(*MANY)
    cloud.until("a part of them is there", lambda: cloud.witness.count("ConfigMap") > before + 40)
    cloud.facts.stop_server()
    try:
        cloud.wait_lost()
        assert cloud.is_alive()
    finally:
        cloud.facts.start_server()
    first = cloud.uids()
    assert len(first) < len(WEB) * len(MANY)
    cloud.wait_applied(*STAY, *MANY, seconds=60)
    assert first.items() <= cloud.uids().items()
    generations = {item["metadata"]["generation"] for item in cloud.items(["Deployment"]).values()}
    assert generations == {1}
    cloud.drop(*MANY)
    cloud.wait_applied(*STAY, seconds=60)


def test_it_is_killed_while_nothing_is_to_be_done(cloud: Cloud) -> None:
    before = versions(cloud)
    cloud.facts.stop_server()
    try:
        cloud.wait_lost()
    finally:
        cloud.facts.start_server()
    cloud.wait_seen()
    cloud.want("three")
    cloud.wait_applied(*STAY, "three")
    assert before.items() <= versions(cloud).items()
    cloud.drop("three")
    cloud.wait_applied(*STAY)


def versions(cloud: Cloud) -> dict[str, str]:
    """Resource versions of what no controller writes to."""
    return {key: item["metadata"]["resourceVersion"] for key, item in cloud.items(["ConfigMap", "Service"]).items()}

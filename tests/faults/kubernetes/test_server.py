"""The API server is killed and comes back: what was there is left alone, what is missing is applied, each once."""

from __future__ import annotations

import pytest

from tests.faults.kubernetes.cloud import Cloud
from tests.faults.kubernetes.witness import WEB

pytestmark = pytest.mark.controlplane

MANY = [f"many-{number:03}" for number in range(200)]


def test_it_is_killed_while_nothing_is_to_be_done(cloud: Cloud, name: str) -> None:
    before = versions(cloud)
    cloud.facts.stop_server()
    try:
        cloud.wait_lost()
    finally:
        cloud.facts.start_server()
    cloud.wait_seen()
    cloud.want(f"{name}-late")
    cloud.wait_there(f"{name}-late")
    assert before.items() <= versions(cloud).items()


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
    first = many(cloud)
    assert len(first) < len(WEB) * len(MANY)
    cloud.wait_there(*MANY, seconds=120)
    assert first.items() <= many(cloud).items()
    assert len(many(cloud)) == len(WEB) * len(MANY)
    assert cloud.generations(*MANY) == {1}


def many(cloud: Cloud) -> dict[str, str]:
    """The uids of what the many services are made of."""
    return {key: uid for key, uid in cloud.uids().items() if "/many-" in key}


def versions(cloud: Cloud) -> dict[str, str]:
    """Resource versions of what no controller writes to."""
    return {key: item["metadata"]["resourceVersion"] for key, item in cloud.items(["ConfigMap", "Service"]).items()}

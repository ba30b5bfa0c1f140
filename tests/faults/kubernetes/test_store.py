"""etcd takes no more writes, or has forgotten everything: nothing is lost, and all is applied again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.fixtures import running
from tests.faults.kubernetes.cloud import Cloud
from tests.faults.kubernetes.store import read_only

pytestmark = pytest.mark.controlplane

STAY = [f"stay-{number}" for number in range(20)]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """In a lab of its own: others need their objects."""
    with running(slurm=False, kubernetes="control-plane") as lab:
        made = Cloud(lab)
        try:
            made.settle(*STAY)
            yield made
        finally:
            made.clear()


def test_what_cannot_be_stored_is_applied_later(cloud: Cloud) -> None:
    before = cloud.uids()
    with read_only(cloud.facts):
        cloud.want("late")
        cloud.until("it is told", lambda: "database space exceeded" in cloud.said())
        assert cloud.uids() == before
    cloud.wait_there("late", seconds=60)
    assert before.items() <= cloud.uids().items()
    assert cloud.generations("late") == {1}


def test_an_empty_etcd_gets_everything_again(cloud: Cloud) -> None:
    before = cloud.uids()
    cloud.facts.stop_server()
    cloud.facts.start_server(fresh=True)
    cloud.make_namespace(cloud.namespace)
    cloud.wait_there(*STAY, seconds=60)
    assert cloud.uids().keys() <= before.keys()
    assert not set(cloud.uids().values()) & set(before.values())
    assert cloud.generations(*STAY) == {1}
    cloud.drop(STAY[0])
    cloud.wait_gone(STAY[0])
    assert len(cloud.items(["Deployment"])) == len(before) // 3 - 1

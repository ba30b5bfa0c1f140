from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from reconciler.kube.door.lease import Lease
from tests.kube.conftest import Cluster, until

pytestmark = pytest.mark.controlplane


@pytest.fixture
def leases(cluster: Cluster) -> Iterator[tuple[Lease, Lease]]:
    with ExitStack() as stack:
        made = tuple(Lease(cluster.target, cluster.owner, duration=3.0, retry=0.2) for _ in range(2))
        for lease in made:
            lease.start(lambda: None)
            stack.callback(lease.close)
        yield made[0], made[1]
    cluster.facts.kubectl("delete", "lease", f"reconciler-{cluster.owner}", "-n", cluster.facts.namespaces[0])


def test_rule_7_one_of_two_leads_and_the_other_takes_over_when_it_leaves(leases: tuple[Lease, Lease]) -> None:
    until(lambda: any(lease.is_leader() for lease in leases))
    leader, waiting = sorted(leases, key=lambda lease: not lease.is_leader())
    assert not waiting.is_leader()
    leader.close()
    assert not leader.is_leader()
    until(waiting.is_leader, 2.0)


def test_rule_7_a_leader_that_falls_silent_stops_before_another_begins(leases: tuple[Lease, Lease]) -> None:
    until(lambda: any(lease.is_leader() for lease in leases))
    leader, waiting = sorted(leases, key=lambda lease: not lease.is_leader())
    leader._stopping.set()
    both = False

    def taken_over() -> bool:
        nonlocal both
        both = both or (leader.is_leader() and waiting.is_leader())
        return waiting.is_leader()

    until(taken_over, 10.0)
    assert not both
    assert not leader.is_leader()


def test_rule_7_without_an_api_server_nobody_leads(cluster: Cluster, leases: tuple[Lease, Lease]) -> None:
    until(lambda: any(lease.is_leader() for lease in leases))
    cluster.facts.stop_server()
    try:
        until(lambda: not any(lease.is_leader() for lease in leases), 4.0)
    finally:
        cluster.facts.start_server()
    until(lambda: any(lease.is_leader() for lease in leases))

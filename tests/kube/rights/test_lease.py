"""Who may write: the lease on a real API server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from reconciler.kube.door.lease import Lease
from tests.kube.conftest import Cluster, until

pytestmark = pytest.mark.controlplane

Make = Callable[..., Lease]
#: So long that whatever happens sooner was told by the watch.
_SELDOM = 5.0


@pytest.fixture
def make(cluster: Cluster) -> Iterator[Make]:
    """Makes leases of one owner, started; the object goes at the end."""
    with ExitStack() as stack:

        def started(identity: str = "", duration: float = 3.0, retry: float = 0.2) -> Lease:
            lease = Lease(cluster.target, cluster.owner, identity, duration=duration, retry=retry)
            lease.start(lambda: None)
            stack.callback(lease.close)
            return lease

        yield started
    cluster.facts.kubectl("delete", "lease", name(cluster), "-n", "ai", "--ignore-not-found")


def name(cluster: Cluster) -> str:
    return f"reconciler-{cluster.owner}"


def spec(cluster: Cluster, field: str) -> str:
    return cluster.get("lease", name(cluster), f".spec.{field}")


def steal(cluster: Cluster, holder: str = "thief") -> None:
    patch = json.dumps({"spec": {"holderIdentity": holder}})
    cluster.facts.kubectl("patch", "lease", name(cluster), "-n", "ai", "--type=merge", "-p", patch)


def write(cluster: Cluster, **spec: object) -> None:
    """A lease that somebody else made."""
    item = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name(cluster)}, "spec": spec}
    cluster.facts.kubectl("create", "-n", "ai", "-f", "-", text=json.dumps(item))


def in_order(leases: tuple[Lease, Lease]) -> tuple[Lease, Lease]:
    """The one that leads, and the one that waits."""
    until(lambda: any(lease.is_leader() for lease in leases))
    leader, waiting = sorted(leases, key=lambda lease: not lease.is_leader())
    assert not waiting.is_leader()
    return leader, waiting


def test_rule_7_one_of_two_leads_and_the_other_takes_over_at_once_when_it_leaves(make: Make) -> None:
    leader, waiting = in_order((make(duration=30.0, retry=_SELDOM), make(duration=30.0, retry=_SELDOM)))
    until(lambda: waiting.holder() == leader.holder() == leader.identity)
    leader.close()
    assert not leader.is_leader()
    until(waiting.is_leader, 2.0)


def test_rule_7_a_leader_that_falls_silent_stops_before_another_begins(make: Make) -> None:
    leader, waiting = in_order((make(), make()))
    leader._stopping.set()
    both = False

    def taken_over() -> bool:
        nonlocal both
        both = both or (leader.is_leader() and waiting.is_leader())
        return waiting.is_leader()

    until(taken_over, 10.0)
    assert not both
    assert not leader.is_leader()


def test_rule_7_without_an_api_server_nobody_leads(cluster: Cluster, make: Make) -> None:
    leases = (make(), make())
    in_order(leases)
    cluster.facts.stop_server()
    try:
        until(lambda: not any(lease.is_leader() for lease in leases), 4.0)
    finally:
        cluster.facts.start_server()
    until(lambda: any(lease.is_leader() for lease in leases))


def test_a_lease_that_was_taken_away_is_noticed_before_it_would_be_renewed(cluster: Cluster, make: Make) -> None:
    lease = make(duration=30.0, retry=_SELDOM)
    until(lease.is_leader)
    steal(cluster)
    until(lambda: not lease.is_leader(), 1.0)
    until(lambda: lease.holder() == "thief", 1.0)
    assert spec(cluster, "holderIdentity") == "thief"


def test_a_lease_that_was_deleted_is_made_again_at_once(cluster: Cluster, make: Make) -> None:
    lease = make(duration=30.0, retry=_SELDOM)
    until(lease.is_leader)
    cluster.facts.kubectl("delete", "lease", name(cluster), "-n", "ai")
    until(lambda: cluster.facts.kubectl("get", "lease", name(cluster), "-n", "ai", "--ignore-not-found"), 2.0)
    until(lease.is_leader, 1.0)


def test_a_lease_that_was_edited_by_hand_goes_on_being_held(cluster: Cluster, make: Make) -> None:
    lease = make()
    until(lease.is_leader)
    before = spec(cluster, "renewTime")
    cluster.facts.kubectl("label", "lease", name(cluster), "-n", "ai", "team=nlp")
    until(lambda: spec(cluster, "renewTime") > before, 3.0)
    assert lease.is_leader()
    assert spec(cluster, "leaseTransitions") == "0"


def test_a_daemon_of_the_same_state_folder_goes_on_at_once(cluster: Cluster, make: Make) -> None:
    first = make("folder", duration=30.0)
    until(first.is_leader)
    first._stopping.set()  # as if killed: it does not give the lease back
    again = make("folder", duration=30.0)
    until(again.is_leader, 2.0)
    assert spec(cluster, "leaseTransitions") == "0"


@pytest.mark.parametrize("times", [{}, {"acquireTime": "2001-01-01T00:00:00.000000Z"}], ids=["no times", "long ago"])
def test_another_holder_is_respected_by_our_own_clock_whatever_times_it_writes(
    cluster: Cluster, make: Make, times: dict[str, str]
) -> None:
    late = {key.replace("acquire", "renew"): value for key, value in times.items()}
    write(cluster, holderIdentity="other", leaseDurationSeconds=2, **times, **late)
    begun = time.monotonic()
    lease = make()
    until(lease.is_leader, 10.0)
    assert time.monotonic() - begun > 2.0
    assert spec(cluster, "leaseTransitions") == "1"


def test_a_lease_that_nobody_holds_is_taken(cluster: Cluster, make: Make) -> None:
    write(cluster, leaseDurationSeconds=60)
    until(make().is_leader, 2.0)

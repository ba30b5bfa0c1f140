"""An API server that is slow, refuses, loses answers, cuts streams and tells old news: all is applied, each once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

import pytest

from lab.lab import Lab
from tests.faults.kubernetes.cloud import Cloud
from tests.kube.proxy import GOOD, Call, Decide, Fault, Proxy, proxied

pytestmark = pytest.mark.controlplane

STAY = ("one", "two")
NEW = [f"new-{number}" for number in range(5)]


@pytest.fixture(scope="module")
def proxy(lab_control_plane: Lab) -> Iterator[Proxy]:
    with proxied(lab_control_plane.kubernetes) as made:
        yield made


@pytest.fixture(scope="module")
def cloud(lab_control_plane: Lab, proxy: Proxy) -> Iterator[Cloud]:
    made = Cloud(lab_control_plane, kubeconfig=proxy.kubeconfig())
    try:
        made.settle(*STAY)
        yield made
    finally:
        made.clear()


def ours(call: Call) -> bool:
    """Whether it writes what services are made of: not the lease."""
    return call.write and "leases" not in call.path


def lists(call: Call) -> bool:
    return call.list


def deletes(call: Call) -> bool:
    return call.method == "DELETE"


def first_of_each(*faults: Fault) -> Decide:
    """The first write of each object comes to one of these, in turn."""
    seen: set[str] = set()
    turn = cycle(faults)

    def decide(call: Call) -> Fault:
        if not ours(call) or call.path in seen:
            return GOOD
        seen.add(call.path)
        return next(turn)

    return decide


def every_second(fault: Fault) -> Decide:
    """Every second request of any kind comes to `fault`."""
    turn = cycle((GOOD, fault))
    return lambda _: next(turn)


def slow(_: Call) -> Fault:
    return Fault(seconds=0.3)


FAULTS: dict[str, Decide] = {
    "slow": slow,
    "every second 500": every_second(Fault(status=500)),
    "each first write": first_of_each(*(Fault(status=status) for status in (409, 410, 429, 500)), Fault(lost=True)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_all_is_applied_and_removed_in_the_end(cloud: Cloud, proxy: Proxy, fault: str) -> None:
    before = cloud.uids()
    with proxy.playing(FAULTS[fault]):
        cloud.want(*NEW)
        cloud.wait_there(*NEW, seconds=60)
        assert cloud.generations(*NEW) == {1}
        cloud.drop(*NEW)
        cloud.wait_gone(*NEW, seconds=60)
    cloud.wait_seen()
    assert cloud.uids() == before


def test_patience_is_respected(cloud: Cloud, proxy: Proxy) -> None:
    """A server that asks for a second is not asked more often by any thread."""
    before = proxy.count(ours)
    with proxy.playing(lambda call: Fault(status=429, retry_after=1) if ours(call) else GOOD):
        cloud.want("late")
        cloud.until("it was tried", lambda: proxy.count(ours) > before)
        began = proxy.calls[-1].at
        cloud.until("some seconds later", lambda: proxy.calls[-1].at > began + 4)
    tried = proxy.count(ours) - before
    assert 2 <= tried <= 6
    cloud.wait_there("late")
    cloud.drop("late")
    cloud.wait_gone("late")


def test_nothing_is_lost_when_streams_are_cut(cloud: Cloud, proxy: Proxy) -> None:
    for kind in ("Service", "ConfigMap", "Deployment"):
        before = cloud.item(kind, "one")["metadata"]["uid"]
        cloud.until("streams are open", lambda: len(proxy.streams) > 2)
        proxy.cut()
        cloud.kubectl("delete", kind, "one", "--wait=false")
        cloud.until(f"another {kind}", lambda: is_another(cloud, kind, before))  # noqa: B023 - called in this pass only
    cloud.wait_there(*STAY)


def test_nothing_is_lost_when_versions_expire(cloud: Cloud, proxy: Proxy) -> None:
    before = cloud.item("Service", "one")["metadata"]["uid"]
    with proxy.playing(lambda call: Fault(error=410) if call.watch else GOOD):
        proxy.cut()
        cloud.kubectl("delete", "service", "one")
        cloud.until("another Service", lambda: is_another(cloud, "Service", before))
    cloud.wait_there(*STAY)


def test_old_news_change_nothing(cloud: Cloud, proxy: Proxy) -> None:
    """A server behind the others lists what was: what has come since then is neither removed nor made again."""
    proxy.cut()  # everything is listed now
    cloud.until("lists", lambda: len(proxy.streams) > 2)
    cloud.want("three")
    cloud.wait_there("three")
    before, listed, deleted = cloud.uids(), proxy.count(lists), proxy.count(deletes)
    with proxy.playing(lambda call: Fault(stale=True, error=410 if call.watch else 0)):
        proxy.cut()
        cloud.until("old lists", lambda: proxy.count(lists) > listed + 5)
    cloud.wait_seen()
    assert cloud.uids() == before
    assert cloud.generations("three") == {1}
    assert proxy.count(deletes) == deleted
    cloud.drop("three")
    cloud.wait_gone("three")


def test_an_account_that_is_not_believed_changes_nothing(cloud: Cloud, proxy: Proxy) -> None:
    before = cloud.uids()
    with proxy.playing(lambda _: Fault(status=401)):
        proxy.cut()
        cloud.wait_lost()
        assert cloud.uids() == before
    cloud.wait_seen()
    cloud.want("four")
    cloud.wait_there("four")
    assert before.items() <= cloud.uids().items()


def is_another(cloud: Cloud, kind: str, uid: str) -> bool:
    found = cloud.witness.get(kind, "one")
    return found is not None and found["metadata"]["uid"] != uid

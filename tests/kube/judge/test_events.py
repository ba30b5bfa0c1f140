"""What events say is followed, bounded, and may be missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.kube.look.causes import Said
from reconciler.kube.look.events import Words
from reconciler.kube.look.observer import KubernetesObserver
from reconciler.models.health import Health
from reconciler.models.wanted import ResolvedService
from reconciler.models.workload import Workload
from tests.kube.conftest import KINDS, Cluster, until
from tests.kube.proxy import GOOD, Fault, Proxy, good, proxied
from tests.kube.services import changed, resolved

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _said(message: str = "m", minutes: int = 0) -> Said:
    return Said("FailedMount", message, _NOW + timedelta(minutes=minutes))


def test_only_the_newest_words_are_kept_and_only_other_words_are_news() -> None:
    words = Words()
    assert words.put("u", _said("first", 1))
    assert not words.put("u", _said("late", 0))
    assert not words.put("u", _said("first", 2))
    assert words.put("u", _said("second", 3))
    assert words.of("u") == _said("second", 3)
    assert words.of("other") is None


def test_words_are_forgotten_after_some_time_and_when_there_are_too_many() -> None:
    words = Words()
    words.put("old", _said(minutes=0))
    words.put("newer", _said(minutes=15))
    words.put("new", _said(minutes=21))
    assert words.of("old") is None
    assert words.of("newer") == _said(minutes=15)
    for number in range(5000):
        words.put(str(number), _said(minutes=21))
    assert words.of("newer") is None
    assert sum(words.of(str(number)) is not None for number in range(5000)) == 4096


@pytest.fixture
def full(cluster: Cluster, tmp_path: Path) -> Iterator[Proxy]:
    """A way to a cluster in whose second namespace no pod may be made."""
    cluster.facts.kubectl("create", "quota", cluster.owner, "-n", "ai-two", "--hard=pods=0")
    try:
        with proxied(cluster.facts) as proxy:
            (tmp_path / "kubeconfig").write_text(proxy.kubeconfig())
            cluster.fields["kubeconfig"] = str(tmp_path / "kubeconfig")
            yield proxy
            cluster.stack.close()
    finally:
        cluster.facts.kubectl("delete", "quota", cluster.owner, "-n", "ai-two")
        mine = f"reconciler/owner={cluster.owner}"
        cluster.facts.kubectl("delete", KINDS, "-n", "ai-two", "-l", mine, "--wait=false")


def _refused(cluster: Cluster) -> ResolvedService:
    """Of a StatefulSet only events tell that its pods are refused."""
    return changed(resolved(f"{cluster.owner}-a", namespace="ai-two"), stateful=True)


@pytest.mark.controlplane
def test_a_cluster_whose_events_may_not_be_read_lacks_the_words_and_nothing_else(
    cluster: Cluster, full: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    full.decide = lambda call: Fault(status=403) if call.path.endswith("/events") else GOOD
    observer, deployer = cluster.observer(), cluster.deployer()
    cluster.deploy(deployer, _refused(cluster))

    def one() -> Workload | None:
        found = observer.look().workloads
        return found[0] if found else None

    until(lambda: (found := one()) and found.reason == "0 of 1 replicas are of the new version", 60.0)
    look = observer.look()
    assert (look.complete, look.gaps, look.workloads[0].health) == (True, (), Health.PROGRESSING)
    assert "causes that only events tell are not shown for now: " in caplog.text
    full.decide = good
    until(lambda: (found := one()) and "exceeded quota" in found.reason and found.health is Health.DEGRADED, 60.0)


@pytest.mark.controlplane
def test_words_arrive_after_a_broken_stream_and_ring_the_bell(
    cluster: Cluster, full: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    rung: list[int] = []
    observer, deployer = cluster.observer(lambda: rung.append(1)), cluster.deployer()
    full.cut()
    cluster.deploy(deployer, _refused(cluster))
    until(lambda: any("exceeded quota" in one.reason for one in observer.look().workloads), 60.0)
    assert rung
    observer.close()
    assert "only events tell" not in caplog.text


@pytest.mark.controlplane
def test_a_look_of_one_who_does_not_follow_has_the_words_too(cluster: Cluster, full: Proxy) -> None:
    cluster.deploy(cluster.deployer(), _refused(cluster))
    observer = KubernetesObserver("cloud", cluster.target, cluster.owner, cluster.client(64), cluster.cache)
    until(lambda: any("exceeded quota" in one.reason for one in observer.look().workloads), 60.0)
    assert full.count(lambda call: call.watch) == 0

"""Kinds that a cluster lacks, gets and loses; kinds that may not be listed; kinds that the operator added."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import SettingsError
from reconciler.kube import marks
from reconciler.kube.declared import Declared
from reconciler.kube.door.client import Client
from reconciler.kube.kinds import OPTIONAL, POD_MONITOR, Kind
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.observer import KubernetesObserver
from tests.kube.conftest import Cluster, until
from tests.kube.look.conftest import following
from tests.kube.proxy import GOOD, Call, Fault, good, proxied
from tests.kube.services import target

_NAMES = {"ai/Job": "batch/v1", "ai/RuntimeClass": "node.k8s.io/v1", "ai/Nonsense": "apps/v1"}


@pytest.fixture
def lacking(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster without the kinds that a cluster may lack."""
    cluster.facts.remove_crds(*(kind.name for kind in OPTIONAL))
    yield cluster
    cluster.facts.remove_crds(*(kind.name for kind in OPTIONAL))


def _observer(cluster: Cluster, *kinds: str) -> KubernetesObserver:
    wanted = cluster.target.model_copy(update={"namespaces": ("ai",), "kinds": kinds})
    observer = KubernetesObserver("cloud", wanted, cluster.owner, Client(wanted, 32), cluster.cache)
    cluster.stack.callback(observer.close)
    observer.start(lambda: None)
    until(lambda: observer.look().complete)
    return observer


@pytest.mark.controlplane
def test_a_kind_that_is_not_served_is_no_gap_and_is_followed_when_it_is(lacking: Cluster) -> None:
    observer = _observer(lacking)
    assert (lacking.cache.served, observer.look().gaps) == (frozenset(), ())
    lacking.facts.install_crds("PodMonitor")
    lacking.cache.want(POD_MONITOR)
    until(lambda: lacking.cache.served == {"PodMonitor"}, 5.0)
    metadata = {"name": "a", "namespace": "ai", "labels": marks.labels(lacking.owner, "a", "faiss")}
    monitor: dict[str, Any] = {"apiVersion": POD_MONITOR.api_version, "kind": "PodMonitor", "metadata": metadata}
    monitor["spec"] = {"selector": {}, "podMetricsEndpoints": []}
    lacking.facts.kubectl("apply", "-f", "-", text=json.dumps(monitor))
    until(lambda: lacking.cache.get(POD_MONITOR, "ai", "a"))
    lacking.facts.remove_crds("PodMonitor")
    until(lambda: not lacking.cache.served)
    assert lacking.cache.get(POD_MONITOR, "ai", "a") is None
    assert observer.look().gaps == ()


@pytest.mark.controlplane
def test_a_kind_of_which_nothing_is_known_is_not_taken_for_lacking(lacking: Cluster, tmp_path: Path) -> None:
    def broken(call: Call) -> Fault:
        return Fault(status=403) if call.path.endswith("/podmonitors") else GOOD

    with proxied(lacking.facts) as proxy:
        proxy.decide = broken
        view = following(lacking, proxy, tmp_path, gaps=1)
        assert (lacking.cache.served, view.gaps()) == ({"PodMonitor"}, ["ai/PodMonitor"])
        proxy.decide = good
        until(lambda: lacking.cache.served == frozenset() and not view.gaps())
        proxy.decide = broken
        lacking.cache.want(POD_MONITOR)
        until(lambda: view.gaps() == ["ai/PodMonitor"])
        assert lacking.cache.served == frozenset()


@pytest.mark.controlplane
def test_a_kind_that_cannot_be_listed_is_a_gap_and_the_rest_is_seen(cluster: Cluster) -> None:
    observer = _observer(cluster, *(f"{version}/{part.partition('/')[2]}" for part, version in _NAMES.items()))
    until(lambda: len(observer.look().gaps) == 2)
    why = {gap.part: gap.why for gap in observer.look().gaps}
    assert why["ai/Job"].startswith('list Jobs in ai: jobs.batch is forbidden: User "reconciler-daemon"')
    assert "RuntimeClass: it lives in no namespace" in why["ai/RuntimeClass"]
    assert observer.look().complete


@pytest.mark.controlplane
def test_the_operators_kinds_are_found_by_discovery(cluster: Cluster) -> None:
    client = cluster.client()
    assert client.kind("batch/v1/Job") == Kind("Job", "batch/v1", "jobs")
    assert client.kind("batch/v1/Job").path("ai", "x") == "/apis/batch/v1/namespaces/ai/jobs/x"
    assert client.kind("v1/ConfigMap").plural == "configmaps"
    assert client.calls == 1


def test_two_kinds_of_one_name_are_refused() -> None:
    odd = target(kinds=("batch/v1/Job", "serving.knative.dev/v1/Service"))
    with pytest.raises(SettingsError, match=r"targets.cloud.kinds: v1/Service and serving.knative.dev/v1/Service have"):
        KubernetesObserver("cloud", odd, "factory", Client(odd, 1), Cache(Declared()))

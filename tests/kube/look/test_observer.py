from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from lab.lab import Lab
from reconciler.kube import marks
from reconciler.kube.cluster import connect
from reconciler.kube.door.failures import ExpiredError
from reconciler.kube.kinds import CONFIG_MAP
from reconciler.kube.look.observer import KubernetesObserver
from reconciler.kube.look.reflector import Reflector
from tests.kube.conftest import Cluster, until
from tests.kube.services import resolved, target


@pytest.mark.controlplane
def test_rule_1_a_stopped_api_server_makes_looks_incomplete_until_it_is_back(cluster: Cluster) -> None:
    observer, deployer = cluster.observer(), cluster.deployer()
    mark = cluster.deploy(deployer, resolved(f"{cluster.owner}-a", replicas=0))
    until(lambda: [workload.mark for workload in observer.look().workloads] == [mark])
    cluster.facts.stop_server()
    try:
        until(lambda: not observer.look().complete, 5.0)
        assert "no answer" in observer.look().why
    finally:
        cluster.facts.start_server()
    until(lambda: observer.look().complete)
    assert [workload.mark for workload in observer.look().workloads] == [mark]


@pytest.mark.controlplane
def test_a_server_that_has_forgotten_everything_is_believed(cluster: Cluster) -> None:
    observer, deployer = cluster.observer(), cluster.deployer()
    cluster.deploy(deployer, resolved(f"{cluster.owner}-a", replicas=0))
    until(lambda: observer.look().workloads)
    cluster.facts.stop_server()
    cluster.facts.start_server(fresh=True)
    until(lambda: observer.look().complete and not observer.look().workloads)
    mark = cluster.deploy(deployer, resolved(f"{cluster.owner}-b", replicas=0))
    until(lambda: [workload.mark for workload in observer.look().workloads] == [mark])


@pytest.mark.controlplane
def test_the_bell_rings_when_an_object_changes(cluster: Cluster) -> None:
    rung = threading.Event()
    cluster.observer(rung.set)
    rung.clear()
    cluster.deploy(cluster.deployer(), resolved(f"{cluster.owner}-a", replicas=0))
    assert rung.wait(5.0)


@pytest.mark.controlplane
def test_a_look_without_start_lists_everything(cluster: Cluster) -> None:
    mark = cluster.deploy(cluster.deployer(), resolved(f"{cluster.owner}-a", replicas=0))
    observer = KubernetesObserver("cloud", cluster.target, cluster.owner, cluster.client(64), cluster.cache)
    cluster.stack.callback(observer.close)
    seen = observer.look()
    assert seen.complete
    assert [workload.mark for workload in seen.workloads] == [mark]


@pytest.mark.controlplane
def test_an_expired_version_is_listed_anew(cluster: Cluster) -> None:
    client, changed = cluster.client(), threading.Event()
    cluster.deploy(cluster.deployer(), resolved(f"{cluster.owner}-b", replicas=0))
    cluster.facts.stop_server()
    cluster.facts.start_server()  # what happened before its start is not in its memory
    with (
        pytest.raises(ExpiredError),
        client.watch(CONFIG_MAP, "ai", marks.ours(cluster.owner), "1") as stream,
    ):
        list(stream.events())
    reflector = Reflector(client, CONFIG_MAP, "ai", cluster.owner, cluster.cache, changed.set)
    reflector._version = "1"
    assert reflector.step()
    cluster.deploy(cluster.deployer(), resolved(f"{cluster.owner}-a", replicas=0))
    reflector.start()
    cluster.stack.callback(reflector.join)
    cluster.stack.callback(reflector.stop)
    for name in ("a", "b"):
        until(lambda name=name: cluster.cache.get(CONFIG_MAP, "ai", f"{cluster.owner}-{name}"))  # type: ignore[misc] # mypy cannot type a bound default


@pytest.mark.controlplane
def test_closing_is_quick_and_leaves_no_thread(lab_control_plane: Lab) -> None:
    before = threading.active_count()
    with Cluster(lab_control_plane.kubernetes).stack as stack:
        observer = Cluster(lab_control_plane.kubernetes, stack=stack).observer()
        assert threading.active_count() > before
        begun = time.monotonic()
        observer.close()
        assert time.monotonic() - begun < 1.0
    assert threading.active_count() == before


@pytest.mark.parametrize("started", [True, False])
def test_rule_1_a_missing_kubeconfig_is_unknown_not_absent(tmp_path: Path, started: bool) -> None:
    observer = connect("cloud", target(kubeconfig=str(tmp_path / "none")), "factory")[0]
    try:
        if started:
            observer.start(lambda: None)
        until(lambda: str(tmp_path) in observer.look().why, 5.0)
        assert not observer.look().complete
    finally:
        observer.close()


def test_rule_1_a_refused_connection_is_unknown_not_absent(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        "{apiVersion: v1, kind: Config, current-context: c, users: [{name: u, user: {token: sesame}}],"
        " clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}],"
        " contexts: [{name: c, context: {cluster: c, user: u}}]}"
    )
    observer = connect("cloud", target(kubeconfig=str(kubeconfig)), "factory")[0]
    try:
        seen = observer.look()
        assert not seen.complete
        assert "Connection refused" in seen.why
        assert "sesame" not in seen.why
    finally:
        observer.close()

"""Namespaces that are not there, made by an account that may just do that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.kubernetes import KubernetesFacts
from reconciler.kube.cluster import connect
from reconciler.kube.door.lease import Lease
from reconciler.kube.rbac import Subject
from tests.kube.conftest import Cluster, until
from tests.kube.services import resolved

pytestmark = pytest.mark.controlplane


@pytest.fixture
def cluster(audited: KubernetesFacts) -> Iterator[Cluster]:
    """One whose target has two namespaces of its own."""
    made = Cluster(audited)
    names = (f"{made.owner}-one", f"{made.owner}-two")
    made.fields = {"kubeconfig": str(audited.account(made.owner)), "namespaces": names, "create_namespaces": True}
    try:
        yield made
    finally:
        made.close()
        audited.kubectl("delete", "namespace", *names, "--ignore-not-found", "--wait=false")


def namespaces(cluster: Cluster) -> set[str]:
    return set(cluster.facts.kubectl("get", "namespaces", "-o", "jsonpath={.items[*].metadata.name}").split())


def test_the_first_is_made_for_the_lease_and_each_other_for_its_first_service(cluster: Cluster) -> None:
    target, subject = cluster.target, Subject(cluster.owner, "ai")
    first, second = target.namespaces
    cluster.facts.grant(target, cluster.owner, subject, cluster_wide=True)
    assert not namespaces(cluster) & {first, second}
    lease = Lease(target, cluster.owner, retry=0.2)
    cluster.stack.callback(lease.close)
    lease.start(lambda: None)
    until(lease.is_leader)
    assert namespaces(cluster) >= {first}
    observer, deployer = connect("cloud", target, cluster.owner)
    for each in (observer, deployer):
        cluster.stack.callback(each.close)
    service = resolved(f"{cluster.owner}-a", "seaweedfs", namespace=second, replicas=0)
    cluster.deploy(deployer, service)
    assert namespaces(cluster) >= {first, second}
    assert [one.id for one in observer.look().workloads] == [f"{second}/{service.name}"]


def test_without_rights_in_all_namespaces_they_are_among_what_is_printed(cluster: Cluster) -> None:
    cluster.facts.grant(cluster.target, cluster.owner, Subject(cluster.owner, "ai"))
    assert namespaces(cluster) >= set(cluster.target.namespaces)
    service = resolved(f"{cluster.owner}-a", namespace=cluster.target.namespaces[1], replicas=0)
    cluster.deploy(cluster.deployer(), service)

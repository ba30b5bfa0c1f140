"""Applying: order, namespaces, kinds that are not there yet, and what stays whole when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from reconciler.errors import DeniedError, Next, RefusedError, TargetError, WaitingError
from reconciler.kube.kinds import Object
from reconciler.settings import KubernetesTarget
from tests.kube.conftest import Cluster, until
from tests.kube.services import resolved
from tests.kube.write.writer import Writer

pytestmark = pytest.mark.controlplane

FINALIZER = '{"metadata":{"finalizers":["example.com/guard"]}}'


@pytest.mark.parametrize("careful", [False, True])
def test_a_careful_apply_leaves_the_old_version_whole_when_one_object_is_bad(writer: Writer, careful: bool) -> None:
    writer.apply(writer.config_map(), writer.deployment())
    bad = writer.deployment(replicas=-1)
    with pytest.raises(RefusedError, match=f"Deployment ai/{writer.name}: spec.replicas: Invalid value: -1"):
        writer.apply(writer.config_map({"a": "c"}), bad, digest="2", careful=careful)
    live = writer.live(writer.config_map())
    assert live
    assert (live["data"] == {"a": "b"}) is careful


def test_what_is_known_costs_one_request_for_each_object(writer: Writer) -> None:
    writer.apply(writer.config_map(), writer.service())
    before = writer.api.calls
    writer.apply(writer.config_map({"a": "c"}), writer.service(), digest="2")
    assert writer.api.calls == before + 2


def test_a_full_quota_is_tried_again(writer: Writer) -> None:
    kubectl, name = writer.cluster.facts.kubectl, writer.name
    kubectl("create", "quota", name, "-n", "ai", "--hard", "count/services=0")
    try:
        until(lambda: "0" in kubectl("get", "quota", name, "-n", "ai", "-o", "jsonpath={.status.hard}"))
        with pytest.raises(DeniedError, match=f"exceeded quota: {name}") as denied:
            writer.apply(writer.service())
    finally:
        kubectl("delete", "quota", name, "-n", "ai")
    assert denied.value.next is Next.RETRY
    until(lambda: not kubectl("get", "quota", "-n", "ai", "-o", "name"))
    writer.apply(writer.service())


@pytest.fixture
def place(cluster: Cluster) -> Iterator[str]:
    """The name of a namespace that is not there; the daemon may write in all, and make this one."""
    name, kubectl = f"{cluster.owner}-ns", cluster.facts.kubectl
    cluster.facts.grant(_making(cluster, name), cluster.owner, cluster_wide=True)
    yield name
    given = (f"reconciler-{cluster.owner}", f"reconciler-{cluster.owner}-namespaces")
    kubectl("delete", "clusterrole,clusterrolebinding", *given)
    kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")
    for item in kubectl("get", "configmap", "-n", name, "-o", "name").split():
        kubectl("patch", item, "-n", name, "--type=merge", "-p", '{"metadata":{"finalizers":null}}')


def _making(cluster: Cluster, place: str) -> KubernetesTarget:
    return cluster.target.model_copy(update={"namespaces": ("ai", place), "create_namespaces": True})


def test_a_namespace_is_made_where_that_is_allowed_and_never_changed_and_one_that_ends_is_waited_for(
    cluster: Cluster, place: str
) -> None:
    kubectl = cluster.facts.kubectl
    writer = Writer(cluster)
    with pytest.raises(WaitingError, match=rf'namespaces "{place}" not found: make it, or .*createNamespaces'):
        writer.put(writer.config_map(namespace=place))
    writer = Writer(cluster, _making(cluster, place))
    writer.put(writer.config_map(namespace=place))
    before = kubectl("get", "namespace", place, "-o", "json")
    assert json.loads(before)["metadata"]["labels"] == {"kubernetes.io/metadata.name": place}
    writer.put(writer.config_map(namespace=place))
    assert kubectl("get", "namespace", place, "-o", "json") == before
    kubectl("patch", "configmap", writer.name, "-n", place, "--type=merge", "-p", FINALIZER)
    kubectl("delete", "namespace", place, "--wait=false")
    with pytest.raises(TargetError, match="is being terminated") as ending:
        writer.put(writer.service(namespace=place))
    assert ending.value.next is Next.RETRY


def test_a_kind_whose_definition_is_not_there_is_waited_for_and_then_applied(cluster: Cluster) -> None:
    target = cluster.target.model_copy(update={"kinds": ("example.com/v1/Widget",)})
    cluster.facts.grant(target, cluster.owner)
    writer = Writer(cluster, target)
    widget = writer.item("example.com/v1", "Widget", spec={"size": 1})
    with pytest.raises(WaitingError, match=r"waits for the CRD of example.com/v1/Widget to be established") as waiting:
        writer.put(writer.config_map(), widget)
    assert waiting.value.next is Next.SOON
    assert writer.live(writer.config_map()) is None
    with definition(cluster, "Widget", "widgets"):
        until(lambda: _applied(writer, widget), 10.0)
        assert (writer.live(widget) or {})["spec"] == {"size": 1}


def _applied(writer: Writer, item: Object) -> bool:
    try:
        writer.put(writer.config_map(), item)
    except WaitingError:
        return False
    return True


@contextmanager
def definition(cluster: Cluster, kind: str, plural: str) -> Iterator[None]:
    """A kind that the API server comes to know in the course of the block."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": kind, "plural": plural},
        "versions": [version],
    }
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}
    cluster.facts.kubectl("create", "-f", "-", text=json.dumps({**crd, "metadata": {"name": f"{plural}.example.com"}}))
    try:
        yield
    finally:
        cluster.facts.kubectl("delete", "crd", f"{plural}.example.com")


def test_an_object_that_is_too_large_is_refused_before_anything_is_sent(cluster: Cluster) -> None:
    deployer = cluster.deployer()
    service = resolved(f"{cluster.owner}-a", "vllm")
    service = replace(service, config={**service.config, "model": "m" * 1_100_000})
    with pytest.raises(RefusedError, match=rf"ConfigMap ai/{service.name}: data\.model: found 11\d+ bytes"):
        deployer.render(service)
    assert deployer.calls == 0

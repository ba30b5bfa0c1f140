"""What people do to our objects by hand, as the observer sees it: fields, labels, copies, deletions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.kube import marks
from reconciler.kube.declared import Declared
from reconciler.kube.kinds import CONFIG_MAP, DEPLOYMENT
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.observer import KubernetesObserver
from reconciler.models.workload import Drift, Phase, Workload
from tests.kube.conftest import Cluster, until
from tests.kube.services import resolved

pytestmark = pytest.mark.controlplane


class Deployed:
    """A service of three objects that was deployed, and is followed."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.name = f"{cluster.owner}-a"
        self.observer = cluster.observer()
        self.deployer = cluster.deployer()
        self.service = resolved(self.name, replicas=0)
        self.mark = cluster.deploy(self.deployer, self.service)
        until(lambda: [one.mark for one in self.workloads()] == [self.mark])

    def kubectl(self, *args: str, text: str = "") -> str:
        return self.cluster.facts.kubectl(*args, "-n", "ai", text=text)

    def workloads(self) -> tuple[Workload, ...]:
        return self.observer.look().workloads

    def drift(self) -> list[Drift]:
        return [drift for workload in self.workloads() for drift in workload.drift]

    def live(self, kind: str) -> dict[str, Any]:
        item: dict[str, Any] = json.loads(self.kubectl("get", kind, self.name, "-o", "json"))
        return item


@pytest.fixture
def deployed(cluster: Cluster) -> Iterator[Deployed]:
    return Deployed(cluster)


_SCALE = '{"spec": {"replicas": 3}}'


def test_a_field_that_was_changed_by_hand_is_told_with_who_did_it(deployed: Deployed) -> None:
    assert deployed.drift() == []
    deployed.kubectl("patch", "deployment", deployed.name, "-p", _SCALE, "--field-manager", "ada")
    until(deployed.drift)
    (drift,) = deployed.drift()
    assert (drift.where, drift.field, drift.manager) == (f"Deployment ai/{deployed.name}", "/spec/replicas", "ada")
    assert deployed.workloads()[0].mark == deployed.mark
    deployed.kubectl("patch", "deployment", deployed.name, "-p", '{"spec": {"replicas": 0}}')
    until(lambda: not deployed.drift())


def test_what_was_changed_before_the_start_is_found_once_it_is_declared(deployed: Deployed) -> None:
    deployed.kubectl("patch", "deployment", deployed.name, "-p", _SCALE, "--field-manager", "ada")
    cluster, fresh = deployed.cluster, Cache(Declared())
    observer = KubernetesObserver("cloud", cluster.target, cluster.owner, cluster.client(40), fresh)
    cluster.stack.callback(observer.close)
    observer.start(lambda: None)
    until(lambda: observer.look().complete)
    assert [one.drift for one in observer.look().workloads] == [()]
    manifest = cluster.cache.declared.of(deployed.name)
    assert manifest is not None
    fresh.declared.put(deployed.name, manifest)
    (workload,) = observer.look().workloads
    assert [(drift.field, drift.manager) for drift in workload.drift] == [("/spec/replicas", "ada")]
    assert all(seen.raw == b"" for seen in fresh.of("ai", deployed.name))


def test_what_the_server_settles_is_shown_again_only_when_it_changes(deployed: Deployed) -> None:
    deployed.kubectl("patch", "deployment", deployed.name, "-p", _SCALE, "--field-manager", "ada")
    until(deployed.drift)
    seen = deployed.cluster.cache.get(DEPLOYMENT, "ai", deployed.name)
    assert seen is not None
    deployed.cluster.cache.settle(seen)
    assert deployed.drift() == []
    deployed.kubectl("label", "deployment", deployed.name, "example.com/x=y")  # counts as little as a status
    until(lambda: _version(deployed) != seen.version)
    assert deployed.drift() == []
    deployed.kubectl("patch", "deployment", deployed.name, "-p", '{"spec": {"replicas": 4}}', "--field-manager", "ada")
    until(deployed.drift)


def _version(deployed: Deployed) -> str:
    seen = deployed.cluster.cache.get(DEPLOYMENT, "ai", deployed.name)
    return seen.version if seen else ""


@pytest.mark.parametrize("label", [marks.MANAGED_BY, marks.SERVICE])
def test_a_label_of_ours_that_was_taken_away_is_told(deployed: Deployed, label: str) -> None:
    deployed.kubectl("label", "configmap", deployed.name, f"{label}-")
    until(deployed.drift)
    (drift,) = deployed.drift()
    assert (drift.where, drift.field) == (
        f"ConfigMap ai/{deployed.name}",
        f"/metadata/labels/{label.replace('/', '~1')}",
    )
    assert [one.mark for one in deployed.workloads()] == [deployed.mark]


def test_an_object_whose_id_was_taken_away_is_applied_again_with_its_set(deployed: Deployed) -> None:
    deployed.kubectl("annotate", "configmap", deployed.name, f"{marks.ID}-")
    until(lambda: "has lost its reconciler/id" in deployed.workloads()[0].reason)
    (workload,) = deployed.workloads()
    assert workload.mark.digest == ""
    deployed.deployer.deploy(deployed.service, deployed.mark, 0.0, (workload,))
    until(lambda: [one.mark for one in deployed.workloads()] == [deployed.mark])


@pytest.mark.parametrize("change", [{"name": "copy"}, {"namespace": "ai-two"}], ids=str)
def test_a_copy_of_an_object_of_ours_is_a_strangers(deployed: Deployed, change: dict[str, str]) -> None:
    item = deployed.live("configmap")
    kept = {key: item["metadata"][key] for key in ("name", "namespace", "labels", "annotations")}
    metadata = kept | change | ({"name": f"{deployed.name}-copy"} if "name" in change else {})
    deployed.cluster.facts.kubectl("create", "-f", "-", text=json.dumps(item | {"metadata": metadata}))
    until(lambda: deployed.cluster.cache.is_stranger(CONFIG_MAP, metadata["namespace"], metadata["name"]))
    assert [one.mark for one in deployed.workloads()] == [deployed.mark]
    assert deployed.cluster.cache.get(CONFIG_MAP, metadata["namespace"], metadata["name"]) is None


def test_stripped_managed_fields_hide_nothing_but_who_it_was(deployed: Deployed) -> None:
    deployed.kubectl("patch", "deployment", deployed.name, "-p", _SCALE, "--field-manager", "ada")
    strip = '{"metadata": {"managedFields": [{}]}}'
    deployed.kubectl("patch", "deployment", deployed.name, "--type", "merge", "-p", strip)
    until(lambda: [drift.manager for drift in deployed.drift()] == [""])
    assert [drift.field for drift in deployed.drift()] == ["/spec/replicas"]


def test_a_finalizer_that_holds_a_deletion_up_is_named(deployed: Deployed) -> None:
    kinds = ("deployment", "service", "configmap")
    guard = '{"metadata": {"finalizers": ["example.com/guard"]}}'
    deployed.kubectl("patch", "service", deployed.name, "-p", guard)
    for kind in kinds:
        deployed.kubectl("delete", kind, deployed.name, "--wait=false")
    until(lambda: [one.phase for one in deployed.workloads()] == [Phase.STOPPING])
    until(lambda: "waits for finalizer example.com/guard on Service ai/" in deployed.workloads()[0].reason)
    deployed.kubectl("patch", "service", deployed.name, "-p", '{"metadata": {"finalizers": []}}', "--type", "merge")
    until(lambda: not deployed.workloads())

"""Whose fields are whose, on a real API server: what leaves the declaration goes, and what is ignored stays."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.kube import marks
from reconciler.kube.drift.managers import IGNORED, applied_by, entries
from reconciler.kube.drift.records import LAST_APPLIED
from reconciler.kube.kinds import CLAIM, Object
from reconciler.kube.look.observer import KubernetesObserver
from reconciler.kube.render import manifests
from reconciler.kube.write.deployer import KubernetesDeployer
from reconciler.models.wanted import ResolvedService
from tests.kube.conftest import Cluster, until
from tests.kube.services import resolved

pytestmark = pytest.mark.controlplane


class World:
    """One service, deployed again and again."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.name = f"{cluster.owner}-a"
        self.observer: KubernetesObserver = cluster.observer()
        self.deployer: KubernetesDeployer = cluster.deployer()

    def deploy(self, **spec: Any) -> ResolvedService:
        """Deploy, and wait until it is seen; a service of three objects."""
        service = resolved(self.name, **spec)
        mark = self.cluster.deploy(self.deployer, service, after=self.observer.look().workloads)
        until(lambda: [one.mark for one in self.observer.look().workloads] == [mark])
        return service

    def calls(self, **spec: Any) -> int:
        """How many requests a deploy sends."""
        before = self.deployer.calls
        self.deploy(**spec)
        return self.deployer.calls - before

    def live(self, kind: str = "deployment") -> Object:
        where = (kind, self.name, "-n", "ai")
        live: Object = json.loads(self.cluster.facts.kubectl("get", *where, "--show-managed-fields", "-o", "json"))
        return live

    def kubectl(self, *words: str, text: str = "") -> None:
        self.cluster.facts.kubectl(*words, "-n", "ai", text=text)

    def see(self) -> None:
        """Wait until the Deployment was seen as it is."""
        version = self.live()["metadata"]["resourceVersion"]
        seen = lambda: next((one for one in self.cluster.cache.of("ai", self.name) if one.kind == "Deployment"), None)  # noqa: E731 - used twice
        until(lambda: (one := seen()) is not None and one.version == version)

    def applied(self) -> Object:
        """What was applied of the Deployment, as its record has it."""
        return dict(applied_by(self.live(), marks.MANAGER))


def test_what_leaves_the_declaration_goes(cluster: Cluster) -> None:
    world = World(cluster)
    tolerations = [{"key": "gpu", "operator": "Exists"}]
    world.deploy(
        replicas=0,
        env={"ONE": "1", "TWO": "2"},
        resources={"cpus": 2, "memory": "1Gi"},
        kubernetes={"tolerations": tolerations, "nodeSelector": {"pool": "a"}},
    )
    spec = world.live()["spec"]["template"]["spec"]
    assert {"ONE", "TWO"} <= {one["name"] for one in spec["containers"][0]["env"]}
    assert spec["tolerations"]
    assert spec["nodeSelector"]
    world.deploy(replicas=0, env={"TWO": "2"}, resources={"memory": "1Gi"})
    spec = world.live()["spec"]["template"]["spec"]
    names = {one["name"] for one in spec["containers"][0]["env"]}
    assert "TWO" in names
    assert "ONE" not in names
    assert "tolerations" not in spec
    assert "nodeSelector" not in spec


def test_what_kubectl_apply_set_is_taken_over_and_can_leave(cluster: Cluster) -> None:
    """Objects that somebody made with `kubectl apply`, and gave our labels so that they are adopted."""
    world = World(cluster)
    labels = marks.labels(cluster.owner, world.name, "faiss")
    selector = marks.identity(cluster.owner, world.name)
    container = {"name": "main", "image": "theirs", "env": [{"name": "OLD", "value": "1"}], "stdin": True}
    item = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": world.name, "namespace": "ai", "labels": labels, "annotations": {"old": "1"}},
        "spec": {
            "replicas": 0,
            "minReadySeconds": 7,
            "selector": {"matchLabels": selector},
            "template": {"metadata": {"labels": selector}, "spec": {"containers": [container]}},
        },
    }
    world.kubectl("apply", "-f", "-", text=json.dumps(item))
    world.kubectl("annotate", "deployment", world.name, "kept=1")
    world.kubectl(
        "patch", "deployment", world.name, "-p", '{"spec":{"template":{"metadata":{"annotations":{"hand":"1"}}}}}'
    )
    assert LAST_APPLIED in world.live()["metadata"]["annotations"]
    world.see()
    world.deploy(replicas=0)
    live = world.live()
    annotations = live["metadata"]["annotations"]
    assert LAST_APPLIED not in annotations
    assert "old" not in annotations
    assert annotations["kept"] == "1", "what was set by hand is nobody's declaration, and stays"
    assert live["spec"]["template"]["metadata"]["annotations"]["hand"] == "1"
    assert "minReadySeconds" not in live["spec"]
    made = live["spec"]["template"]["spec"]["containers"][0]
    assert "stdin" not in made
    assert "OLD" not in {one["name"] for one in made.get("env", [])}
    managers = {(entry["manager"], entry["operation"]) for entry in entries(live)}
    assert ("reconciler", "Apply") in managers
    assert ("kubectl-client-side-apply", "Update") not in managers
    assert ("kubectl-patch", "Update") in managers
    # From now on nothing is asked about it: three objects, three requests.
    assert world.calls(replicas=0, env={"NEW": "1"}) == 3
    world.deploy(replicas=0)
    assert "NEW" not in json.dumps(world.live()["spec"])


def test_a_claim_that_kubectl_apply_made_stays_as_it_is(cluster: Cluster) -> None:
    world = World(cluster)
    name, labels = f"{world.name}.cache", marks.labels(cluster.owner, world.name, "vllm")
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "100Gi"}},
        "storageClassName": "theirs",
        "volumeName": "theirs",
    }
    metadata = {"name": name, "namespace": "ai", "labels": labels, "annotations": {"old": "1"}}
    item = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}
    world.kubectl("apply", "-f", "-", text=json.dumps(item))
    until(lambda: cluster.cache.get(CLAIM, "ai", name) is not None)
    service = resolved(world.name, "vllm", replicas=0, config={"model": "m"})
    assert name in {one["metadata"]["name"] for one in manifests.render(service, cluster.target, cluster.owner).objects}
    for model in ("m", "n"):
        cluster.deploy(world.deployer, resolved(world.name, "vllm", replicas=0, config={"model": model}))
    live = json.loads(cluster.facts.kubectl("get", "pvc", name, "-n", "ai", "--show-managed-fields", "-o", "json"))
    assert live["spec"]["volumeName"] == "theirs"
    assert "kubectl-client-side-apply" not in {entry["manager"] for entry in entries(live)}


def test_fields_can_leave_also_after_the_records_were_stripped(cluster: Cluster) -> None:
    world = World(cluster)
    world.deploy(replicas=0, env={"ONE": "1"})
    world.kubectl("patch", "deployment", world.name, "--type=merge", "-p", '{"metadata":{"managedFields":[{}]}}')
    assert entries(world.live()) == []
    world.deploy(replicas=0, env={"ONE": "1", "TWO": "2"})
    assert [entry["manager"] for entry in entries(world.live()) if entry["operation"] != "Apply"] in (
        [],
        ["kube-controller-manager"],
    )
    world.deploy(replicas=0)
    text = json.dumps(world.live()["spec"])
    assert "TWO" not in text
    assert "ONE" not in text


def test_what_becomes_ignored_keeps_its_value_and_comes_back(cluster: Cluster) -> None:
    world = World(cluster)
    world.deploy(replicas=0)
    # An HPA scales through this subresource.
    world.kubectl("scale", "deployment", world.name, "--replicas=3")
    world.see()
    world.deploy(replicas=0, ignore=["/spec/replicas"])
    live = world.live()
    assert live["spec"]["replicas"] == 3
    assert "f:replicas" not in world.applied()["fieldsV1"]["f:spec"]
    assert world.observer.look().workloads[0].drift == ()
    world.kubectl("scale", "deployment", world.name, "--replicas=2")
    # Asked once for the Deployment, the only one that has such a field.
    assert world.calls(replicas=0, ignore=["/spec/replicas"], env={"ONE": "1"}) == 4
    assert world.live()["spec"]["replicas"] == 2
    world.deploy(replicas=1)
    live = world.live()
    assert live["spec"]["replicas"] == 1
    assert "f:replicas" in world.applied()["fieldsV1"]["f:spec"]
    assert applied_by(live, IGNORED) == {}


def test_a_value_that_nobody_else_ever_set_is_handed_over(cluster: Cluster) -> None:
    world = World(cluster)
    image = "/spec/template/spec/containers[name=main]/image"
    world.deploy(replicas=0)
    before = world.live()["spec"]["template"]["spec"]["containers"][0]["image"]
    world.deploy(replicas=0, ignore=[image, "/metadata/labels/team"])
    live = world.live()
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == before
    kept = applied_by(live, IGNORED)["fieldsV1"]
    assert "f:image" in json.dumps(kept)
    assert "f:replicas" not in json.dumps(kept)
    world.kubectl("set", "image", f"deployment/{world.name}", "main=newer")
    world.deploy(replicas=0, ignore=[image], env={"ONE": "1"})
    assert world.live()["spec"]["template"]["spec"]["containers"][0]["image"] == "newer"
    world.deploy(replicas=0)
    live = world.live()
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == before
    assert applied_by(live, IGNORED) == {}


def test_a_part_of_one_value_can_be_ignored(cluster: Cluster) -> None:
    """Such as the hash that Argo Rollouts puts into the selector of a Service, which can only be applied as a whole."""
    world = World(cluster)
    ignore = ["/spec/selector/hash", "/spec/template/spec/nodeSelector/zone"]
    world.deploy(replicas=0, ignore=ignore, kubernetes={"nodeSelector": {"pool": "a"}})
    world.kubectl("patch", "service", world.name, "-p", '{"spec":{"selector":{"hash":"1"}}}')
    zone = '{"spec":{"template":{"spec":{"nodeSelector":{"zone":"z"}}}}}'
    world.kubectl("patch", "deployment", world.name, "-p", zone)
    world.see()
    assert world.observer.look().workloads[0].drift == ()
    world.kubectl("patch", "service", world.name, "-p", '{"spec":{"selector":{"more":"x"}}}')
    until(lambda: world.observer.look().workloads[0].drift != ())
    (workload,) = world.observer.look().workloads
    assert [drift.field for drift in workload.drift] == ["/spec/selector"]
    service = resolved(world.name, replicas=0, ignore=ignore, kubernetes={"nodeSelector": {"pool": "a"}})
    assert world.deployer.repair(service, workload, workload.mark)
    until(lambda: world.observer.look().workloads[0].drift == ())
    selector = world.live("service")["spec"]["selector"]
    assert selector == {**marks.identity(cluster.owner, world.name), "hash": "1"}
    world.deploy(replicas=0, ignore=ignore, kubernetes={"nodeSelector": {"pool": "b"}})
    assert world.live("service")["spec"]["selector"] == selector
    assert world.live()["spec"]["template"]["spec"]["nodeSelector"] == {"pool": "b", "zone": "z"}


def test_an_element_whose_key_was_changed_by_hand_does_not_stop_a_deploy(cluster: Cluster) -> None:
    world = World(cluster)
    world.deploy(replicas=0)
    world.kubectl(
        "patch", "service", world.name, "--type=json", '-p=[{"op":"replace","path":"/spec/ports/0/port","value":81}]'
    )
    world.deploy(replicas=0, env={"ONE": "1"})
    assert [port["port"] for port in world.live("service")["spec"]["ports"]] == [8080]

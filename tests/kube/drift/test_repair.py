"""Repairs on a real API server: confirmed by one dry run for each object, and by nothing but what differs."""

from __future__ import annotations

import json

import pytest

from reconciler.errors import RefusedError
from reconciler.kube.door.failures import ClashError
from reconciler.kube.kinds import CONFIG_MAP, DEPLOYMENT
from reconciler.kube.look.observer import KubernetesObserver
from reconciler.kube.look.seen import Seen
from reconciler.kube.write.deployer import KubernetesDeployer
from reconciler.kube.write.repair import Repairer
from reconciler.models.wanted import ResolvedService
from reconciler.models.workload import Mark, Workload
from tests.kube.conftest import Cluster, until
from tests.kube.services import resolved
from tests.kube.webhook import mutate, webhook

pytestmark = pytest.mark.controlplane

_IMAGE = "/spec/template/spec/containers[name=main]/image"


class World:
    """A service that is deployed and seen."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.observer: KubernetesObserver = cluster.observer()
        self.deployer: KubernetesDeployer = cluster.deployer()
        self.service: ResolvedService = resolved(f"{cluster.owner}-a", replicas=0)
        self.mark: Mark = cluster.deploy(self.deployer, self.service)
        until(lambda: [one.mark for one in self.observer.look().workloads] == [self.mark])

    @property
    def workload(self) -> Workload:
        (workload,) = self.observer.look().workloads
        return workload

    def seen(self) -> Seen:
        """The Deployment."""
        seen = self.cluster.cache.get(DEPLOYMENT, "ai", self.service.name)
        assert seen is not None
        return seen

    def drift(self) -> set[str]:
        return {drift.field for drift in self.workload.drift}

    def change(self, kind: str, *words: str) -> None:
        """Change something by hand, and wait until that is seen."""
        before = self.drift()
        self.cluster.facts.kubectl("patch", kind, self.service.name, "-n", "ai", *words)
        until(lambda: self.drift() != before)

    def repair(self) -> tuple[bool, int]:
        """What a repair says, and how many requests it sent."""
        calls = self.deployer.calls
        done = self.deployer.repair(self.service, self.workload, self.mark)
        return done, self.deployer.calls - calls


def test_what_was_changed_by_hand_is_put_back_with_two_requests_for_each_object(cluster: Cluster) -> None:
    world = World(cluster)
    assert world.drift() == set()
    world.change("deployment", "-p", '{"spec":{"replicas":2}}')
    (drift,) = world.workload.drift
    assert (str(drift), bool(drift.version)) == (
        f"Deployment ai/{world.service.name}: /spec/replicas (set by kubectl-patch)",
        True,
    )
    world.change("service", "-p", '{"spec":{"selector":{"more":"x"}}}')
    assert world.drift() == {"/spec/replicas", "/spec/selector"}
    assert world.repair() == (True, 4)
    until(lambda: world.drift() == set())
    assert cluster.get("deployment", world.service.name, ".spec.replicas") == "0"
    assert cluster.get("service", world.service.name, ".spec.selector.more") == ""
    assert world.workload.mark == world.mark


def test_what_differs_no_more_when_it_is_to_be_put_back_is_applied_without_harm(cluster: Cluster) -> None:
    world = World(cluster)
    world.change("deployment", "-p", '{"spec":{"replicas":2}}')
    seen = world.seen()
    assert seen.drift
    assert world.repair() == (True, 2)
    generation = cluster.get("deployment", world.service.name, ".metadata.generation")
    # A turn that still works with the earlier look.
    cluster.cache.put(seen)
    assert world.repair() == (True, 2)
    assert cluster.get("deployment", world.service.name, ".metadata.generation") == generation


def test_a_label_of_the_mark_that_was_changed_by_hand_is_put_back(cluster: Cluster) -> None:
    world = World(cluster)
    world.change("service", "-p", '{"metadata":{"labels":{"app.kubernetes.io/managed-by":"them"}}}')
    assert world.drift() == {"/metadata/labels/app.kubernetes.io~1managed-by"}
    assert world.repair() == (True, 2)
    until(lambda: world.drift() == set())
    kept = cluster.get("service", world.service.name, r".metadata.labels.app\.kubernetes\.io/managed-by")
    assert kept == "reconciler"


def test_another_object_of_that_name_is_not_written(cluster: Cluster) -> None:
    world = World(cluster)
    world.change("configmap", "-p", '{"data":{"dimension":"7"}}')
    seen = cluster.cache.get(CONFIG_MAP, "ai", world.service.name)
    assert seen is not None
    world.observer.close()
    cluster.facts.kubectl("delete", "configmap", world.service.name, "-n", "ai")
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": world.service.name, "namespace": "ai"}}
    cluster.facts.kubectl("create", "-f", "-", text=json.dumps(theirs))
    try:
        cluster.cache.put(seen)
        manifest = cluster.cache.declared.of(world.service.name)
        assert manifest is not None
        with pytest.raises(ClashError):
            Repairer(cluster.client(writes=True), cluster.cache).repair(manifest, world.mark)
        assert cluster.get("configmap", world.service.name, ".data") == ""
    finally:
        cluster.facts.kubectl("delete", "configmap", world.service.name, "-n", "ai")


def test_what_a_webhook_makes_of_it_is_settled_after_one_question(cluster: Cluster) -> None:
    world = World(cluster)
    patch = {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "mirror.example/image"}
    with webhook(
        cluster.facts, {"reconciler/owner": cluster.owner}, mutate(patch), kind="mutating", operations=("UPDATE",)
    ) as hook:
        hook.decide = lambda review: mutate(patch)(review) if review.kind == "Deployment" else mutate()(review)
        world.change("deployment", "-p", '{"spec":{"minReadySeconds":1}}')
        assert world.drift() == {_IMAGE}
        assert world.repair() == (False, 1)
        assert world.drift() == set()
        assert hook.count("UPDATE", dry_run=True) == 1
        # A status, or what is none of ours, brings a new version, and no new question.
        cluster.facts.kubectl("label", "deployment", world.service.name, "-n", "ai", "theirs=1")
        version = cluster.get("deployment", world.service.name, ".metadata.resourceVersion")
        until(lambda: world.seen().version == version)
        assert world.drift() == set()
        # What was changed beside it is still put back.
        world.change("deployment", "-p", '{"spec":{"replicas":3}}')
        assert world.drift() == {"/spec/replicas", _IMAGE}
        assert world.repair() == (True, 2)
        until(lambda: cluster.get("deployment", world.service.name, ".spec.replicas") == "0")


def test_an_element_whose_key_was_changed_by_hand_makes_way(cluster: Cluster) -> None:
    """Ours is gone then, and theirs has its name: a Service must not have two ports of one name."""
    world = World(cluster)
    world.change("service", "--type=json", "-p", '[{"op":"replace","path":"/spec/ports/0/port","value":81}]')
    assert world.repair() == (True, 5)
    until(lambda: world.drift() == set())
    assert cluster.get("service", world.service.name, ".spec.ports[*].port") == "8080"
    # What is refused for another reason is refused, and nobody's fields are touched.
    world.change("deployment", "-p", '{"spec":{"replicas":2}}')
    patch = {"op": "replace", "path": "/spec/template/spec/restartPolicy", "value": "Never"}
    with webhook(cluster.facts, {"reconciler/owner": cluster.owner}, mutate(patch), kind="mutating") as hook:
        hook.decide = lambda review: mutate(patch)(review) if review.kind == "Deployment" else mutate()(review)
        with pytest.raises(RefusedError, match="restartPolicy"):
            world.repair()

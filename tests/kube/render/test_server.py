"""What is rendered, as a real API server sees it: no unknown field, and pods that pass Pod Security `restricted`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import pytest

from lab.host import LabError
from lab.kubernetes import KubernetesFacts
from lab.lab import Lab
from reconciler.kube.drift.compare import compare
from reconciler.kube.render import manifests
from reconciler.kube.render.manifests import Manifest
from reconciler.kube.render.templates import templates
from reconciler.models.workload import Mark
from tests.kube import golden
from tests.kube.conftest import Cluster, until
from tests.kube.services import RECIPES, changed, recipe, resolved

pytestmark = pytest.mark.controlplane
_KINDS = ("LeaderWorkerSet", "ServiceMonitor", "PodMonitor")


@pytest.fixture(scope="module")
def facts(lab_control_plane: Lab) -> Iterator[KubernetesFacts]:
    facts = lab_control_plane.kubernetes
    facts.install_crds(*_KINDS)
    yield facts
    facts.remove_crds(*_KINDS)


@pytest.fixture(scope="module")
def restricted(facts: KubernetesFacts) -> Iterator[str]:
    name = f"restricted-{token_hex(4)}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    facts.kubectl("create", "-f", "-", text=json.dumps(namespace))
    until(lambda: facts.kubectl("get", "serviceaccount", "-n", name, "-o", "name"))
    yield name
    facts.kubectl("delete", "namespace", name, "--wait=false")


def dry_run(facts: KubernetesFacts, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects as the API server would make them; unknown fields and fields that are there twice are errors."""
    options = ["--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-o", "json"]
    made = json.loads(
        facts.kubectl(
            "apply", *options, "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        )
    )
    found: list[dict[str, Any]] = made.get("items", [made])
    return found


def stamped(manifest: Manifest, service: str) -> list[dict[str, Any]]:
    return list(manifests.stamp(manifest, Mark("factory", service, 0, manifest.digest, restart="r1", revision="abc")))


def test_all_that_is_rendered_is_taken_without_an_unknown_field_and_is_no_drift(facts: KubernetesFacts) -> None:
    items = [
        item for sample in golden.samples("ai-two").values() for item in stamped(sample.manifest(), sample.service.name)
    ]
    made = dry_run(facts, items)
    assert [item["metadata"]["name"] for item in made] == [item["metadata"]["name"] for item in items]
    assert [compare(declared, live) for declared, live in zip(items, made, strict=True)] == [()] * len(items)


def test_an_unknown_field_would_be_found(facts: KubernetesFacts) -> None:
    (item, *_) = golden.samples("ai-two")["faiss"].manifest().objects
    with pytest.raises(LabError, match="unknown field"):
        dry_run(facts, [item | {"dat": {}}])


def pods(manifest: Manifest, namespace: str) -> list[dict[str, Any]]:
    """A pod of each template."""
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"{item['metadata']['name']}-{number}", "namespace": namespace},
            "spec": with_claims(item, template["spec"]),
        }
        for item in manifest.objects
        for number, template in enumerate(templates(item))
    ]


def with_claims(item: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """The pod with the claims that a StatefulSet's controller puts into it."""
    names = [claim["metadata"]["name"] for claim in item["spec"].get("volumeClaimTemplates", [])]
    claims = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names]
    return spec | {"volumes": [*spec.get("volumes", []), *claims]}


def test_the_pods_of_all_recipes_pass_restricted(facts: KubernetesFacts, restricted: str) -> None:
    made = {name: sample for name, sample in golden.samples(restricted).items() if name not in ("guarded", "custom")}
    assert {path.stem for path in RECIPES.glob("*/*.yaml")} < made.keys()
    items = [pod for sample in made.values() for pod in pods(sample.manifest(), restricted)]
    assert len(dry_run(facts, items)) == len(items)


@pytest.mark.parametrize(("user", "said"), [(None, "runAsNonRoot != true"), (0, "runAsNonRoot != true")])
def test_a_recipe_of_root_or_of_an_unknown_user_does_not(
    facts: KubernetesFacts, restricted: str, user: int | None, said: str
) -> None:
    container = recipe("faiss").spec.start.container.model_dump(mode="json") | {"user": user}
    service = changed(resolved("index", "faiss", restricted), start={"container": container})
    with pytest.raises(LabError, match=f'violates PodSecurity "restricted:latest".*{said}'):
        dry_run(facts, pods(manifests.render(service, golden.TARGET, "factory"), restricted))


@pytest.mark.usefixtures("facts")
def test_several_machines_become_a_leader_worker_set_where_the_cluster_has_the_kind(cluster: Cluster) -> None:
    observer, deployer, name = cluster.observer(), cluster.deployer(), f"{cluster.owner}-m"
    assert set(deployer.dialect().split()) == set(_KINDS)
    service = changed(resolved(name, nodes=2), multiNode=True)
    mark = cluster.deploy(deployer, service)
    until(lambda: [one.mark.digest for one in observer.look().workloads] == [mark.digest])
    kinds = "configmap,service,leaderworkerset,servicemonitor,statefulset,deployment"
    made = {f"configmap/{name}", f"service/{name}", f"leaderworkerset.leaderworkerset.x-k8s.io/{name}-lws"}
    made.add(f"servicemonitor.monitoring.coreos.com/{name}")
    assert cluster.names(kinds) == made
    (workload,) = observer.look().workloads
    assert workload.drift == ()

"""What a service says about its volumes: it comes over the recipe's word, and what cannot be is said with its place."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.kube.render.manifests import render
from reconciler.models.wanted import ResolvedService
from reconciler.settings import KubernetesTarget
from tests.desired.test_kubernetes import complaints
from tests.slurm.services import recipe, resolved

_VOLUMES = """\
  storage:
    data: {path: /data, size: 1Gi}
    shm: {path: /dev/shm, size: 1Gi, persistent: false, memory: true}
"""
_STORAGE = {
    "data": {"path": "/data", "size": "1Gi"},
    "tmp": {"path": "/tmp", "size": "1Gi", "persistent": False},
    "shm": {"path": "/dev/shm", "size": "1Gi", "persistent": False, "memory": True},
}


@pytest.mark.parametrize(
    ("storage", "said"),
    [
        ("{dat: {size: 2Gi}}", "spec.storage.dat: the recipe web has no such volume; did you mean `data`?"),
        ("{data: {size: 2GB}}", "spec.storage.data.size: is not allowed; found text `2GB`; expected a size in bytes"),
        ("{data: {size: 9999999999999999P}}", "expected a size of at most 1024Pi"),
        ("{data: {storageClass: ../Fast}}", "spec.storage.data.storageClass: is not allowed; found text `../Fast`"),
        ("{data: {siz: 2Gi}}", "spec.storage.data.siz: unknown key; did you mean `size`?"),
        ("{data: {accessMode: ReadOnlyMany}}", "expected `ReadWriteOnce` or `ReadWriteMany`"),
        ("{shm: {storageClass: fast}}", "spec.storage.shm.storageClass: this volume is gone with the workload"),
    ],
)
def test_what_cannot_be_is_said_with_its_place(storage: str, said: str) -> None:
    (complaint,) = complaints(f"{{recipe: web, target: cloud, storage: {storage}}}", _VOLUMES)
    assert complaint.startswith("desired/main.yaml:4:")
    assert said in complaint


def test_replicas_of_a_stateful_recipe_share_no_claim() -> None:
    spec = "{recipe: web, target: cloud, storage: {data: {accessMode: ReadWriteMany}}}"
    (complaint,) = complaints(spec, "  stateful: true\n" + _VOLUMES)
    assert "spec.storage.data.accessMode: each replica of the stateful recipe web has a claim of its own" in complaint


def test_a_service_may_say_that_its_replicas_share_a_volume() -> None:
    spec = "{recipe: web, target: cloud, replicas: 2, storage: {data: {accessMode: ReadWriteMany}}}"
    assert complaints(spec, _VOLUMES) == []


def kinds(service: ResolvedService, **target: Any) -> dict[str, Any]:
    """What is made of it on Kubernetes, the last of each kind."""
    cluster = KubernetesTarget.model_validate({"kind": "kubernetes", "namespaces": ["ai"], **target})
    return {item["kind"]: item["spec"] for item in render(service, cluster, "factory-a").objects if "spec" in item}


def test_sizes_and_the_class_of_a_service_reach_claims_and_scratch() -> None:
    sizes = {"data": {"size": "5Gi", "storageClass": "fast"}, "tmp": {"size": "2Gi"}, "shm": {"size": "3Gi"}}
    made = kinds(resolved("web", recipe(storage=_STORAGE), storage=sizes), storage_class="slow")
    claim = made["PersistentVolumeClaim"]
    assert claim["resources"]["requests"]["storage"] == "5Gi"
    assert claim["storageClassName"] == "fast"
    volumes = {one["name"]: one for one in made["Deployment"]["template"]["spec"]["volumes"]}
    assert volumes["tmp"]["emptyDir"]["sizeLimit"] == "2Gi"
    assert volumes["shm"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "3Gi"}


def test_the_templates_of_a_stateful_service_have_its_size_and_the_rest_is_as_the_recipe_says() -> None:
    service = resolved("web", recipe(storage=_STORAGE, stateful=True), storage={"data": {"size": "5Gi"}})
    made = kinds(service, storage_class="slow")["StatefulSet"]
    (template,) = made["volumeClaimTemplates"]
    assert template["spec"]["resources"]["requests"]["storage"] == "5Gi"
    assert template["spec"]["storageClassName"] == "slow"
    volumes = {one["name"]: one for one in made["template"]["spec"]["volumes"]}
    assert volumes["shm"]["emptyDir"]["sizeLimit"] == "1Gi"

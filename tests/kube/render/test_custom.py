"""What a recipe carries beside its own, and what neither it nor a patch may ask for."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.errors import RefusedError
from reconciler.kube.render import manifests
from reconciler.kube.render.manifests import Manifest
from reconciler.models.wanted import ResolvedService
from reconciler.settings import KubernetesTarget
from tests.kube.services import changed, resolved, target

JOBS = target(kinds=("batch/v1/Job", "batch/v1/CronJob", "v1/ServiceAccount", "example.com/v1/Widget"))


def carrying(*objects: dict[str, Any], **spec: Any) -> ResolvedService:
    return changed(resolved("index", **spec), kubernetes={"objects": list(objects)})


def config_map(name: str = "${service.name}-notes", **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


def job(**pod: Any) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "a", "image": "b"}], **pod}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "${service.name}"},
        "spec": {"template": template},
    }


def render(service: ResolvedService, on: KubernetesTarget = JOBS) -> Manifest:
    return manifests.render(service, on, "factory")


def made(service: ResolvedService, kind: str, name: str) -> dict[str, Any]:
    (found,) = (item for item in render(service).objects if (item["kind"], item["metadata"]["name"]) == (kind, name))
    return found


def test_references_are_filled_and_one_that_stands_alone_keeps_its_type() -> None:
    item = {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "${service.name}-w", "annotations": {"about": "port ${port.http}"}},
        "spec": {
            "size": "${config.dimension}",
            "flag": "${config.readOnly}",
            "port": "${port.http}",
            "text": "${config.dimension}d",
            "list": ["${config.metric}", {"deep": "${host}"}],
            "same": [1, 2.5, None, True, "$(HOME) $$"],
        },
    }
    widget = made(carrying(item, config={"dimension": 7}), "Widget", "index-w")
    assert widget["metadata"]["annotations"] == {"about": "port 8080"}
    assert widget["spec"] == {
        "size": 7,
        "flag": False,
        "port": 8080,
        "text": "7d",
        "list": ["l2", {"deep": "0.0.0.0"}],
        "same": [1, 2.5, None, True, "$(HOME) $$"],
    }


def test_an_object_bears_the_mark_the_namespace_and_its_own_labels() -> None:
    item = config_map()
    item["metadata"]["labels"] = {"part": "notes", "reconciler/owner": "mallory", "reconciler/x": "y"}
    metadata = made(carrying(item), "ConfigMap", "index-notes")["metadata"]
    assert metadata["namespace"] == "ai"
    assert metadata["labels"]["part"] == "notes"
    assert metadata["labels"]["reconciler/owner"] == "factory"
    assert "reconciler/x" not in metadata["labels"]


def test_they_are_applied_in_order_and_the_manifest_is_careful() -> None:
    manifest = render(carrying(job(), config_map()))
    assert [item["kind"] for item in manifest.objects] == ["ConfigMap", "ConfigMap", "Deployment", "Job", "Service"]
    assert manifest.careful


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (config_map("other"), r"objects\[0\].metadata.name: found other, expected index, or index-…"),
        (config_map("${service.name}x"), "found indexx"),
        (config_map("${service.name}"), "ConfigMap index is there twice"),
        ({**config_map(), "apiVersion": "v1", "kind": "Secret"}, "v1/Secret is never applied: secrets never come"),
        ({**config_map(), "kind": "Pod"}, "v1/Pod is never applied: a pod by itself"),
        ({**config_map(), "kind": "Namespace"}, "v1/Namespace is never applied: it lives in no namespace"),
        (
            {**config_map(), "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding"},
            "never applied: a repository never gives rights",
        ),
        ({**config_map(), "apiVersion": "other.com/v1", "kind": "Widget"}, "does not allow a kind of the recipe faiss"),
        ({**config_map(), "data": {"a": "x" * 1_000_001}}, "expected at most 1000000"),
    ],
)
def test_what_a_recipe_must_not_carry_is_refused(item: dict[str, Any], said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        render(carrying(item))


@pytest.mark.parametrize(
    "pod",
    [
        {"hostNetwork": True},
        {"hostPID": True},
        {"hostIPC": True},
        {"serviceAccountName": "admin"},
        {"serviceAccount": "admin"},
        {"priorityClassName": "system-node-critical"},
        {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]},
        {"securityContext": {"sysctls": [{"name": "a", "value": "b"}]}},
        {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
        {"securityContext": {"windowsOptions": {"hostProcess": True}}},
        {"initContainers": [{"name": "a", "ports": [{"containerPort": 1, "hostPort": 1}]}]},
        {"initContainers": [{"name": "a", "securityContext": {"privileged": True}}]},
        {"initContainers": [{"name": "a", "securityContext": {"procMount": "Unmasked"}}]},
        {"initContainers": [{"name": "a", "securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}]},
        {"initContainers": [{"name": "a", "securityContext": {"appArmorProfile": {"type": "Unconfined"}}}]},
    ],
)
def test_more_rights_are_for_the_operator_to_give(pod: dict[str, Any]) -> None:
    by_object = carrying(job(**pod))
    by_patch = resolved(
        "index",
        kubernetes={"patches": [{"target": {"kind": "Deployment"}, "patch": {"spec": {"template": {"spec": pod}}}}]},
    )
    for service in (by_object, by_patch):
        with pytest.raises(RefusedError, match="the target cloud does not allow it to recipes and patches"):
            render(service)
        assert render(service, target(kinds=JOBS.kinds, allow_privileged=True)).careful


def test_addresses_that_are_not_the_services_are_refused() -> None:
    patch = {"target": {"kind": "Service"}, "patch": {"spec": {"externalIPs": ["192.0.2.1"]}}}
    with pytest.raises(RefusedError, match="Service index: /spec/externalIPs: the target cloud does not allow it"):
        render(resolved("index", kubernetes={"patches": [patch]}))


@pytest.mark.parametrize(
    "pod",
    [
        {"serviceAccountName": "default"},
        {"hostNetwork": False},
        {"priorityClassName": "batch"},
        {"initContainers": [{"name": "a", "securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"]}}}]},
    ],
)
def test_what_gives_no_rights_is_allowed(pod: dict[str, Any]) -> None:
    assert render(carrying(job(**pod))).careful


def test_an_account_of_the_recipe_itself_is_allowed_for_it_has_no_rights() -> None:
    account = {**config_map("${service.name}-runner"), "kind": "ServiceAccount"}
    assert render(carrying(account, job(serviceAccountName="${service.name}-runner"))).careful


def test_data_of_a_config_map_is_only_data() -> None:
    assert render(carrying(config_map(data={"serviceAccountName": "admin"}))).careful


def test_pods_of_a_recipes_own_objects_are_not_taken_for_those_of_a_service() -> None:
    template = {"metadata": {"labels": {"reconciler/service": "other"}}, "spec": {"containers": []}}
    item = {**config_map("${service.name}-more"), "apiVersion": "apps/v1", "kind": "Deployment"}
    with pytest.raises(RefusedError, match="the pods' label reconciler/service is for Reconciler alone"):
        render(carrying(item | {"spec": {"template": template}}))

"""Which objects a service becomes: one machine or several, data or none, and what is there on request."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from reconciler.errors import RefusedError
from reconciler.kube.render import manifests
from reconciler.kube.render.labels import image_version
from reconciler.kube.render.templates import templates
from reconciler.models.wanted import ResolvedService
from tests.kube.services import changed, resolved, target

LWS = frozenset({"LeaderWorkerSet"})


def objects(
    service: ResolvedService, served: frozenset[str] = frozenset(), **on: Any
) -> dict[tuple[str, str], dict[str, Any]]:
    made = manifests.render(service, target(**on), "factory", served).objects
    return {(item["kind"], item["metadata"]["name"]): item for item in made}


def several(**spec: Any) -> ResolvedService:
    return changed(resolved("ray", **{"nodes": 3, "replicas": 2} | spec), multiNode=True)


def pod_spec(service: ResolvedService, **on: Any) -> dict[str, Any]:
    made: dict[str, Any] = objects(service, **on)["Deployment", service.name]["spec"]["template"]["spec"]
    return made


def env(template: dict[str, Any]) -> dict[str, Any]:
    (container,) = template["spec"]["containers"]
    return {one["name"]: one.get("value") or one["valueFrom"] for one in container["env"]}


def test_a_stateful_set_is_governed_by_a_headless_service_beside_the_one_for_clients() -> None:
    made = objects(resolved("pg", "postgresql", secrets={"POSTGRES_PASSWORD": {"name": "a", "key": "b"}}))
    assert made["StatefulSet", "pg"]["spec"]["serviceName"] == "pg-nodes"
    assert made["Service", "pg-nodes"]["spec"]["clusterIP"] == "None"
    assert "ports" not in made["Service", "pg-nodes"]["spec"]
    assert "clusterIP" not in made["Service", "pg"]["spec"]


def test_several_machines_are_a_leader_worker_set_where_there_is_one() -> None:
    made = objects(several(rollout={"maxSurge": 0}), LWS)
    assert {kind for kind, _ in made} == {"ConfigMap", "LeaderWorkerSet", "Service"}
    spec = made["LeaderWorkerSet", "ray-lws"]["spec"]
    group = spec["leaderWorkerTemplate"]
    assert (spec["replicas"], group["size"]) == (2, 3)
    assert spec["rolloutStrategy"]["rollingUpdateConfiguration"] == {"maxSurge": 0, "maxUnavailable": 1}
    for template in (group["leaderTemplate"], group["workerTemplate"]):
        assert env(template)["RECONCILER_NODES"] == "3"
        assert env(template)["RECONCILER_RANK"] == "$(LWS_WORKER_INDEX)"
        assert env(template)["RECONCILER_LEADER"] == "$(LWS_LEADER_ADDRESS)"


def test_several_machines_are_stateful_sets_where_there_is_none() -> None:
    made = objects(several())
    assert {name for kind, name in made if kind == "StatefulSet"} == {"ray", "ray-0", "ray-1"}
    leaders, workers = made["StatefulSet", "ray"]["spec"], made["StatefulSet", "ray-1"]["spec"]
    assert (leaders["replicas"], workers["replicas"], workers["ordinals"]) == (2, 2, {"start": 1})
    assert env(leaders["template"])["RECONCILER_RANK"] == "0"
    assert env(leaders["template"])["RECONCILER_LEADER"] == "$(RECONCILER_POD).ray-nodes.ai.svc"
    assert env(workers["template"])["RECONCILER_LEADER"] == "ray-1.ray-nodes.ai.svc"
    assert "pod-index" in env(workers["template"])["RECONCILER_RANK"]["fieldRef"]["fieldPath"]


@pytest.mark.parametrize("served", [frozenset(), LWS])
def test_only_the_leader_is_probed_and_gets_requests(served: frozenset[str]) -> None:
    made = objects(several(), served)
    selector = made["Service", "ray"]["spec"]["selector"]
    found = [template for item in made.values() for template in templates(item)]
    answering = [one for one in found if selector.items() <= one["metadata"]["labels"].items()]
    probed = [one for one in found if "readinessProbe" in one["spec"]["containers"][0]]
    assert answering == probed
    assert len(probed) == 1


def test_selectors_of_the_sets_of_one_service_do_not_overlap() -> None:
    sets = [item["spec"] for (kind, _), item in objects(several()).items() if kind == "StatefulSet"]
    for one in sets:
        labels = one["template"]["metadata"]["labels"].items()
        assert [labels >= other["selector"]["matchLabels"].items() for other in sets].count(True) == 1


def test_a_service_cannot_say_which_machine_it_is() -> None:
    names = [one["name"] for one in _container(several(env={"RECONCILER_RANK": "9"}))["env"]]
    assert names.count("RECONCILER_RANK") == 1


def _container(service: ResolvedService) -> dict[str, Any]:
    (container,) = objects(service)["StatefulSet", "ray"]["spec"]["template"]["spec"]["containers"]
    return dict(container)


def test_a_name_too_long_for_several_machines_is_refused() -> None:
    longest = "a" * 46
    assert objects(changed(resolved(longest, nodes=2, replicas=10), multiNode=True))
    with pytest.raises(RefusedError, match=r"metadata.name: too long for .*found 46 characters; expected at most 45"):
        objects(changed(resolved(longest, nodes=2, replicas=11), multiNode=True))


def test_a_stateful_recipe_runs_on_one_machine() -> None:
    with pytest.raises(RefusedError, match=r"spec.nodes: the recipe faiss is stateful.*found 2; expected 1"):
        objects(changed(resolved("ray", nodes=2), multiNode=True, stateful=True))


@pytest.mark.parametrize(("replicas", "nodes", "field"), [(2, 1, "replicas"), (1, 2, "nodes")])
def test_pods_that_would_share_a_claim_of_one_machine_are_refused(replicas: int, nodes: int, field: str) -> None:
    storage = {"data": {"path": "/data", "size": "1Gi"}}
    service = changed(resolved("web", replicas=replicas, nodes=nodes), multiNode=True, storage=storage)
    with pytest.raises(RefusedError, match=f"spec.{field}: all pods would share the volume data"):
        objects(service)
    claim = objects(service, access_mode="ReadWriteMany")["PersistentVolumeClaim", "web.data"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]


def test_the_recipes_volume_knows_better_than_the_target() -> None:
    storage = {"data": {"path": "/data", "size": "1Gi", "accessMode": "ReadWriteMany"}}
    service = changed(resolved("web", replicas=2), storage=storage)
    assert objects(service)["Deployment", "web"]["spec"]["strategy"]["type"] == "RollingUpdate"
    stateful = changed(resolved("db", replicas=2), storage=storage, stateful=True)
    (template,) = objects(stateful)["StatefulSet", "db"]["spec"]["volumeClaimTemplates"]
    assert template["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_pods_that_share_a_claim_of_one_machine_are_never_old_and_new_at_once() -> None:
    service = changed(resolved("web"), storage={"data": {"path": "/data", "size": "1Gi"}})
    assert objects(service)["Deployment", "web"]["spec"]["strategy"] == {"type": "Recreate"}


def test_scaling_does_not_change_the_pods() -> None:
    assert pod_spec(resolved("web", replicas=1)) == pod_spec(resolved("web", replicas=5))


@pytest.mark.parametrize(
    ("spread", "result"),
    [
        ({}, ("kubernetes.io/hostname", "ScheduleAnyway")),
        ({"mode": "hard"}, ("kubernetes.io/hostname", "DoNotSchedule")),
        ({"key": "zone"}, ("zone", "ScheduleAnyway")),
    ],
)
def test_pods_are_spread_softly_or_as_the_service_says(spread: dict[str, str], result: tuple[str, str]) -> None:
    service = resolved("web", kubernetes={"topologySpread": spread})
    (constraint,) = pod_spec(service)["topologySpreadConstraints"]
    assert (constraint["topologyKey"], constraint["whenUnsatisfiable"]) == result


def test_spread_can_be_left_to_the_cluster() -> None:
    assert "topologySpreadConstraints" not in pod_spec(resolved("web", kubernetes={"topologySpread": {"mode": "none"}}))


def test_an_account_that_the_operator_allows_is_the_pods() -> None:
    service = resolved("web", kubernetes={"serviceAccount": "builder"})
    assert pod_spec(service, service_accounts=("builder",))["serviceAccountName"] == "builder"
    with pytest.raises(RefusedError, match="the target cloud does not allow this account; found `builder`"):
        pod_spec(service)


def test_gpus_are_the_targets_and_so_are_the_taints_of_their_nodes() -> None:
    taint = {"key": "amd.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    on: dict[str, Any] = {"gpu_resource": "amd.com/gpu", "gpu_tolerations": (taint,)}
    spec = pod_spec(resolved("web", resources={"gpus": 2}, kubernetes={"tolerations": [{"key": "a"}]}), **on)
    assert spec["containers"][0]["resources"]["limits"]["amd.com/gpu"] == "2"
    assert spec["tolerations"] == [{"key": "a", "operator": "Equal"}, taint]
    assert "tolerations" not in pod_spec(resolved("web"), **on)


def policy(wanted: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = objects(resolved("web", kubernetes={"networkPolicy": wanted}))["NetworkPolicy", "web"]
    return dict(made["spec"])


def test_an_empty_network_policy_lets_in_the_same_namespace_only() -> None:
    made = policy({})
    assert made["policyTypes"] == ["Ingress"]
    assert made["podSelector"]["matchLabels"] == {"reconciler/owner": "factory", "reconciler/service": "web"}
    assert made["ingress"] == [{"from": [{"podSelector": {}}], "ports": [{"port": 8080, "protocol": "TCP"}]}]


@pytest.mark.parametrize(
    ("allowed", "peer"),
    [
        ({"pods": {"a": "b"}}, {"podSelector": {"matchLabels": {"a": "b"}}}),
        ({"pods": {}}, {"podSelector": {}}),
        ({"cidr": "10.0.0.0/8"}, {"ipBlock": {"cidr": "10.0.0.0/8"}}),
        (
            {"namespace": "m"},
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "m"}}},
        ),
        (
            {"namespace": "m", "pods": {"a": "b"}},
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "m"}},
                "podSelector": {"matchLabels": {"a": "b"}},
            },
        ),
    ],
)
def test_a_network_policy_lets_in_whom_it_names(allowed: dict[str, Any], peer: dict[str, Any]) -> None:
    assert policy({"allow": [allowed]})["ingress"][0]["from"] == [peer]


def test_machines_of_one_replica_reach_each_other_whatever_the_policy_says() -> None:
    service = several(kubernetes={"networkPolicy": {"allow": [{"cidr": "10.0.0.0/8"}]}})
    _, among = objects(service)["NetworkPolicy", "ray"]["spec"]["ingress"]
    assert "ports" not in among
    assert among["from"][0]["podSelector"]["matchLabels"]["reconciler/service"] == "ray"


@pytest.mark.parametrize(
    ("budget", "one", "three"),
    [
        ({"minAvailable": 1}, {"minAvailable": 1}, {"maxUnavailable": 4}),
        ({"minAvailable": "50%"}, {"minAvailable": "50%"}, {"maxUnavailable": 2}),
        ({"minAvailable": 9}, {"minAvailable": 9}, {"maxUnavailable": 0}),
        ({"maxUnavailable": 0}, {"maxUnavailable": 0}, {"maxUnavailable": 0}),
        ({"maxUnavailable": "50%"}, {"maxUnavailable": "50%"}, {"maxUnavailable": 3}),
    ],
)
def test_a_disruption_budget_counts_replicas(
    budget: dict[str, Any], one: dict[str, Any], three: dict[str, Any]
) -> None:
    kubernetes = {"podDisruptionBudget": budget}
    plain = objects(resolved("web", replicas=5, kubernetes=kubernetes))["PodDisruptionBudget", "web"]
    groups = objects(several(replicas=5, kubernetes=kubernetes))["PodDisruptionBudget", "ray"]
    assert {key: value for key, value in plain["spec"].items() if key != "selector"} == one
    assert {key: value for key, value in groups["spec"].items() if key != "selector"} == three


@pytest.mark.parametrize(
    ("recipe", "served", "kinds"),
    [
        ("faiss", frozenset(), set()),
        ("faiss", frozenset({"ServiceMonitor", "PodMonitor"}), {"ServiceMonitor"}),
        ("faiss", frozenset({"PodMonitor"}), {"PodMonitor"}),
        ("chroma", frozenset({"ServiceMonitor"}), set()),
    ],
)
def test_metrics_are_scraped_where_the_prometheus_operator_is(
    recipe: str, served: frozenset[str], kinds: set[str]
) -> None:
    made = objects(resolved("web", recipe), served)
    assert {kind for kind, _ in made if kind.endswith("Monitor")} == kinds


def test_labels_name_component_owner_and_version_which_a_service_may_call_otherwise() -> None:
    service = resolved("web")
    labels = objects(service)["Service", "web"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/component"] == "vector-db"
    assert labels["app.kubernetes.io/part-of"] == "factory"
    assert labels["app.kubernetes.io/version"] == "0.1.0"
    own = {"app.kubernetes.io/part-of": "search", "app.kubernetes.io/name": "x"}
    metadata = service.service.metadata.model_copy(update={"labels": own})
    renamed = dataclasses.replace(service, service=service.service.model_copy(update={"metadata": metadata}))
    labels = objects(renamed)["Service", "web"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/part-of"] == "search"
    assert labels["app.kubernetes.io/name"] == "faiss"


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("docker.io/vllm/vllm-openai:v0.33.0", "v0.33.0"),
        ("a:1@sha256:00", "1"),
        ("localhost:5000/a", ""),
        ("localhost:5000/a:b_c", "b_c"),
        ("a", ""),
        ("a:b-", ""),
        (f"a:{'1' * 64}", ""),
    ],
)
def test_the_version_is_the_images_tag_where_it_can_be_a_label(image: str, version: str) -> None:
    assert image_version(image) == version

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.errors import ConflictError, RefusedError
from reconciler.kube.door.failures import AbsentError, ClashError
from reconciler.kube.kinds import CONFIG_MAP
from tests.kube.conftest import Cluster, until
from tests.kube.services import resolved

pytestmark = pytest.mark.controlplane


def test_a_deployed_service_is_seen_with_the_digest_it_was_deployed_with(cluster: Cluster) -> None:
    observer, deployer = cluster.observer(), cluster.deployer()
    service = resolved(f"{cluster.owner}-a", replicas=0)
    mark = cluster.deploy(deployer, service, restart="r1")
    kinds = ("configmap", "service", "deployment.apps")
    assert cluster.names() == {f"{kind}/{service.name}" for kind in kinds}
    until(lambda: [workload.mark for workload in observer.look().workloads] == [mark])
    (workload,) = observer.look().workloads
    assert workload.id == f"ai/{service.name}"
    assert [port for port, _ in workload.endpoints] == ["http"]


def test_rule_6_a_second_deploy_of_the_same_changes_nothing(cluster: Cluster) -> None:
    deployer, service = cluster.deployer(), resolved(f"{cluster.owner}-a", replicas=0)
    cluster.deploy(deployer, service)
    fields = {"configmap": ".metadata.resourceVersion", "service": ".metadata.resourceVersion"}
    fields["deployment"] = ".metadata.generation"  # its controller writes a status, which changes the version
    before = [cluster.get(kind, service.name, field) for kind, field in fields.items()]
    cluster.deploy(cluster.deployer(), service)
    assert [cluster.get(kind, service.name, field) for kind, field in fields.items()] == before


def test_an_object_deleted_by_hand_makes_the_set_incomplete_until_it_is_deployed_again(cluster: Cluster) -> None:
    observer, deployer = cluster.observer(), cluster.deployer()
    service = resolved(f"{cluster.owner}-a", replicas=0)
    mark = cluster.deploy(deployer, service)
    until(lambda: [workload.mark for workload in observer.look().workloads] == [mark])
    cluster.facts.kubectl("delete", "service", service.name, "-n", "ai")
    until(lambda: observer.look().workloads[0].mark.digest == "")
    (broken,) = observer.look().workloads
    assert broken.reason == "2 objects are there where 3 of one version should be"
    cluster.deploy(deployer, service, after=(broken,))
    until(lambda: [workload.mark for workload in observer.look().workloads] == [mark])


def test_rule_2_what_does_not_bear_our_mark_is_a_conflict_and_is_not_touched(cluster: Cluster) -> None:
    name = f"{cluster.owner}-a"
    foreign = {"app": "theirs"}
    item = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "ai", "labels": foreign},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": foreign},
            "template": {"metadata": {"labels": foreign}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
        },
    }
    cluster.facts.kubectl("create", "-f", "-", text=json.dumps(item))
    try:
        before = cluster.get("deployment", name, ".spec.template")
        with pytest.raises(ConflictError, match=f"Deployment ai/{name} exists and does not bear the mark"):
            cluster.deploy(cluster.deployer(), resolved(name))
        assert cluster.get("deployment", name, ".spec.template") == before
        assert cluster.names() == set()
    finally:
        cluster.facts.kubectl("delete", "deployment", name, "-n", "ai")


@pytest.mark.parametrize(("keep_data", "kept"), [(True, 1), (False, 0)])
def test_claims_outlive_a_removal_unless_data_may_go(cluster: Cluster, keep_data: bool, kept: int) -> None:
    observer, deployer = cluster.observer(), cluster.deployer(keep_data=keep_data)
    service = resolved(f"{cluster.owner}-a", "vllm", replicas=0, config={"model": "m"})
    cluster.deploy(deployer, service)
    until(lambda: observer.look().workloads)
    cluster.remove(deployer, observer)
    until(lambda: len(cluster.names()) == kept)


def test_a_cancelled_service_goes_and_cancelling_what_is_gone_costs_nothing(cluster: Cluster) -> None:
    observer, deployer = cluster.observer(), cluster.deployer()
    cluster.deploy(deployer, resolved(f"{cluster.owner}-a", replicas=0))
    until(lambda: observer.look().workloads)
    (workload,) = observer.look().workloads
    cluster.remove(deployer, observer, removal=False)
    assert cluster.names() == set()
    before = deployer.calls
    deployer.cancel(workload, removal=False)
    assert deployer.calls == before


def test_another_kind_of_workload_takes_the_place_of_the_old_one(cluster: Cluster) -> None:
    observer, deployer, name = cluster.observer(), cluster.deployer(), f"{cluster.owner}-a"
    cluster.deploy(deployer, resolved(name, replicas=0))
    until(lambda: observer.look().workloads)
    old = observer.look().workloads
    mark = cluster.deploy(deployer, resolved(name, "chroma", replicas=0), after=old)
    until(lambda: cluster.names("deployment,statefulset") == {f"statefulset.apps/{name}"})
    until(lambda: [workload.mark for workload in observer.look().workloads] == [mark])


def test_an_object_of_another_uid_is_not_deleted(cluster: Cluster) -> None:
    cluster.deploy(cluster.deployer(), resolved(f"{cluster.owner}-a", replicas=0))
    with pytest.raises(ClashError):
        cluster.client().delete(CONFIG_MAP, "ai", f"{cluster.owner}-a", "0" * 8, foreground=False)
    with pytest.raises(AbsentError):
        cluster.client().delete(CONFIG_MAP, "ai", f"{cluster.owner}-b", "0" * 8, foreground=False)
    assert f"configmap/{cluster.owner}-a" in cluster.names("configmap")


def test_a_workload_of_another_owner_is_not_cancelled(cluster: Cluster) -> None:
    observer = cluster.observer()
    cluster.deploy(cluster.deployer(), resolved(f"{cluster.owner}-a", replicas=0))
    until(lambda: observer.look().workloads)
    other = Cluster(cluster.facts, owner="other", stack=cluster.stack)
    with pytest.raises(ConflictError, match="not of other"):
        other.deployer().cancel(observer.look().workloads[0], removal=True)


def test_a_refusal_names_object_and_field(cluster: Cluster) -> None:
    service = resolved(f"{cluster.owner}-a", ignore=["/spec/template/spec/containers/0/image"])
    with pytest.raises(
        RefusedError,
        match=rf"^{service.file}: apply Deployment ai/{service.name}: spec\.template\.spec\.containers\[0\]\.image",
    ):
        cluster.deploy(cluster.deployer(), service)


def test_two_hundred_services_at_once_cost_three_calls_each_and_a_look_none(cluster: Cluster) -> None:
    observer, deployer = cluster.observer(), cluster.deployer()
    services = [resolved(f"{cluster.owner}-{index}", replicas=0) for index in range(200)]
    with ThreadPoolExecutor(16) as pool:
        marks = list(pool.map(lambda service: cluster.deploy(deployer, service), services))
    assert deployer.calls <= 3 * 200 + 30
    until(lambda: {workload.mark for workload in observer.look().workloads} == set(marks))
    before = observer.calls, deployer.calls
    assert observer.look().complete
    assert (observer.calls, deployer.calls) == before


def test_a_service_is_made_of_the_claims_of_its_stateful_set_too(cluster: Cluster) -> None:
    deployer = cluster.deployer()
    parts = {"ai/ConfigMap", "ai/Service", "ai/StatefulSet", "ai/PersistentVolumeClaim"}
    assert deployer.render(resolved("a", "chroma")).parts == parts
    assert deployer.render(resolved("b")).parts == {"ai/ConfigMap", "ai/Service", "ai/Deployment"}

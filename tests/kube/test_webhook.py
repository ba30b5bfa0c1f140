"""The webhook of the tests does what they rely on."""

from __future__ import annotations

import json

import pytest

from lab.host import LabError
from tests.kube.conftest import Cluster
from tests.kube.webhook import Decide, Decision, Review, deny, hang, mutate, webhook

pytestmark = pytest.mark.controlplane


def config(cluster: Cluster, name: str) -> str:
    metadata = {"name": name, "namespace": "ai", "labels": {"reconciler/owner": cluster.owner}}
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


def test_it_denies_changes_and_hangs_as_it_is_told_and_counts(cluster: Cluster) -> None:
    kubectl, name = cluster.facts.kubectl, f"{cluster.owner}-a"
    patch = {"op": "add", "path": "/metadata/annotations", "value": {"by": "webhook"}}
    with webhook(cluster.facts, {"reconciler/owner": cluster.owner}, mutate(patch), kind="mutating") as hook:
        kubectl("create", "-f", "-", text=config(cluster, name))
        assert cluster.get("configmap", name, ".metadata.annotations.by") == "webhook"
        hook.decide = deny("not today")
        with pytest.raises(LabError, match=r"denied the request: not today"):
            kubectl("delete", "configmap", name, "-n", "ai")
        hook.decide = hang
        with pytest.raises(LabError, match=r"context deadline exceeded|timeout"):
            kubectl("delete", "configmap", name, "-n", "ai")
        hook.decide = by_name(name)
        kubectl("delete", "configmap", name, "-n", "ai")
    assert (hook.count("CREATE"), hook.count("DELETE"), hook.count("UPDATE")) == (1, 3, 0)
    assert {one.name for one in hook.reviews} == {name}


def by_name(name: str) -> Decide:
    def decide(review: Review) -> Decision:
        return Decision(denied="" if review.name == name else "another name")

    return decide

"""A replica of several machines on the real node: each pod knows its place, and the first one answers."""

from __future__ import annotations

import pytest

from reconciler.models.health import Health
from tests.kube.conftest import Cluster, until
from tests.kube.services import changed, resolved

pytestmark = pytest.mark.node


def test_each_machine_knows_its_place_and_only_the_leader_is_asked(node: Cluster) -> None:
    observer, deployer, name = node.observer(), node.deployer(), f"{node.owner}-m"
    small = {"cpus": 1, "memory": "256Mi"}
    service = changed(resolved(name, resources=small, nodes=2), multiNode=True)
    node.deploy(deployer, service)
    until(lambda: [one.health for one in observer.look().workloads] == [Health.HEALTHY], 90.0)

    def told(pod: str) -> set[str]:
        lines = node.facts.kubectl("exec", "-n", "ai", pod, "--", "env").split()
        return {line for line in lines if line.startswith("RECONCILER_") and "_POD=" not in line}

    leader = f"RECONCILER_LEADER={name}-0.{name}-nodes.ai.svc"
    assert told(f"{name}-0") == {"RECONCILER_NODES=2", "RECONCILER_RANK=0", leader}
    assert told(f"{name}-0-1") == {"RECONCILER_NODES=2", "RECONCILER_RANK=1", leader}
    path = "items[*].endpoints[*].targetRef.name"
    selector = f"kubernetes.io/service-name={name}"
    asked = node.facts.kubectl("get", "endpointslices", "-n", "ai", "-l", selector, "-o", f"jsonpath={{.{path}}}")
    assert asked == f"{name}-0"
    deployer.cancel(observer.look().workloads[0], removal=True)

"""Changes of services whose pods really run: how they are rolled out, and that a broken one holds up nothing."""

from __future__ import annotations

from typing import Any

import pytest

from lab.images.catalogue import BUSYBOX, PAUSE
from reconciler.kube.kinds import DEPLOYMENT, POD
from reconciler.models.health import Health
from reconciler.models.wanted import ResolvedService
from tests.kube.conftest import Cluster, until
from tests.kube.services import changed, resolved

pytestmark = pytest.mark.node
#: Each takes some three seconds on an idle machine.
_PATIENCE = 60.0
_SLEEP = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 100 & wait; done"]
_READY = {"exec": {"command": ["sleep", "0"]}, "startup": "2m", "interval": "1s", "timeout": "1s"}
_RECIPE: dict[str, Any] = {
    "image": BUSYBOX,
    "health": _READY,
    "metrics": None,
    "start": {"container": {"user": 1000, "command": _SLEEP}},
}


def _service(name: str, replicas: int = 1, **recipe: Any) -> ResolvedService:
    return changed(resolved(name, resources={"cpus": 0.1, "memory": "64Mi"}, replicas=replicas), **_RECIPE | recipe)


def _pods(node: Cluster) -> set[str]:
    """Uids of the pods that are to stay."""
    items = node.client().list(POD, "ai", f"reconciler/owner={node.owner}").items
    return {item["metadata"]["uid"] for item in items if "deletionTimestamp" not in item["metadata"]}


@pytest.mark.parametrize("stateful", [False, True])
def test_a_new_commit_does_not_wait_for_a_broken_one(node: Cluster, *, stateful: bool) -> None:
    observer, deployer, name = node.observer(), node.deployer(), f"{node.owner}-a"
    node.deploy(deployer, _service(name, stateful=stateful, image="127.0.0.1:1/none:1"))
    until(lambda: [one.health for one in observer.look().workloads] == [Health.DEGRADED], _PATIENCE)
    mended = node.deploy(deployer, _service(name, stateful=stateful))
    until(
        lambda: [(one.health, one.mark) for one in observer.look().workloads] == [(Health.HEALTHY, mended)], _PATIENCE
    )


@pytest.mark.parametrize(("restart", "image"), [("again", BUSYBOX), ("", PAUSE)])
def test_pods_are_replaced_one_by_one_and_new_ones_are_ready_first(node: Cluster, restart: str, image: str) -> None:
    observer, deployer, client = node.observer(), node.deployer(), node.client()
    name = f"{node.owner}-a"

    def counts() -> tuple[int, int]:
        """How many are available, by its status, and how many pods there are: its status counts those late."""
        status = (client.get(DEPLOYMENT, "ai", name) or {}).get("status", {})
        return status.get("availableReplicas", 0), len(_pods(node))

    node.deploy(deployer, _service(name, replicas=2))
    until(lambda: [one.health for one in observer.look().workloads] == [Health.HEALTHY], _PATIENCE)
    before, seen = _pods(node), {counts()}
    wanted = node.deploy(deployer, _service(name, replicas=2, image=image), restart)

    def replaced() -> bool:
        seen.add(counts())
        (workload,) = observer.look().workloads
        return workload.mark == wanted and workload.health is Health.HEALTHY and not _pods(node) & before

    until(replaced, _PATIENCE)
    assert min(available for available, _ in seen) == 2
    assert max(there for _, there in seen) == 3


def test_a_change_that_breaks_leaves_what_serves(node: Cluster) -> None:
    observer, deployer, name = node.observer(), node.deployer(), f"{node.owner}-a"
    node.deploy(deployer, _service(name))
    until(lambda: [one.health for one in observer.look().workloads] == [Health.HEALTHY], _PATIENCE)
    before = _pods(node)
    node.deploy(deployer, _service(name, image="127.0.0.1:1/none:1"))
    until(lambda: [one.health for one in observer.look().workloads] == [Health.DEGRADED], _PATIENCE)
    (workload,) = observer.look().workloads
    assert workload.reason.startswith(("ErrImagePull", "ImagePullBackOff"))
    assert before < _pods(node)
    assert workload.phase.value == "Running"

"""Every cause made for real on a node, and seen within seconds; all at once, because most of it is waiting."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from lab.lab import Lab
from reconciler.models.health import Health
from reconciler.models.wanted import ResolvedService
from reconciler.models.workload import PendingClass, Phase, Workload
from tests.kube.conftest import KINDS, Cluster
from tests.kube.services import changed, resolved

pytestmark = pytest.mark.node
#: On an idle machine it takes one to seven seconds from the deployment, mostly the kubelet's.
_SECONDS = 20.0
_IMAGE = "docker.io/library/busybox:1.36"
_SMALL = {"cpus": 0.1, "memory": "64Mi"}
_SLEEP = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 100 & wait; done"]
_CRASH = ["sh", "-c", "echo no such model >/dev/termination-log; exit 3"]
_EAT = ["sh", "-c", "x=aaaaaaaa; while :; do x=$x$x; done"]
_NEVER_READY = {"exec": {"command": ["test", "-e", "/nothing"]}, "startup": "5m", "interval": "1s", "timeout": "1s"}
_ALWAYS_READY = _NEVER_READY | {"exec": {"command": ["test", "-e", "/"]}}


@dataclass(frozen=True)
class Case:
    """A service that cannot run, and what is to be seen of it."""

    name: str
    health: Health
    reason: str
    pending: PendingClass | None = None
    namespace: str = "ai"
    command: tuple[str, ...] = tuple(_SLEEP)
    service: tuple[tuple[str, Any], ...] = ()
    recipe: tuple[tuple[str, Any], ...] = ()

    def resolved(self, owner: str) -> ResolvedService:
        base = resolved(f"{owner}-{self.name}", namespace=self.namespace, resources=_SMALL, **dict(self.service))
        recipe: dict[str, Any] = {
            "image": _IMAGE,
            "health": _ALWAYS_READY,
            "metrics": None,
            "start": {"container": {"user": 1000, "command": list(self.command)}},
        }
        return changed(base, **recipe | dict(self.recipe))


_POD = "/spec/template/spec"
_MODEL = {"name": "model", "secret": {"secretName": "none"}}
_MOUNT = [
    {"op": "add", "path": f"{_POD}/volumes", "value": [_MODEL]},
    {"op": "add", "path": f"{_POD}/containers/0/volumeMounts", "value": [{"name": "model", "mountPath": "/model"}]},
]
_NO_NAME = [{"op": "replace", "path": f"{_POD}/containers/0/image", "value": "a:b:c"}]
_ROOT = {"container": {"user": 0, "command": _SLEEP}}
_DATA = {"data": {"path": "/data", "size": "900Ti"}}
_PULL = "(ErrImagePull|ImagePullBackOff): .*127.0.0.1:1/none:1"
_QUOTA = "FailedCreate: .*a pod is forbidden: exceeded quota: none"

CASES = (
    Case(
        "name",
        Health.DEGRADED,
        "InvalidImageName: ",
        PendingClass.BLOCKED,
        service=(("kubernetes", {"patches": [{"target": {"kind": "Deployment"}, "patch": _NO_NAME}]}),),
    ),
    Case("pull", Health.DEGRADED, _PULL, recipe=(("image", "127.0.0.1:1/none:1"),)),
    Case("crash", Health.DEGRADED, ".*Error, exit code 3: no such model", command=tuple(_CRASH)),
    Case("eat", Health.DEGRADED, ".*OOMKilled, exit code 137", command=tuple(_EAT)),
    Case(
        "secret",
        Health.DEGRADED,
        "CreateContainerConfigError: .*secret",
        service=(("secrets", {"S": {"name": "none", "key": "k"}}),),
    ),
    Case(
        "room",
        Health.PENDING,
        "Unschedulable: 0/1 nodes are available: .*affinity/selector",
        PendingClass.WAITING,
        service=(("kubernetes", {"nodeSelector": {"disk": "none"}}),),
    ),
    Case(
        "probe", Health.PROGRESSING, ".*Unhealthy: (Startup|Readiness) probe failed", recipe=(("health", _NEVER_READY),)
    ),
    Case(
        "mount",
        Health.DEGRADED,
        '.*FailedMount: .*secret "none" not found',
        service=(("kubernetes", {"patches": [{"target": {"kind": "Deployment"}, "patch": _MOUNT}]}),),
    ),
    Case(
        "data",
        Health.PENDING,
        "claim .* waits for a volume; FailedBinding: no persistent volumes available",
        PendingClass.WAITING,
        recipe=(("stateful", True), ("storage", _DATA)),
    ),
    Case("quota", Health.DEGRADED, "FailedCreate: .*exceeded quota: none", PendingClass.WAITING, "ai-two"),
    Case("sets", Health.DEGRADED, f".*{_QUOTA}", PendingClass.WAITING, "ai-two", recipe=(("stateful", True),)),
    Case(
        "secure",
        Health.DEGRADED,
        'FailedCreate: .*violates PodSecurity "restricted',
        PendingClass.BLOCKED,
        "ai-two",
        recipe=(("start", _ROOT),),
    ),
)


@contextmanager
def _narrow(node: Cluster) -> Iterator[None]:
    """The second namespace without room in its quota, and with Pod Security enforced."""
    label = "pod-security.kubernetes.io/enforce"
    node.facts.kubectl("create", "quota", "none", "-n", "ai-two", "--hard=pods=0")
    node.facts.kubectl("label", "namespace", "ai-two", f"{label}=restricted")
    try:
        yield
    finally:
        node.facts.kubectl("label", "namespace", "ai-two", f"{label}-")
        node.facts.kubectl("delete", "quota", "none", "-n", "ai-two")
        node.facts.kubectl("delete", KINDS, "-n", "ai-two", "-l", f"reconciler/owner={node.owner}", "--wait=false")


@pytest.fixture(scope="module")
def seen(lab_node: Lab) -> Iterator[dict[str, tuple[float, Workload]]]:
    """Case → after how many seconds it was seen as it should be, or the last that was seen of it."""
    node = Cluster(lab_node.kubernetes)
    try:
        with _narrow(node):
            yield _watched(node)
    finally:
        node.close()


def _watched(node: Cluster) -> dict[str, tuple[float, Workload]]:
    observer, deployer = node.observer(), node.deployer()
    found: dict[str, tuple[float, Workload]] = {}
    begun = {}
    for case in CASES:
        begun[case.name] = time.monotonic()
        node.deploy(deployer, case.resolved(node.owner))
    waiting = {case.name: case for case in CASES}
    while waiting and time.monotonic() < max(begun.values()) + _SECONDS:
        for workload in observer.look().workloads:
            name = workload.mark.service.removeprefix(f"{node.owner}-")
            if name in waiting:
                found[name] = (time.monotonic() - begun[name], workload)
                if _is_as_told(waiting[name], workload):
                    del waiting[name]
        time.sleep(0.05)
    return found


def _is_as_told(case: Case, workload: Workload) -> bool:
    told = re.match(case.reason, workload.reason)
    return bool(told) and (workload.health, workload.pending) == (case.health, case.pending)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_cause_is_seen_within_seconds(seen: dict[str, tuple[float, Workload]], case: Case) -> None:
    seconds, workload = seen[case.name]
    assert workload.phase is Phase.PENDING
    assert (workload.health, workload.pending) == (case.health, case.pending), workload.reason
    assert re.match(case.reason, workload.reason)
    assert seconds < _SECONDS

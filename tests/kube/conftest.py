"""A cluster for one test: the lab's API server and an owner id of its own; at the end all is closed and removed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

import pytest

from lab.kubernetes import KubernetesFacts
from lab.lab import Lab
from reconciler.errors import WaitingError
from reconciler.kube.declared import Declared
from reconciler.kube.door.client import Client
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.observer import KubernetesObserver
from reconciler.kube.write.deployer import KubernetesDeployer
from reconciler.models.wanted import ResolvedService
from reconciler.models.workload import Mark, Workload
from reconciler.settings import KubernetesTarget
from tests.kube.services import target

KINDS = "deployment,statefulset,service,configmap,persistentvolumeclaim"


@dataclass
class Cluster:
    """What a test does with the cluster; services are named `<owner>-…`, so that tests do not meet.

    `fields` are further settings of the target.
    """

    facts: KubernetesFacts
    owner: str = field(default_factory=lambda: f"t{token_hex(4)}")
    stack: ExitStack = field(default_factory=ExitStack)
    cache: Cache = field(default_factory=lambda: Cache(Declared()))
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> KubernetesTarget:
        usual = {
            "kubeconfig": str(self.facts.daemon_kubeconfig),
            "namespaces": self.facts.namespaces,
            "gpu_resource": "nvidia.com/gpu",
            "timeout": "10s",
        }
        return target(**usual | self.fields)

    def client(self, connections: int = 4, *, writes: bool = False) -> Client:
        client = Client(self.target, connections, writes=writes)
        self.stack.callback(client.close)
        return client

    def deployer(self, *, keep_data: bool = True) -> KubernetesDeployer:
        deployer = KubernetesDeployer(
            "cloud", self.target, self.owner, self.client(writes=True), self.cache, keep_data=keep_data
        )
        self.stack.callback(deployer.close)
        return deployer

    def observer(self, bell: Callable[[], None] = lambda: None) -> KubernetesObserver:
        """One that follows, and has seen everything once."""
        observer = KubernetesObserver("cloud", self.target, self.owner, self.client(64), self.cache)
        self.stack.callback(observer.close)
        observer.start(bell)
        until(lambda: observer.look().complete)
        return observer

    def mark(self, service: ResolvedService, digest: str, restart: str = "") -> Mark:
        return Mark(self.owner, service.name, 0, digest, restart, revision=service.revision.short)

    def deploy(
        self,
        deployer: KubernetesDeployer,
        service: ResolvedService,
        restart: str = "",
        after: tuple[Workload, ...] = (),
    ) -> Mark:
        mark = self.mark(service, deployer.render(service).digest, restart)
        deployer.deploy(service, mark, 0.0, after)
        return mark

    def remove(self, deployer: KubernetesDeployer, observer: KubernetesObserver, *, removal: bool = True) -> None:
        """Cancel everything, turn after turn, until nothing is left of it."""
        deadline = time.monotonic() + 60.0
        while found := observer.look().workloads:
            for workload in found:
                with suppress(WaitingError):
                    deployer.cancel(workload, removal=removal)
            assert time.monotonic() < deadline, found
            time.sleep(0.05)

    def names(self, kinds: str = KINDS, label: str = "") -> set[str]:
        """`kind/name` of what bears our mark."""
        selector = label or f"reconciler/owner={self.owner}"
        return set(self.facts.kubectl("get", kinds, "-n", "ai", "-l", selector, "-o", "name").split())

    def get(self, kind: str, name: str, path: str) -> str:
        return self.facts.kubectl("get", kind, name, "-n", "ai", "-o", f"jsonpath={{{path}}}")

    def close(self) -> None:
        self.stack.close()
        self.facts.kubectl(
            "delete", f"{KINDS},secret", "-n", "ai", "-l", f"reconciler/owner={self.owner}", "--wait=false"
        )


@pytest.fixture
def cluster(lab_control_plane: Lab) -> Iterator[Cluster]:
    made = Cluster(lab_control_plane.kubernetes)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def node(lab_node: Lab) -> Iterator[Cluster]:
    """The same with a node, so that pods run."""
    made = Cluster(lab_node.kubernetes)
    try:
        yield made
    finally:
        made.close()


def until(true: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until `true()` is true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)

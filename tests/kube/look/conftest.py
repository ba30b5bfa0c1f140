"""An observer that sees the lab's API server through the proxy of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.kube.door.client import Client
from reconciler.kube.kinds import CONFIG_MAP, Kind
from reconciler.kube.look.observer import KubernetesObserver
from reconciler.kube.look.seen import Seen
from tests.kube.conftest import Cluster, until
from tests.kube.proxy import Proxy, proxied

_TIMEOUT = timedelta(seconds=2)


@dataclass
class View:
    """What an observer sees through a proxy of one cluster."""

    cluster: Cluster
    proxy: Proxy
    observer: KubernetesObserver
    kubeconfig: Path

    def config(self, name: str, digest: str = "d1", namespace: str = "ai") -> str:
        """Make or change a ConfigMap of ours by hand, beside the proxy; its name."""
        owner, full = self.cluster.owner, f"{self.cluster.owner}-{name}"
        labels = f"{{reconciler/owner: {owner}, reconciler/service: {full}, app.kubernetes.io/managed-by: reconciler}}"
        notes = f"{{reconciler/digest: {digest}, reconciler/objects: '1'}}"
        metadata = f"{{name: {full}, namespace: {namespace}, labels: {labels}, annotations: {notes}}}"
        text = f"{{apiVersion: v1, kind: ConfigMap, metadata: {metadata}}}"
        self.cluster.facts.kubectl("apply", "--server-side", "-f", "-", text=text)
        return full

    def seen(self, name: str, kind: Kind = CONFIG_MAP) -> Seen | None:
        return self.cluster.cache.get(kind, "ai", f"{self.cluster.owner}-{name}")

    def digest(self, name: str) -> str:
        seen = self.seen(name)
        return seen.stamp.mark.digest if seen else ""

    def client(self, page: int = 500) -> Client:
        """Another client of the same proxy."""
        target = self.cluster.target.model_copy(update={"kubeconfig": self.kubeconfig, "timeout": _TIMEOUT})
        client = Client(target, 2, page=page)
        self.cluster.stack.callback(client.close)
        return client

    def gaps(self) -> list[str]:
        return [gap.part for gap in self.observer.look().gaps]

    @property
    def whole(self) -> bool:
        seen = self.observer.look()
        return seen.complete and not seen.gaps


@pytest.fixture
def view(cluster: Cluster, tmp_path: Path) -> Iterator[View]:
    """A running observer, which has seen everything once."""
    with proxied(cluster.facts) as proxy:
        yield following(cluster, proxy, tmp_path)


def following(cluster: Cluster, proxy: Proxy, folder: Path, gaps: int = 0) -> View:
    """Start an observer, and wait until it has seen everything once but for some gaps."""
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(proxy.kubeconfig())
    target = cluster.target.model_copy(update={"kubeconfig": kubeconfig, "namespaces": ("ai",), "timeout": _TIMEOUT})
    observer = KubernetesObserver("cloud", target, cluster.owner, Client(target, 32), cluster.cache)
    cluster.stack.callback(observer.close)
    observer.start(lambda: None)
    made = View(cluster, proxy, observer, kubeconfig)
    until(lambda: observer.look().complete and len(made.gaps()) == gaps)
    return made

"""Sets of objects that no recipe would make, applied and removed with the parts that the deployer is made of."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from reconciler.errors import WaitingError
from reconciler.kube import marks
from reconciler.kube.door.client import Client
from reconciler.kube.kinds import ALWAYS, OPTIONAL, Object, full_name
from reconciler.kube.look.seen import Seen
from reconciler.kube.render.manifests import Manifest
from reconciler.kube.render.storage import template_claims
from reconciler.kube.write.apply import Applier
from reconciler.kube.write.conflicts import Guard
from reconciler.kube.write.remove import Remover
from reconciler.models.workload import Mark
from reconciler.settings import KubernetesTarget
from tests.kube.conftest import Cluster, until

KINDS = [kind.full for kind in (*ALWAYS, *OPTIONAL)]


class Writer:
    """One service, `<owner>-w`, whose objects a test makes as it likes; what is there is followed."""

    def __init__(self, cluster: Cluster, target: KubernetesTarget | None = None) -> None:
        self.cluster = cluster
        self.owner = cluster.owner
        self.name = f"{cluster.owner}-w"
        self.observer = cluster.observer()
        target = target or cluster.target
        self.api = Client(target, 4)
        cluster.stack.callback(self.api.close)
        self.guard = Guard(self.api, self.owner, cluster.cache, time.monotonic)
        self.applier = Applier(self.api, cluster.cache, self.guard, create_namespaces=target.create_namespaces)
        self.remover = Remover(self.api, cluster.cache, self.guard, KINDS)

    def apply(self, *objects: Object, digest: str = "1", careful: bool = False, service: str = "") -> None:
        """Apply, and wait until that is seen."""
        self.put(*objects, digest=digest, careful=careful, service=service)
        for item in objects:
            until(lambda item=item: self.digest(item) == digest)

    def put(self, *objects: Object, digest: str = "1", careful: bool = False, service: str = "") -> None:
        """Apply."""
        service = service or self.name
        made = tuple(self.ours(item, service) for item in objects)
        manifest = Manifest(made, digest, template_claims(made, 1), careful=careful)
        self.applier.apply(manifest, Mark(self.owner, service, 0, digest))

    def ours(self, item: Object, service: str = "") -> Object:
        """With the labels of a service."""
        own = item["metadata"].get("labels", {})
        labels = {**marks.labels(self.owner, service or self.name, "raw"), **own}
        return {**item, "metadata": {**item["metadata"], "labels": labels}}

    def digest(self, item: Object) -> str:
        seen = self.seen(item)
        return seen.stamp.mark.digest if seen else ""

    def seen(self, item: Object) -> Seen | None:
        metadata = item["metadata"]
        return self.cluster.cache.get(self.api.kind(full_name(item)), metadata["namespace"], metadata["name"])

    def live(self, item: Object) -> Object | None:
        """As the server has it now."""
        metadata = item["metadata"]
        return self.api.get(self.api.kind(full_name(item)), metadata["namespace"], metadata["name"])

    def remove(self, *, claims: bool = False, stays: str = "") -> list[list[str]]:
        """Remove all but one, turn after turn; the kinds that were there before each turn that found fewer."""
        turns: list[list[str]] = []
        deadline = time.monotonic() + 20.0
        while kinds := sorted(one.kind for one in self.left(claims=claims) if one.name != stays):
            if not turns or turns[-1] != kinds:
                turns.append(kinds)
            with suppress(WaitingError):
                self.remover.remove("ai", self.name, claims=claims)
            assert time.monotonic() < deadline, kinds
            time.sleep(0.02)
        return turns

    def everything(self) -> tuple[Seen, ...]:
        """What is seen of it, and of what was made of it."""
        return self.cluster.cache.of("ai", self.name)

    def left(self, *, claims: bool = False) -> list[Seen]:
        """What is seen of it, but what Kubernetes made of it (and claims)."""
        return [one for one in self.everything() if not one.child and (claims or one.kind != "PersistentVolumeClaim")]

    def config_map(self, data: dict[str, str] | None = None, **fields: Any) -> Object:
        return self.item("v1", "ConfigMap", data=data or {"a": "b"}, **fields)

    def service(self, namespace: str = "ai", **spec: Any) -> Object:
        return self.item(
            "v1", "Service", namespace, spec={"ports": [{"port": 80}], "selector": {"app": self.name}, **spec}
        )

    def claim(self, size: str = "1Gi") -> Object:
        return self.item("v1", "PersistentVolumeClaim", spec=_claim(size))

    def deployment(self, label: str = "a", **spec: Any) -> Object:
        return self.item("apps/v1", "Deployment", spec={"replicas": 0, **self._pods(label), **spec})

    def stateful_set(self, size: str = "1Gi", label: str = "a", **spec: Any) -> Object:
        labels = {**marks.identity(self.owner, self.name), marks.MANAGED_BY: marks.MANAGER}
        templates = [{"metadata": {"name": "data", "labels": labels}, "spec": _claim(size)}]
        own = {"replicas": 1, "serviceName": self.name, "volumeClaimTemplates": templates}
        return self.item("apps/v1", "StatefulSet", spec={**own, **self._pods(label), **spec})

    def network_policy(self) -> Object:
        return self.item("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}, "policyTypes": ["Ingress"]})

    def _pods(self, label: str) -> Object:
        labels = {**marks.identity(self.owner, self.name), marks.MANAGED_BY: marks.MANAGER, "app": label}
        container = {"name": "main", "image": "none.invalid/x"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        return {"selector": {"matchLabels": {"app": label}}, "template": template}

    def item(self, api_version: str, kind: str, namespace: str = "ai", **fields: Any) -> Object:
        metadata = {"name": self.name, "namespace": namespace}
        return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def _claim(size: str) -> Object:
    return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}

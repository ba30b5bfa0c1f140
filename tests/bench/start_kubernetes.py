"""Starts on Kubernetes: by `kubectl apply` of the rendered objects, and by a commit."""

from __future__ import annotations

import json
import time
from typing import Any, Self

from reconciler.kube.render import manifests
from reconciler.models.workload import Mark
from reconciler.settings import KubernetesTarget
from tests.bench.api_server import ApiServer
from tests.bench.start_services import Starts
from tests.e2e.world import remove_all
from tests.recipes.kubernetes.stand import KubernetesStand

_HAND = "by-hand"
_NAMESPACE = "/api/v1/namespaces/ai"


class PodStarts(Starts[KubernetesStand]):
    """The ways to start one service of a recipe, as `name`, and to end it; each gives its times in seconds."""

    def __init__(self, stand: KubernetesStand) -> None:
        super().__init__(stand)
        self._server = ApiServer(stand.kubernetes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        remove_all(self.stand.kubernetes, _HAND)
        self._server.close()

    def by_kubectl(self, recipe: str, name: str) -> dict[str, float]:
        """As somebody with the same objects would do it."""
        objects = json.dumps({"apiVersion": "v1", "kind": "List", "items": self._objects(recipe, name)})
        began = time.monotonic()
        self.stand.kubernetes.kubectl("apply", "--filename=-", text=objects)
        took = self.until(lambda: self._is_ready(name)) - began
        self.stand.kubernetes.kubectl("delete", "--filename=-", "--wait=false", text=objects)
        self.until(lambda: not self._pods(name))
        return {"kubectl": took}

    def by_commit(self, recipe: str, name: str) -> dict[str, float]:
        """As Reconciler does it. made: its pod is there; ready: it is Ready; healthy: in the table."""
        began = self.commit(recipe, name)
        made = self.until(lambda: bool(self._pods(name))) - began
        ready = self.until(lambda: self._is_ready(name)) - began
        healthy = self.healthy(name) - began
        self.end(name)
        self.until(lambda: not self._pods(name))
        return {"made": made, "ready": ready, "healthy": healthy}

    def _objects(self, recipe: str, name: str) -> list[dict[str, Any]]:
        """Everything that the daemon would make, the Secret with made passwords too."""
        service, target = self.resolved(recipe, name)
        assert isinstance(target, KubernetesTarget)
        manifest = manifests.render(service, target, _HAND)
        stamped = list(manifests.stamp(manifest, Mark(_HAND, name, 0, manifest.digest)))
        labels = {"reconciler/owner": _HAND}
        words = dict.fromkeys(service.generated, "by-hand-by-hand-by-hand")
        metadata = {"name": f"{name}-generated", "namespace": "ai", "labels": labels}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": words}
        return [*([secret] if words else []), *stamped]

    def _pods(self, name: str) -> list[dict[str, Any]]:
        path = f"{_NAMESPACE}/pods?labelSelector=reconciler/service={name}"
        found: list[dict[str, Any]] = self._server.get(path)["items"]
        return found

    def _is_ready(self, name: str) -> bool:
        conditions = [one for pod in self._pods(name) for one in pod["status"].get("conditions", ())]
        return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)

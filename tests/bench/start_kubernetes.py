"""Starts on Kubernetes: by `kubectl apply` of the rendered objects, and by a commit."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Self

from lab.factory import is_healthy, line_of
from reconciler.kube.render import manifests
from reconciler.models.workload import Mark
from reconciler.settings import KubernetesTarget
from tests.bench.api_server import ApiServer
from tests.bench.start_services import put_model, text
from tests.bench.wanted import resolve, settings_of
from tests.e2e.world import remove_all
from tests.recipes.kubernetes.stand import KubernetesStand

_PATIENCE = 180.0
_PAUSE = 0.02
_HAND = "by-hand"
_NAMESPACE = "/api/v1/namespaces/ai"


class PodStarts:
    """The ways to start one service of a recipe, as `name`, and to end it; each gives its times in seconds."""

    def __init__(self, stand: KubernetesStand) -> None:
        self._stand = stand
        self._factory = stand.factory
        self._server = ApiServer(stand.kubernetes)
        self._more: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        remove_all(self._stand.kubernetes, _HAND)
        self._server.close()

    def begin(self) -> None:
        """The daemon with an empty repository, and a model for Triton."""
        models = self._stand.files("models")
        put_model(self._factory, models.place, self._stand.numpy)
        self._more["triton"] = {"config": {"modelRepository": models.inside}, **models.spec}
        self._factory.commit({}, "Nothing yet")
        self._factory.start()
        self._factory.wait("a first turn", lambda shape: bool(shape.targets) and shape.targets[0].reachable)

    def by_kubectl(self, recipe: str, name: str) -> dict[str, float]:
        """As somebody with the same objects would do it."""
        objects = json.dumps({"apiVersion": "v1", "kind": "List", "items": self._objects(recipe, name)})
        began = time.monotonic()
        self._stand.kubernetes.kubectl("apply", "--filename=-", text=objects)
        took = self._until(lambda: self._is_ready(name)) - began
        self._stand.kubernetes.kubectl("delete", "--filename=-", "--wait=false", text=objects)
        self._until(lambda: not self._pods(name))
        return {"kubectl": took}

    def by_commit(self, recipe: str, name: str) -> dict[str, float]:
        """As Reconciler does it. made: its pod is there; ready: it is Ready; healthy: in the table."""
        factory, path = self._factory, f"desired/{name}.yaml"
        factory.put(factory.repository / path, self._text(recipe, name))
        factory.git("add", "--all")
        began = time.monotonic()
        factory.git("commit", "--quiet", "--message", f"Start {name}")
        made = self._until(lambda: bool(self._pods(name))) - began
        ready = self._until(lambda: self._is_ready(name)) - began
        healthy = self._until(lambda: (shape := factory.status()) is not None and is_healthy(shape, name)) - began
        factory.commit({path: None}, f"End {name}\n\nReconciler-Allow-Removals: all")
        self._until(lambda: not self._pods(name))
        self._until(lambda: (shape := factory.status()) is not None and line_of(shape, name) is None)
        return {"made": made, "ready": ready, "healthy": healthy}

    def _text(self, recipe: str, name: str) -> str:
        return text(name, "kubernetes", recipe, self._stand.small, self._more.get(recipe, {}))

    def _objects(self, recipe: str, name: str) -> list[dict[str, Any]]:
        """Everything that the daemon would make, the Secret with made passwords too."""
        settings = settings_of(self._factory.settings)
        target = settings.targets["kubernetes"]
        assert isinstance(target, KubernetesTarget)
        (service,) = resolve({f"desired/{name}.yaml": self._text(recipe, name)}, settings)
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

    def _until(self, true: Callable[[], bool]) -> float:
        deadline = time.monotonic() + _PATIENCE
        while not true():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {_PATIENCE:g} s; {self._factory.status()}")
            time.sleep(_PAUSE)
        return time.monotonic()

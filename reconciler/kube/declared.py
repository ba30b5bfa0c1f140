"""What each service was rendered to last: the deployer writes it, those who compare read it."""

from __future__ import annotations

import threading

from reconciler.kube.render.manifests import Manifest


class Declared:
    """The manifests in force, by the service's name; to be shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._manifests: dict[str, Manifest] = {}

    def put(self, service: str, manifest: Manifest) -> None:
        """From now on this is wanted."""
        with self._lock:
            self._manifests[service] = manifest

    def of(self, service: str) -> Manifest | None:
        """What is wanted of a service; None when it is not wanted, or not rendered yet."""
        with self._lock:
            return self._manifests.get(service)

    def forget(self, service: str) -> None:
        """It is wanted no more."""
        with self._lock:
            self._manifests.pop(service, None)

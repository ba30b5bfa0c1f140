"""What each service was rendered to last: the deployer writes it, those who compare read it.

Five thousand services would need a hundred megabytes as dictionaries; packed they need about ten. They are unpacked
when something is to be compared or applied.
"""

from __future__ import annotations

import json
import threading
import zlib
from dataclasses import replace

from reconciler.kube.kinds import Object
from reconciler.kube.render.manifests import Manifest


class Declared:
    """The manifests in force, by the service's name; to be shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._manifests: dict[str, tuple[Manifest, bytes]] = {}

    def put(self, service: str, manifest: Manifest) -> None:
        """From now on this is wanted."""
        packed = (replace(manifest, objects=()), pack(manifest.objects))
        with self._lock:
            self._manifests[service] = packed

    def of(self, service: str) -> Manifest | None:
        """What is wanted of a service; None when it is not wanted, or not rendered yet."""
        with self._lock:
            manifest, packed = self._manifests.get(service, (None, b""))
        return replace(manifest, objects=tuple(unpack(packed))) if manifest else None

    def digest(self, service: str) -> str:
        """The digest of what is wanted; "" when nothing is. It costs nothing."""
        with self._lock:
            manifest, _ = self._manifests.get(service, (None, b""))
        return manifest.digest if manifest else ""

    def object(self, service: str, kind: str, namespace: str, name: str) -> Object | None:
        """One object of what is wanted of a service."""
        manifest = self.of(service)
        wanted = (kind, namespace, name)
        found = (item for item in manifest.objects if _name(item) == wanted) if manifest else iter(())
        return next(found, None)

    def ignored(self, service: str) -> tuple[str, ...]:
        """Pointers to what others own of a service's objects."""
        with self._lock:
            manifest, _ = self._manifests.get(service, (None, b""))
        return manifest.ignore if manifest else ()

    def forget(self, service: str) -> None:
        """It is wanted no more."""
        with self._lock:
            self._manifests.pop(service, None)


def pack(value: object) -> bytes:
    """A JSON value in a quarter of its bytes."""
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode("utf-8", "surrogatepass"), 1)


def unpack(packed: bytes) -> list[Object]:
    """What was packed."""
    value: list[Object] = json.loads(zlib.decompress(packed))
    return value


def _name(item: Object) -> tuple[str, str, str]:
    metadata = item["metadata"]
    return item["kind"], metadata["namespace"], metadata["name"]

"""What a lab's Kubernetes holds from the start: namespaces, what the daemon under test may do, and volumes to claim."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

#: Namespaces for services; the first one is the default.
NAMESPACES = ("ai", "ai-two")
#: The name that the daemon under test has; its certificate says so.
DAEMON = "reconciler-daemon"
VOLUMES = 48

_READ = ["get", "list", "watch"]
_KEEP = [*_READ, "create", "patch", "delete"]
_RBAC = "rbac.authorization.k8s.io"

Manifest = dict[str, object]


def objects(volumes: Path) -> list[Manifest]:
    """All of them, in the order in which they can be made; the volumes' data goes below the folder `volumes`."""
    return [
        *(_namespace(name) for name in NAMESPACES),
        _role(),
        *(_binding(namespace) for namespace in NAMESPACES),
        *(_volume(path) for path in volume_folders(volumes)),
    ]


def volume_folders(volumes: Path) -> Iterable[Path]:
    """Where the data of each volume goes."""
    return (volumes / f"lab-{number:02}" for number in range(VOLUMES))


def _namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _role() -> Manifest:
    """What a daemon needs in a namespace that it deploys to, and nothing else: no secrets, nothing of the cluster."""
    rules = [
        _rule("apps", ["deployments", "statefulsets"], _KEEP),
        _rule("", ["services", "configmaps", "persistentvolumeclaims"], _KEEP),
        _rule("", ["pods", "pods/log", "events"], _READ),
        _rule("coordination.k8s.io", ["leases"], [*_KEEP, "update"]),
    ]
    metadata = {"name": DAEMON}
    return {"apiVersion": f"{_RBAC}/v1", "kind": "ClusterRole", "metadata": metadata, "rules": rules}


def _rule(group: str, resources: list[str], verbs: list[str]) -> Manifest:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


def _binding(namespace: str) -> Manifest:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": DAEMON, "namespace": namespace},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": DAEMON},
        "subjects": [{"apiGroup": _RBAC, "kind": "User", "name": DAEMON}],
    }


def _volume(path: Path) -> Manifest:
    """A folder that a claim without a storage class can get; there is nothing that would make volumes on demand."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": path.name},
        "spec": {
            "capacity": {"storage": "100Gi"},
            "accessModes": ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"],
            "persistentVolumeReclaimPolicy": "Retain",
            "hostPath": {"path": str(path), "type": "Directory"},
        },
    }

"""What a lab's Kubernetes holds from the start: namespaces, what the daemon under test may do, and volumes to claim."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reconciler.kube import rbac
from reconciler.settings import KubernetesTarget

#: Namespaces for services; the first one is the default.
NAMESPACES = ("ai", "ai-two")
#: The name that the daemon under test has; its certificate says so.
DAEMON = "reconciler-daemon"
VOLUMES = 96

Manifest = dict[str, object]


def objects(volumes: Path) -> list[Manifest]:
    """All of them, in the order in which they can be made; the volumes' data goes below the folder `volumes`."""
    return [
        *(_namespace(name) for name in NAMESPACES),
        *_rights(),
        *(_volume(path) for path in volume_folders(volumes)),
    ]


def volume_folders(volumes: Path) -> Iterable[Path]:
    """Where the data of each volume goes."""
    return (volumes / f"lab-{number:02}" for number in range(VOLUMES))


def _namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _rights() -> list[Manifest]:
    """What `reconciler rbac` prints, but that a lease may have any name: each test is an owner of its own."""
    target = KubernetesTarget(kind="kubernetes", namespaces=NAMESPACES)
    made = rbac.roles(target, "lab", rbac.Subject(DAEMON), keep_data=False)
    for rule in (rule for item in made for rule in item.get("rules", [])):
        rule.pop("resourceNames", None)
    return made


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

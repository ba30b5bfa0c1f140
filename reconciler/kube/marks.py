"""The mark on Kubernetes objects: its writer and its reader, side by side.

Labels say whose an object is (they can be selected); annotations say what it is. A replica, a generation and an
attempt are not written: on Kubernetes one group of objects holds all replicas, and Kubernetes counts the rest itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.kube.kinds import Object
from reconciler.models.workload import Mark

MANAGER = "reconciler"
MANAGED_BY = "app.kubernetes.io/managed-by"
OWNER = "reconciler/owner"
SERVICE = "reconciler/service"
DIGEST = "reconciler/digest"
OBJECTS = "reconciler/objects"
REVISION = "reconciler/revision"
RESTART = "reconciler/restart"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an object says about itself: its mark, and of how many objects its set consists.

    `objects` is 0 on what Kubernetes makes out of ours (pods, claims of a StatefulSet): they are not counted.
    """

    mark: Mark
    objects: int = 0


def identity(owner: str, service: str) -> dict[str, str]:
    """The two labels that tell whose an object is; they never change, so that selectors may use them."""
    return {OWNER: owner, SERVICE: service}


def labels(owner: str, service: str, recipe: str) -> dict[str, str]:
    """All labels of an object of a service."""
    return {
        MANAGED_BY: MANAGER,
        "app.kubernetes.io/name": recipe,
        "app.kubernetes.io/instance": service,
        **identity(owner, service),
    }


def notes(mark: Mark, objects: int) -> dict[str, str]:
    """The annotations of an object that is one of `objects` objects deployed under `mark`."""
    written = {DIGEST: mark.digest, OBJECTS: str(objects), REVISION: mark.revision, RESTART: mark.restart}
    return {key: value for key, value in written.items() if value}


def ours(owner: str, service: str = "") -> str:
    """The label selector for everything of an owner, or of one service of it."""
    selector = f"{MANAGED_BY}={MANAGER},{OWNER}={owner}"
    return f"{selector},{SERVICE}={service}" if service else selector


def foreign(owner: str) -> str:
    """The label selector for everything that does not bear the mark of `owner`."""
    return f"{OWNER}!={owner}"


def read(item: Object) -> Stamp | None:
    """The stamp of an object; None when it is not one of ours. Never raises, whatever stands in its metadata."""
    metadata = _texts(item, "metadata")
    label, note = _texts(metadata, "labels"), _texts(metadata, "annotations")
    owner, service = label.get(OWNER), label.get(SERVICE)
    if label.get(MANAGED_BY) != MANAGER or not isinstance(owner, str) or not isinstance(service, str):
        return None
    digest, restart, revision = (_text(note.get(key)) for key in (DIGEST, RESTART, REVISION))
    return Stamp(Mark(owner, service, 0, digest, restart, revision=revision), _count(note.get(OBJECTS)))


def _texts(parent: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = parent.get(key)
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    """The number written in an annotation; 0 for anything else. The digits are bounded: int() is slow on long ones."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6 else 0

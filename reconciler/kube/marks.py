"""The mark on Kubernetes objects: its writer and its reader, side by side.

Labels say whose an object is (they can be selected); annotations say what it is. A replica, a generation and an
attempt are not written: on Kubernetes one group of objects holds all replicas, and Kubernetes counts the rest itself.

Labels are copied easily: `kubectl get -o yaml`, another name, `kubectl apply`. The annotation `reconciler/id` therefore
names the very object that it stands on; on a copy it names another one. Where it is right, it counts for more than the
labels, so that an object whose labels were changed by hand is known. What Kubernetes makes out of our objects has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from sys import intern

from reconciler.kube.kinds import CLAIM, Object
from reconciler.models.workload import Mark

MANAGER = "reconciler"
MANAGED_BY = "app.kubernetes.io/managed-by"
OWNER = "reconciler/owner"
SERVICE = "reconciler/service"
DIGEST = "reconciler/digest"
OBJECTS = "reconciler/objects"
REVISION = "reconciler/revision"
RESTART = "reconciler/restart"
ID = "reconciler/id"
#: On claims that outlive their service: the recipe whose data they hold.
RECIPE = "reconciler/recipe"
#: The label that has the recipe of what is not kept.
NAME = "app.kubernetes.io/name"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an object says about itself: its mark, and of how many objects its set consists.

    `objects` is 0 on what Kubernetes makes out of ours (pods, claims of a StatefulSet): they are not counted.
    `damaged` names the first label or annotation of the mark that was changed by hand; "" when it is as it was written.
    """

    mark: Mark
    objects: int = 0
    damaged: str = ""


def identity(owner: str, service: str) -> dict[str, str]:
    """The two labels that tell whose an object is; they never change, so that selectors may use them."""
    return {OWNER: owner, SERVICE: service}


def labels(owner: str, service: str, recipe: str) -> dict[str, str]:
    """All labels of an object of a service."""
    return {
        MANAGED_BY: MANAGER,
        NAME: recipe,
        "app.kubernetes.io/instance": service,
        **identity(owner, service),
    }


def notes(mark: Mark, objects: int, kind: str, namespace: str, name: str) -> dict[str, str]:
    """The annotations of one object, which is one of `objects` objects deployed under `mark`."""
    written = {
        ID: identifier(mark.owner, mark.service, kind, namespace, name),
        DIGEST: mark.digest,
        OBJECTS: str(objects),
        REVISION: mark.revision,
        RESTART: mark.restart,
    }
    return {key: value for key, value in written.items() if value}


def identifier(owner: str, service: str, kind: str, namespace: str, name: str) -> str:
    """Which object this is and whose; none of the words can have a slash (the API's rules for names)."""
    return f"{owner}/{service}/{kind}/{namespace}/{name}"


def ours(owner: str, service: str = "") -> str:
    """The label selector for everything of an owner, or of one service of it.

    `managed-by` is not asked for: an object from which somebody took that label would not be seen any more.
    """
    selector = f"{OWNER}={owner}"
    return f"{selector},{SERVICE}={service}" if service else selector


def foreign(owner: str) -> str:
    """The label selector for everything that does not bear the mark of `owner`."""
    return f"{OWNER}!={owner}"


def read(item: Object, kind: str) -> Stamp | None:
    """The stamp of an object of this kind; None when it bears no mark, or is a copy of one that does.

    Never raises, whatever stands in its metadata. Items of a list do not name their kind: it is told.
    """
    metadata = _texts(item, "metadata")
    label, note = _texts(metadata, "labels"), _texts(metadata, "annotations")
    whose = _whose(note, kind, metadata) if ID in note else _claimed(label)
    if whose is None:
        return None
    digest, restart, revision = (_text(note.get(key)) for key in (DIGEST, RESTART, REVISION))
    objects = _count(note.get(OBJECTS))
    mark = Mark(*whose, 0, digest, restart, revision=revision)
    return Stamp(mark, objects, _damage(label, note, mark, objects))


def recipe(item: Object, kind: str) -> str:
    """The recipe whose data a kept claim holds, or of which another object was made; "" when it does not say."""
    metadata = _texts(item, "metadata")
    own = kind == CLAIM.name
    return _text(_texts(metadata, "annotations" if own else "labels").get(RECIPE if own else NAME))


def _whose(note: Mapping[str, object], kind: str, metadata: Mapping[str, object]) -> tuple[str, str] | None:
    """Owner and service by the annotation; None when that does not name this object."""
    owner, _, rest = str(note[ID]).partition("/")
    service, _, place = rest.partition("/")
    same = place == f"{kind}/{metadata.get('namespace')}/{metadata.get('name')}"
    return (intern(owner), intern(service)) if same and owner and service else None


def _claimed(label: Mapping[str, object]) -> tuple[str, str] | None:
    """Owner and service by the labels."""
    owner, service = _text(label.get(OWNER)), _text(label.get(SERVICE))
    return (owner, service) if label.get(MANAGED_BY) == MANAGER and owner and service else None


def _damage(label: Mapping[str, object], note: Mapping[str, object], mark: Mark, objects: int) -> str:
    written = {MANAGED_BY: MANAGER, **identity(mark.owner, mark.service)}
    wrong = next((key for key, value in written.items() if label.get(key) != value), "")
    return wrong or (ID if objects and ID not in note else "")


def _texts(parent: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = parent.get(key)
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    """A text, kept once however many objects bear it."""
    return intern(value) if isinstance(value, str) else ""


def _count(value: object) -> int:
    """The number written in an annotation; 0 for anything else. The digits are bounded: int() is slow on long ones."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6 else 0

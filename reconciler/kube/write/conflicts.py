"""Whose the objects are that a service needs: ours are changed, anything else is left alone and named."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping

from reconciler.errors import ConflictError, WaitingError
from reconciler.kube import marks
from reconciler.kube.door.api import Api
from reconciler.kube.kinds import Kind, Object
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.seen import Seen, see
from reconciler.kube.write.roster import Roster

#: So many writers of somebody else's object are named.
_WRITERS = 3


class Guard:
    """Stands before every write of one target; to be shared by threads.

    What the cache knows as ours needs no question. For the others it is asked, for many at once, what bears no mark of
    ours: that must not have the same name, unless its identity says that it is ours and only its labels were changed.
    `monotonic` tells the time in seconds.
    """

    def __init__(self, api: Api, owner: str, cache: Cache, monotonic: Callable[[], float]) -> None:
        self._api = api
        self._owner = owner
        self._strangers = Roster(api, marks.foreign(owner), monotonic)
        self._cache = cache
        self._lock = threading.Lock()
        self._users: dict[str, str] = {}
        self._names: dict[str, frozenset[str]] = {}

    def reserve(self, service: str, names: Iterable[str]) -> None:
        """From now on these objects (`Kind namespace/name`) are this service's, and no others. Raises ConflictError.

        Two services that name the same object would take it from each other for ever.
        """
        wanted = frozenset(names)
        with self._lock:
            for name in wanted:
                if self._users.get(name, service) != service:
                    raise _of_another(name, self._users[name], service)
            for name in self._names.get(service, frozenset()) - wanted:
                del self._users[name]
            self._users.update(dict.fromkeys(wanted, service))
            self._names[service] = wanted

    def forget(self, service: str) -> None:
        """The names that a service uses are free again."""
        with self._lock:
            for name in self._names.pop(service, ()):
                del self._users[name]

    def uid(self, service: str, kind: Kind, namespace: str, name: str) -> str:
        """The uid of the object of this name, which is the service's; "" when there is none yet.

        Raises ConflictError when it is somebody else's, WaitingError while it is being deleted, and LookError.
        """
        seen = self._cache.get(kind, namespace, name)
        if seen is None:
            return self._uid_of_unseen(service, kind, namespace, name)
        if seen.service != service:
            raise _of_another(str(seen), seen.service, service)
        if seen.deleted:
            raise going(seen)
        return seen.uid

    def judge(self, service: str, kind: Kind, live: Object) -> str:
        """As `uid`, of an object as it is now."""
        metadata = live["metadata"]
        where = f"{kind.name} {metadata['namespace']}/{metadata['name']}"
        stamp = marks.read(live, kind.name)
        if stamp is None or stamp.mark.owner != self._owner:
            raise _of_stranger(where, self._owner, metadata)
        if stamp.mark.service != service:
            raise _of_another(where, stamp.mark.service, service)
        if "deletionTimestamp" in metadata:
            raise WaitingError(f"waits for {where} to be gone: it is being deleted")
        return str(metadata["uid"])

    def lost(self, service: str, kind: Kind, namespace: str) -> list[Seen]:
        """The service's objects that lost the label by which they are followed. Raises LookError."""
        mine = marks.identifier(self._owner, service, kind.name, namespace, "")
        listed = self._strangers.names_now(kind, namespace)
        found = [item for name, item in listed.items() if _notes(item).get(marks.ID) == f"{mine}{name}"]
        seen = (see(kind, item, self._owner) for item in found)
        return [one for one in seen if one is not None and one.deleted is None]

    def _uid_of_unseen(self, service: str, kind: Kind, namespace: str, name: str) -> str:
        if self._cache.is_stranger(kind, namespace, name):
            raise _of_copy(f"{kind.name} {namespace}/{name}", self._owner)
        if name not in self._strangers.names(kind, namespace):
            return ""
        live = self._api.get(kind, namespace, name)  # it may have gone since then
        return self.judge(service, kind, live) if live else ""


def going(seen: Seen) -> WaitingError:
    """The error for an object that has to be gone first; it names what holds it."""
    held = f"; finalizers: {', '.join(seen.finalizers)}" if seen.finalizers else ""
    return WaitingError(f"waits for {seen} to be gone: it is being deleted{held}")


def _of_another(where: str, user: str, service: str) -> ConflictError:
    return ConflictError(f"{where} belongs to service {user}; give it another name in service {service}")


def _of_stranger(where: str, owner: str, metadata: Object) -> ConflictError:
    whose = (metadata.get("labels") or {}).get(marks.OWNER)
    if whose == owner:
        return _of_copy(where, owner)
    other = f" but that of {whose}" if whose else ""
    writers = filter(None, dict.fromkeys(one.get("manager") for one in metadata.get("managedFields") or ()))
    by = ", ".join(list(writers)[:_WRITERS])
    written = f" (written by {by})" if by else ""
    return _left_alone(f"{where} exists and does not bear the mark of {owner}{other}{written}")


def _of_copy(where: str, owner: str) -> ConflictError:
    return _left_alone(
        f"{where} has a label of {owner} and is not ours: it is a copy ({marks.ID} names another object), or the rest "
        "of its mark was taken away"
    )


def _left_alone(what: str) -> ConflictError:
    return ConflictError(f"{what}; it is left alone: remove it, or choose another name")


def _notes(item: Object) -> Mapping[str, object]:
    return item["metadata"].get("annotations") or {}

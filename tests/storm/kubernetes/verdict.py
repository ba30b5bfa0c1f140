"""Whether each deletion and each write of the daemons was allowed, by the API server's own audit log and by Git."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.storm.kubernetes.desk import Book

#: Seconds within which a daemon may still act on what was true: a turn with slow requests.
TURN = 20.0
_KINDS = {
    "configmaps": "ConfigMap",
    "deployments": "Deployment",
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "services": "Service",
    "statefulsets": "StatefulSet",
}
_LEASES = "leases"
_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass(frozen=True)
class Act:
    """One write that the API server carried out. `at` is when it came in, in seconds since the epoch."""

    at: float
    user: str
    verb: str
    resource: str
    name: str

    @property
    def kind(self) -> str:
        """The kind of its object; the plural word for a kind that services are not made of."""
        return _KINDS.get(self.resource, self.resource)

    def __str__(self) -> str:
        when = datetime.fromtimestamp(self.at, UTC)
        return f"{when:%H:%M:%S.%f} {self.user}: {self.verb} {self.kind} {self.name}"


def acts(audit: Iterable[dict[str, Any]], users: Iterable[str], namespace: str) -> list[Act]:
    """The writes of these users in a namespace, in the order in which they came in; dry runs are none."""
    known = frozenset(users)
    found = []
    for event in audit:
        where = event.get("objectRef", {})
        ours = event["user"]["username"] in known and where.get("namespace") == namespace
        done = event["verb"] in _WRITES and event.get("responseStatus", {}).get("code", 500) < 300
        if ours and done and "dryRun=" not in event["requestURI"]:
            at = datetime.fromisoformat(event["requestReceivedTimestamp"]).timestamp()
            found.append(Act(at, event["user"]["username"], event["verb"], where["resource"], where.get("name", "")))
    return sorted(found, key=lambda act: act.at)


def reason(act: Act, book: Book) -> str:
    """Why a deletion was allowed; "": it was not."""
    service = service_of(act.name, book.names())
    if act.kind not in _KINDS.values() or act.kind == "PersistentVolumeClaim" or act.verb != "delete" or not service:
        return ""
    for wish in book.wanted(service, act.at - TURN, act.at):
        if wish is None:
            return "not wanted"
        if f"{act.kind}/{act.name}" not in wish.parts:
            return "suspended" if wish.spec.get("suspend") else "another recipe"
    return ""


def service_of(name: str, services: Iterable[str]) -> str:
    """The service that an object of ours belongs to by its name; "" when there is none."""
    return next((one for one in services if name == one or name.startswith(f"{one}-")), "")


def deletions(found: Iterable[Act]) -> list[Act]:
    """Those that remove something; a lease that is given back is none."""
    return [act for act in found if act.verb.startswith("delete") and act.resource != _LEASES]


def without_lease(found: Iterable[Act]) -> Iterator[Act]:
    """Writes of one daemon after another one has taken the lease, by who has written it last."""
    holder = ""
    for act in found:
        if act.resource == _LEASES:
            holder = act.user
        elif act.user != holder:
            yield act

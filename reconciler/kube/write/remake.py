"""Objects with a field that cannot be changed: made anew where nothing is lost by it, refused where it would be.

Only what was made from another version of the service is made anew. When the API server refuses the very version that
an object was made from, somebody else changes that field (a webhook), and it would be made anew for ever.
"""

from __future__ import annotations

import logging

from reconciler.errors import RefusedError, WaitingError
from reconciler.kube import marks
from reconciler.kube.door.api import Api
from reconciler.kube.door.failures import AbsentError, ClashError, FixedError
from reconciler.kube.kinds import CLAIM, STATEFUL_SET, Kind, Object
from reconciler.kube.look.cache import Cache
from reconciler.kube.write import grow
from reconciler.kube.write.conflicts import Guard

_log = logging.getLogger("reconciler.kube")

#: Objects that hold no data, by group and name. Of the kinds of others (a database's, say) that is not known.
_WITHOUT_DATA = frozenset(
    {
        "/ConfigMap",
        "/Service",
        "/ServiceAccount",
        "apps/DaemonSet",
        "apps/Deployment",
        "apps/StatefulSet",
        "batch/CronJob",
        "batch/Job",
        "leaderworkerset.x-k8s.io/LeaderWorkerSet",
        "networking.k8s.io/Ingress",
        "networking.k8s.io/NetworkPolicy",
        "policy/PodDisruptionBudget",
    }
)


class Remaker:
    """Deletes what cannot be changed, so that the next try makes it anew."""

    def __init__(self, api: Api, cache: Cache, guard: Guard) -> None:
        self._api = api
        self._cache = cache
        self._guard = guard

    def check(self, service: str, kind: Kind, item: Object, error: FixedError) -> Object | None:
        """The object that stands in the way of `item`, which may be deleted; None when it is gone.

        Raises RefusedError when it must stay, and ConflictError when it is not ours.
        """
        metadata = item["metadata"]
        live = self._api.get(kind, metadata["namespace"], metadata["name"])
        if live is not None:
            self._guard.judge(service, kind, live)
            if reason := why_not(kind, item, live):
                raise RefusedError(f"{error}; {reason}") from error
        return live

    def make_way(self, service: str, kind: Kind, item: Object, error: FixedError) -> WaitingError:
        """Delete what stands in the way of `item`; the error to raise says what is waited for. Raises as `check`."""
        live = self.check(service, kind, item, error)
        if live is not None:
            if kind == STATEFUL_SET:
                grow.grow(self._api, self._cache, service, item)
            self._delete(kind, item, live)
        stays = "; what runs stays meanwhile" if live is not None and _adopts(kind, item, live) else ""
        text = f"{error}; made anew, because that cannot be changed{stays}"
        _log.info("service %s: %s", service, text)
        return WaitingError(text)

    def _delete(self, kind: Kind, item: Object, live: Object) -> None:
        metadata, orphan = live["metadata"], _adopts(kind, item, live)
        try:
            self._api.delete(
                kind, metadata["namespace"], metadata["name"], metadata["uid"], foreground=not orphan, orphan=orphan
            )
        except (AbsentError, ClashError):
            return  # gone already, or another object has its name now


def why_not(kind: Kind, item: Object, live: Object) -> str:
    """PURE. Why a living object must not be deleted to make room for `item`; "" when it may be."""
    if kind == CLAIM:
        return "a claim is data and is never made anew: change it back, or give the volume another name"
    if f"{kind.group}/{kind.name}" not in _WITHOUT_DATA:
        return "it is not made anew, as its data could be lost: change it back, or delete it yourself"
    if kind == STATEFUL_SET and (reason := grow.why_not(item, live)):
        return reason
    if kind == STATEFUL_SET and not _adopts(kind, item, live) and _ends_claims(live):
        return "its claims would go with it: set persistentVolumeClaimRetentionPolicy.whenDeleted to Retain first"
    if _digest(item) == _digest(live):
        return "it was made from this very version, so something on the cluster changes that field"
    return ""


def _adopts(kind: Kind, item: Object, live: Object) -> bool:
    """Whether the new one takes over what the old one made: pods with data, which the same selector finds."""
    return kind == STATEFUL_SET and bool(grow.templates(item)) and _selector(item) == _selector(live)


def _ends_claims(live: Object) -> bool:
    return bool(live.get("spec", {}).get("persistentVolumeClaimRetentionPolicy", {}).get("whenDeleted") == "Delete")


def _selector(item: Object) -> object:
    return item.get("spec", {}).get("selector")


def _digest(item: Object) -> object:
    return (item["metadata"].get("annotations") or {}).get(marks.DIGEST)

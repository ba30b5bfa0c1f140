"""The lock that the client's leader election contends for: one Lease object (coordination.k8s.io).

`kubernetes.leaderelection` decides: make the lease, renew it, take it, or wait. It does so by the hands of a "resource
lock" (`get`, `create` and `update`), which this is. Three things are left to no wall clock and no library:

- whether another holder has fallen silent is told by this machine's monotonic clock alone; such a lease is handed to
  the election as one that nobody holds (clocks of two machines are never compared, and a clock that is set by hand
  makes nobody a leader);
- a lease that changed between `get` and `update` is not taken (resource version);
- what the API server does not answer is raised, so that the caller stays in charge.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.kube import marks
from reconciler.kube.door.client import Client
from reconciler.kube.door.failures import AbsentError, ClashError
from reconciler.kube.kinds import LEASE, Object

if TYPE_CHECKING:
    from kubernetes.leaderelection.leaderelectionrecord import LeaderElectionRecord


class Absent:
    """What the election takes for "there is no such lease": it looks for the code in a body, and for a reason."""

    body = '{"code": 404}'
    reason = "NotFound"


class LeaseLock:
    """The lease `name`; `identity` is who we are, `duration` (seconds) how long we are to be respected when silent.

    To be used by one thread. `holder` is who holds it as far as seen last, "" when nobody does; `raced` says that the
    last write came too late, so that only another look tells who that is.
    """

    def __init__(self, client: Client, namespace: str, name: str, owner: str, identity: str, duration: float) -> None:
        self.name = name
        self.namespace = namespace
        self.identity = identity
        self.holder = ""
        self.raced = False
        self._client = client
        self._owner = owner
        self._duration = duration
        #: The newest version that we wrote: most likely what is there, which saves a request.
        self._written: Object | None = None
        self._found: Object = {}
        self._watched: tuple[str, float] = ("", 0.0)

    @property
    def version(self) -> str:
        """The resource version that we hold the lease with; "" when we do not."""
        return self._written["metadata"]["resourceVersion"] if self._written else ""

    def get(self, name: str, namespace: str) -> tuple[bool, LeaderElectionRecord | Absent]:
        """The record in the lease, without a holder where nobody is to be respected. Raises TargetError."""
        self.raced = False
        found = self._written or self._client.get(LEASE, namespace, name)
        if found is None:
            self.holder = ""
            return False, Absent()
        self._found = found
        self.holder = found.get("spec", {}).get("holderIdentity") or ""
        free = not self.holder or (self.holder != self.identity and self._silent_for_long(found))
        return True, _record(None if free else self.holder)

    def create(self, name: str, namespace: str, election_record: LeaderElectionRecord) -> bool:  # noqa: ARG002 - the election's signature
        """Make the lease; False when somebody was faster. Raises TargetError."""
        return self._write({})

    def update(self, name: str, namespace: str, updated_record: LeaderElectionRecord) -> bool:  # noqa: ARG002 - the election's signature
        """Take or renew the lease that `get` found; False when it has changed since. Raises TargetError."""
        return self._write(self._found)

    def release(self) -> None:
        """Give the lease back if it is ours. Raises TargetError."""
        found = self._client.get(LEASE, self.namespace, self.name)
        if found is not None and found["spec"].get("holderIdentity") == self.identity:
            found["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
            self._client.replace(found)

    def _write(self, found: Object) -> bool:
        self._written, self.raced = None, False
        wanted = self._lease(found)
        try:
            self._written = self._client.replace(wanted) if found else self._client.create(wanted)
        except ClashError:
            self.raced = True
        except AbsentError:
            if not found:
                raise  # its namespace is not there
            self.raced = True
        else:
            self.holder = self.identity
        return not self.raced

    def _silent_for_long(self, found: Object) -> bool:
        version, now = found["metadata"]["resourceVersion"], time.monotonic()
        if self._watched[0] != version:
            self._watched = (version, now)
        patience: float = found["spec"].get("leaseDurationSeconds", self._duration)
        return now - self._watched[1] > patience

    def _lease(self, found: Object) -> Object:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: TID251 - what is written is for people only
        before = found.get("spec", {})
        ours = before.get("holderIdentity") == self.identity
        metadata = {
            "name": self.name,
            "namespace": self.namespace,
            "labels": {marks.MANAGED_BY: marks.MANAGER, marks.OWNER: self._owner},
        }
        if found:
            metadata["resourceVersion"] = found["metadata"]["resourceVersion"]
        return {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.name,
            "metadata": metadata,
            "spec": {
                "holderIdentity": self.identity,
                "leaseDurationSeconds": max(1, round(self._duration)),
                "acquireTime": (before.get("acquireTime") if ours else None) or now,
                "renewTime": now,
                "leaseTransitions": before.get("leaseTransitions", 0) + (0 if ours or not found else 1),
            },
        }


def _record(holder: str | None) -> LeaderElectionRecord:
    """A record for the election; its times are never looked at, but must be there (see the module)."""
    from kubernetes.leaderelection.leaderelectionrecord import (  # noqa: PLC0415 - costs 0.4 s with the client
        LeaderElectionRecord,
    )

    return LeaderElectionRecord(holder, "", "", "")  # type: ignore[no-untyped-call] # the client has no types here

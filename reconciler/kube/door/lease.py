"""One writer for each owner: a Kubernetes Lease (coordination.k8s.io), as controllers use them.

The client's own `leaderelection` cannot be stopped, does not give the lease back, and ends the process on wrong
settings; the protocol is small, so it is spoken here. Clocks of two machines are never compared: another holder is
given up only when its lease has not changed for its whole duration by our own clock.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from datetime import UTC, datetime, timedelta

from reconciler.errors import TargetError
from reconciler.kube import marks
from reconciler.kube.door.client import Client
from reconciler.kube.kinds import LEASE, Object
from reconciler.ports import Bell
from reconciler.settings import KubernetesTarget

_log = logging.getLogger("reconciler.kube")


class Lease:
    """Holds the lease `reconciler-<owner>` in the first namespace of a target, or waits for it.

    `duration` and `retry` are in seconds: how long a holder that went silent is respected, and how often it is asked.
    `identity` is given where something else (the lock on the state folder) makes sure that no two daemons have it: then
    a daemon that was killed and started again goes on at once. Without it, every Lease has an identity of its own.
    """

    def __init__(
        self, target: KubernetesTarget, owner: str, identity: str = "", duration: float = 15.0, retry: float = 2.0
    ) -> None:
        self.identity = f"{socket.gethostname()}-{identity or f'{os.getpid()}-{secrets.token_hex(4)}'}"
        self._namespace = target.namespaces[0]
        self._name = f"reconciler-{owner}"
        self._owner = owner
        self._duration = duration
        self._retry = retry
        # A holder stops well before others may begin: they see its last renewal later than it was made.
        self._deadline = duration * 2 / 3
        patience = timedelta(seconds=self._deadline / 2)  # a request that hangs must not outlast the lease
        self._client = Client(target.model_copy(update={"timeout": patience}), 1)
        self._renewed: float | None = None
        self._held: Object | None = None
        self._watched: tuple[str, float] = ("", 0.0)
        self._bell: Bell = _silent
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"lease-{owner}", daemon=True)

    def start(self, bell: Bell) -> None:
        """Begin to try for the lease; `bell` is rung whenever it was gained or lost."""
        self._bell = bell
        self._thread.start()

    def is_leader(self) -> bool:
        """Whether writes are allowed now. To be asked before every write."""
        renewed = self._renewed
        return renewed is not None and time.monotonic() - renewed < self._deadline

    def close(self) -> None:
        """Give the lease back, so that another may take it at once."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(self._deadline)
        if self.is_leader():
            self._release()
        self._renewed = None
        self._client.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            before = self.is_leader()
            self._try()
            if self.is_leader() != before:
                _log.info("lease %s: %s", self._name, "gained" if not before else "lost")
                self._bell()
            self._stopping.wait(self._retry)

    def _try(self) -> None:
        asked = time.monotonic()
        try:
            self._renewed = asked if self._take() else None
        except TargetError as error:
            # No answer: what was renewed before stays good until its deadline, which `is_leader` knows.
            _log.warning("lease %s: %s", self._name, error)

    def _take(self) -> bool:
        """Renew or take the lease; False while it is another's."""
        # What we wrote last is most likely what is there: one request instead of two; ClashError if it is not.
        held, self._held = self._held, None
        found = held or self._client.get(LEASE, self._namespace, self._name)
        if found is None:
            self._held = self._client.create(self._lease({}, transitions=0))
            return True
        spec = found.get("spec", {})
        holder = spec.get("holderIdentity")
        if holder and holder != self.identity and not self._silent_for_long(found):
            return False
        transitions = spec.get("leaseTransitions", 0) + (holder != self.identity)
        self._held = self._client.replace(self._lease(found, transitions))
        return True

    def _silent_for_long(self, found: Object) -> bool:
        version, now = found["metadata"]["resourceVersion"], time.monotonic()
        if self._watched[0] != version:
            self._watched = (version, now)
        patience: float = found["spec"].get("leaseDurationSeconds", self._duration)
        return now - self._watched[1] > patience

    def _release(self) -> None:
        try:
            found = self._client.get(LEASE, self._namespace, self._name)
            if found is not None and found["spec"].get("holderIdentity") == self.identity:
                found["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
                self._client.replace(found)
        except TargetError as error:
            _log.warning("lease %s: not given back, others wait for %s s: %s", self._name, self._duration, error)

    def _lease(self, found: Object, transitions: int) -> Object:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: TID251 - what is written is for people only
        before = found.get("spec", {})
        kept = before.get("acquireTime") if before.get("holderIdentity") == self.identity else None
        metadata = {
            "name": self._name,
            "namespace": self._namespace,
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
                "acquireTime": kept or now,
                "renewTime": now,
                "leaseTransitions": transitions,
            },
        }


def _silent() -> None:
    """The bell before there is one."""

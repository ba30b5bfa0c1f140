"""Verdicts on services as Events on their objects, for those who look with `kubectl describe`: best effort, bounded.

Events of the API server live for an hour (kube-apiserver --event-ttl); nothing here reads them again.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.errors import TargetError
from reconciler.kube.door.api import Api
from reconciler.kube.door.failures import ClashError
from reconciler.kube.kinds import EVENT, WORKLOADS, Object
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.seen import Seen
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus

#: Bounds of the API server (k8s.io/kubernetes/pkg/apis/core/validation/events.go).
_NOTE = 1024
_WAITING = 256
#: As client-go's EventSourceObjectSpamFilter begins; from then on more often than it, as one source speaks of all.
_BURST = 25.0
_PER_SECOND = 0.5
_REASONS = {Health.HEALTHY: "Healthy", Health.DEGRADED: "Degraded", Health.FAILED: "Failed"}
_WORKLOADS = frozenset(kind.name for kind in WORKLOADS)

_log = logging.getLogger("reconciler.kube")


class EventWriter:
    """Writes Events in a thread of its own; what comes faster than a bounded rate is left out, and counted in the log.

    `monotonic` tells the time in seconds.
    """

    def __init__(
        self,
        api: Api,
        cache: Cache,
        namespaces: Sequence[str],
        owner: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._cache = cache
        self._namespaces = namespaces
        self._owner = owner
        self._allowance = Allowance(monotonic)
        self._waiting: queue.Queue[Object | None] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None
        self._failed = False

    def announce(self, status: ServiceStatus, at: datetime) -> None:
        """Tell of a verdict that has changed at `at`; returns at once and never raises."""
        seen = self._object_of(status.service)
        if seen is None or status.health not in _REASONS or not self._allowance.take():
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="events-out", daemon=True)
            self._thread.start()
        try:
            self._waiting.put_nowait(event(self._cache.kind(seen.kind).api_version, seen, status, at, self._owner))
        except queue.Full:
            _log.info("%s: no Event is written: too many wait", status.service)

    def close(self) -> None:
        """Write nothing more; waits for the one under way, a second at most."""
        if self._thread is not None:
            while not self._waiting.empty():
                self._waiting.get_nowait()
            self._waiting.put(None)
            self._thread.join(1.0)

    def _object_of(self, service: str) -> Seen | None:
        """What makes the pods of a service."""
        found = (seen for namespace in self._namespaces for seen in self._cache.of(namespace, service))
        makers = [seen for seen in found if seen.kind in _WORKLOADS and not seen.child]
        return min(makers, key=lambda seen: seen.name, default=None)

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            try:
                self._api.create(item)
            except ClashError:
                continue
            except TargetError as error:
                if not self._failed:
                    _log.warning("Events cannot be written: %s; the log and the metrics tell the same", error)
                self._failed = True
            else:
                self._failed = False


@dataclass(slots=True)
class Allowance:
    """A bucket of tokens: so many at once, then so many a second."""

    monotonic: Callable[[], float]
    left: float = _BURST
    at: float = 0.0

    def take(self) -> bool:
        """Use one; False when there is none."""
        now = self.monotonic()
        self.left, self.at = min(_BURST, self.left + max(0.0, now - self.at) * _PER_SECOND), now
        if self.left < 1.0:
            return False
        self.left -= 1.0
        return True


def event(api_version: str, seen: Seen, status: ServiceStatus, at: datetime, owner: str) -> Object:
    """PURE. The Event (core/v1) of a verdict on the service of `seen`; the same at the same time has the same name."""
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    note = status.why or f"{status.ready} of {status.replicas} replicas are healthy"
    name = hashlib.sha256(f"{seen.uid} {status.health.value} {at.isoformat()} {note}".encode()).hexdigest()[:16]
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.name,
        "metadata": {"name": f"{seen.name[:200]}.{name}", "namespace": seen.namespace},
        "involvedObject": {
            "apiVersion": api_version,
            "kind": seen.kind,
            "namespace": seen.namespace,
            "name": seen.name,
            "uid": seen.uid,
        },
        "type": "Normal" if status.health is Health.HEALTHY else "Warning",
        "reason": _REASONS[status.health],
        "message": note[:_NOTE],
        "source": {"component": "reconciler"},
        "reportingComponent": "reconciler",
        "reportingInstance": owner,
        "firstTimestamp": moment,
        "lastTimestamp": moment,
        "count": 1,
    }

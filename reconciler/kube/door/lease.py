"""One writer for each owner: a Kubernetes Lease (coordination.k8s.io), as controllers use them.

The client's own `leaderelection` decides (see `lock`), one step at a time: its loop cannot be stopped and does not give
the lease back. When it is asked, and until when an answer is good, is decided here by the monotonic clock. A watch on
the lease tells at once when it was taken away or given back.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from reconciler.errors import TargetError
from reconciler.kube.door.api import Events
from reconciler.kube.door.client import Client
from reconciler.kube.door.failures import AbsentError
from reconciler.kube.door.lock import LeaseLock
from reconciler.kube.kinds import LEASE, NAMESPACE, Object
from reconciler.ports import Bell
from reconciler.settings import KubernetesTarget

if TYPE_CHECKING:
    from kubernetes.leaderelection.leaderelection import LeaderElection

_log = logging.getLogger("reconciler.kube")
#: The election's own wall clock must never find that a lease is over: its lock tells that by a monotonic one.
_NEVER = 10**9


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
        self._duration = duration
        self._retry = retry
        # A holder stops well before others may begin: they see its last renewal later than it was made.
        self._deadline = duration * 2 / 3
        patience = timedelta(seconds=self._deadline / 2)  # a request that hangs must not outlast the lease
        self._target = target.model_copy(update={"timeout": patience})
        self._client = Client(self._target, 2)
        name, namespace = f"reconciler-{owner}", target.namespaces[0]
        self._lock = LeaseLock(self._client, namespace, name, owner, self.identity, duration)
        self._election: LeaderElection | None = None
        self._renewed: float | None = None
        self._news = 0
        self._holder = ""
        self._bell: Bell = _silent
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._stream: Events | None = None
        self._threads = [
            threading.Thread(target=run, name=f"lease-{word}-{owner}", daemon=True)
            for word, run in (("hold", self._hold), ("watch", self._watch))
        ]

    def start(self, bell: Bell) -> None:
        """Begin to try for the lease; `bell` is rung whenever it was gained or lost."""
        self._bell = bell
        for thread in self._threads:
            thread.start()

    def is_leader(self) -> bool:
        """Whether writes are allowed now. To be asked before every write."""
        renewed = self._renewed
        return renewed is not None and time.monotonic() - renewed < self._deadline

    def holder(self) -> str:
        """Who holds the lease, as far as was seen last; "" when nobody does, or nothing was seen yet."""
        return self.identity if self.is_leader() else self._holder

    def close(self) -> None:
        """Give the lease back, so that another may take it at once."""
        self._stopping.set()
        self._wake.set()
        if self._stream is not None:
            self._stream.stop()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(self._deadline)
        if self.is_leader():
            self._release()
        self._renewed = None
        self._client.close()

    def _hold(self) -> None:
        before = False
        while not self._stopping.is_set():
            self._wake.clear()
            self._step()
            if self.is_leader() != before:
                before = not before
                word = "gained" if before else "lost"
                _log.info("lease %s: %s, held by %s", self._lock.name, word, self.holder() or "nobody")
                self._bell()
            self._wake.wait(self._retry)

    def _step(self) -> None:
        """Ask the election once; when its write came too late, once again, to see what is there now."""
        asked, news = time.monotonic(), self._news
        try:
            leads = self._elect() or (self._lock.raced and self._elect())
        except AbsentError as error:
            self._make_namespace(error)
            return
        except TargetError as error:
            # No answer: what was renewed before stays good until its deadline, which `is_leader` knows.
            _log.warning("lease %s: %s", self._lock.name, error)
            return
        except Exception:  # noqa: BLE001 - a thread that ends would never lead again, and nobody would know why
            _log.exception("lease %s: internal error", self._lock.name)
            return
        if news == self._news:
            self._holder = self._lock.holder
            self._renewed = asked if leads else None
        elif leads:
            self._wake.set()

    def _elect(self) -> bool:
        """Make, renew or take the lease; False while it is another's. Raises TargetError."""
        if self._election is None:
            from kubernetes.leaderelection import electionconfig, leaderelection  # noqa: PLC0415 - costs 0.4 s

            # Only its single step is used, which looks at the lock and the duration.
            config = electionconfig.Config(self._lock, _NEVER, _NEVER // 2, _NEVER // 4, _silent, _silent)  # type: ignore[no-untyped-call] # the client has no types here
            self._election = leaderelection.LeaderElection(config)  # type: ignore[no-untyped-call] # the client has no types here
        return bool(self._election.try_acquire_or_renew())  # type: ignore[no-untyped-call] # the client has no types here

    def _make_namespace(self, error: AbsentError) -> None:
        """The namespace of the lease is not there: nothing else can be done before it is."""
        if not self._target.create_namespaces:
            _log.warning("lease %s: %s; make it, or set createNamespaces", self._lock.name, error)
            return
        metadata = {"name": self._lock.namespace}
        try:
            with closing(Client(self._target, 1, writes=True)) as writer:
                writer.apply({"apiVersion": NAMESPACE.api_version, "kind": NAMESPACE.name, "metadata": metadata})
        except TargetError as refused:
            _log.warning("lease %s: %s", self._lock.name, refused)
            return
        _log.info("namespace %s: made", self._lock.namespace)
        self._wake.set()

    def _watch(self) -> None:
        """Follow the lease; only to learn of a change sooner, so that whatever fails is simply tried again."""
        lock = self._lock
        while not self._stopping.is_set():
            try:
                with self._client.watch(LEASE, lock.namespace, "", "", fields=f"metadata.name={lock.name}") as stream:
                    self._stream = stream
                    for event, item in () if self._stopping.is_set() else stream.events():
                        self._notice(event, item)
            except TargetError as error:
                _log.debug("lease %s: %s", lock.name, error)
            except Exception:  # noqa: BLE001 - as above
                _log.exception("lease %s: internal error", lock.name)
            self._stream = None
            self._stopping.wait(self._retry)

    def _notice(self, event: str, item: Object) -> None:
        holder = "" if event == "DELETED" else item.get("spec", {}).get("holderIdentity") or ""
        if event == "BOOKMARK" or holder == self.identity or not _newer(item, self._lock.version):
            return
        leading = self._renewed is not None
        self._news += 1
        self._holder, self._renewed = holder, None
        if leading or not holder:
            self._wake.set()

    def _release(self) -> None:
        try:
            self._lock.release()
        except TargetError as error:
            _log.warning("lease %s: not given back, others wait for %s s: %s", self._lock.name, self._duration, error)


def _newer(item: Object, version: str) -> bool:
    """Whether an object is a later one than `version`; also when that cannot be told.

    Resource versions are decimal numbers that grow (KEP-5504).
    """
    found: str = item["metadata"]["resourceVersion"]
    return not (found.isdigit() and version.isdigit()) or int(found) > int(version)


def _silent() -> None:
    """The bell before there is one."""

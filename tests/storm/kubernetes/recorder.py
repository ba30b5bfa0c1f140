"""A thread that lists what runs pods twice a second, and keeps what should never have stood side by side."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import urllib3

from tests.faults.kubernetes.witness import Item, Witness
from tests.storm.kubernetes.verdict import TURN

_PAUSE = 0.5
_SERVICE = "reconciler/service"


class Record:
    """Grows with each look: `duplicates` are two workloads of one service that stood side by side for too long."""

    def __init__(self) -> None:
        self.looks = 0
        self.duplicates: set[str] = set()
        self._since: dict[str, float] = {}

    def look(self, items: dict[str, Item], now: float) -> None:
        """Add one look: `Kind/name` to object. `now` is in seconds of any clock."""
        self.looks += 1
        staying: dict[str, list[str]] = {}
        for key, item in items.items():
            if "deletionTimestamp" not in item["metadata"]:
                staying.setdefault(item["metadata"]["labels"].get(_SERVICE, ""), []).append(key)
        doubled = {service: sorted(keys) for service, keys in staying.items() if len(keys) > 1}
        self._since = {service: self._since.get(service, now) for service in doubled}
        for service, since in self._since.items():
            if now - since > TURN:
                self.duplicates.add(f"{service}: {' and '.join(doubled[service])}")


class Recorder:
    """Records until `close`."""

    def __init__(self, witness: Witness, owner: str) -> None:
        self.record = Record()
        self._witness = witness
        self._owner = owner
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(_PAUSE):
            with suppress(urllib3.exceptions.HTTPError, AssertionError):  # the API server is away
                items = self._witness.items(self._owner, ["Deployment", "StatefulSet"])
                self.record.look(items, time.monotonic())

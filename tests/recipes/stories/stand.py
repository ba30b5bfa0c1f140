"""Where the stories are told: one factory for all services of a platform, used by several threads at once, as most of
the time is waiting.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from lab.factory import Factory, is_healthy, line_of
from lab.host import LabError
from reconciler.shapes.status import ServiceShape
from tests.e2e.world import service
from tests.recipes.clients.environment import ClientError, Clients
from tests.recipes.metrics import lacking
from tests.recipes.report import Report
from tests.slurm.services import shipped

SECONDS = 120.0
_PAUSE = 0.3
_VOLUME = {"size": "256Mi"}


@dataclass(frozen=True)
class Files:
    """A folder whose files a service can read.

    `place`: where it is on this machine. `inside`: where the service has it. `spec`: what the service says to have it.
    """

    place: Path
    inside: str
    spec: dict[str, Any]


class Stand(ABC):
    """A daemon with one target that has all servers, and the clients of the services."""

    platform: ClassVar[str]
    runtime: ClassVar[str]
    #: What a small service asks for.
    small: ClassVar[dict[str, Any]]

    def __init__(self, factory: Factory) -> None:
        self.factory = factory
        self.clients = Clients.made()
        self._hand = threading.Lock()

    # --- what differs between the platforms

    @property
    @abstractmethod
    def address(self) -> str:
        """This machine, as services reach it."""

    @property
    @abstractmethod
    def numpy(self) -> str:
        """The folder that a model of Triton puts on Python's path to import numpy; "" where it finds it anyway."""

    @abstractmethod
    def secrets(self, name: str, **values: str) -> dict[str, dict[str, str]]:
        """Keep secrets of a service, and what it says of them."""

    @abstractmethod
    def files(self, name: str) -> Files:
        """A new folder, empty, for what services are to read."""

    @abstractmethod
    def running(self, name: str) -> list[str]:
        """Ids of what runs for a service, jobs or containers, as the platform itself says."""

    @abstractmethod
    def kill_server(self, name: str, port: str) -> None:
        """SIGKILL for the process that listens on a port of a healthy service."""

    @abstractmethod
    def direct(self, name: str, port: str) -> str:
        """host:port of a service that runs, also while it is not healthy; empty while that is not known."""

    @abstractmethod
    def say(self, name: str, *argv: str, text: str = "") -> str:
        """What a program beside the server prints, with this as its input."""

    @abstractmethod
    def close(self) -> None:
        """Leave nothing behind."""

    # --- what does not

    def name(self, word: str) -> str:
        """A name of a service that nobody else has."""
        return f"{word}-{self.factory.owner}"

    def want(self, name: str, recipe: str, **spec: Any) -> None:
        """Commit a small service of a shipped recipe."""
        lasting = {volume: _VOLUME for volume, one in shipped(recipe).spec.storage.items() if one.lasts}
        with self._hand:
            text = service(name, self.platform, recipe, resources=self.small, storage=lasting, **spec)
            self.factory.commit({f"desired/{name}.yaml": text}, f"want {name}")

    def line(self, name: str) -> ServiceShape | None:
        """Its line in the table."""
        shape = self.factory.status()
        return line_of(shape, name) if shape else None

    def endpoint(self, name: str, port: str) -> str:
        """host:port of a healthy service; empty while it is not."""
        shape = self.factory.status()
        line = line_of(shape, name) if shape else None
        found = line.endpoints.get(port, ()) if shape and line and is_healthy(shape, name) else ()
        return found[0] if len(found) == 1 else ""

    def recovery(self, name: str, port: str, works: Callable[[], bool], seconds: float = SECONDS) -> float:
        """Kill the server; seconds until another one runs alone for it and `works` holds, as the client sees it."""
        self.wait(f"{name} alone", lambda: len(self.running(name)) == 1)
        before = self.running(name)
        began = time.monotonic()
        self.kill_server(name, port)
        self.wait(f"another server for {name}", lambda: len(now := self.running(name)) == 1 and now != before)
        self.wait(f"{name} as before", works, seconds)
        return time.monotonic() - began

    def wait(self, what: str, check: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Wait until `check` holds; an answer that does not come counts as not yet."""
        deadline = time.monotonic() + seconds
        last: Exception | None = None
        while time.monotonic() < deadline:
            try:
                if check():
                    return
            except (ClientError, LabError, OSError) as error:
                last = error
            time.sleep(_PAUSE)
        pytest.fail(f"not within {seconds:g} s: {what}; last: {last}; {self.factory.status()}", pytrace=False)

    def measure(self, name: str, recipe: str) -> None:
        """Wait until a service that was used exports what docs/service-discovery.md says, where `/sd` sends to."""

        def all_there() -> bool:
            if missing := lacking(self.factory, name, recipe):
                raise OSError(f"without {', '.join(missing)}")
            return True

        self.wait(f"the metrics of {name}", all_there)

    def report(
        self, service: str, version: str, operations: tuple[str, ...], recovery: float, kept: str, changed: str
    ) -> Report:
        """What was seen here."""
        return Report(service, self.platform, self.runtime, version, operations, recovery, kept, changed)

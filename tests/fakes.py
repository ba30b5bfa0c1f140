"""A platform over a dict, for tests of the pure core and of the turn: an implementation of the ports, not a mock."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from reconciler.errors import TargetError
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus
from reconciler.models.wanted import Rendered, ResolvedService
from reconciler.models.workload import Mark, Observed, Phase, Workload
from reconciler.ports import Bell

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class FakePlatform:
    """Observer and Deployer at once. Deployed workloads run and are healthy at once; `broken` says why looks fail."""

    name: str = "fake"
    now: datetime = START
    broken: str = ""
    refuse: dict[str, TargetError] = field(default_factory=dict)
    deny: dict[str, TargetError] = field(default_factory=dict)
    asked_to_end: int = 0
    workloads: dict[str, Workload] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    made: int = 0
    fingerprint: str = ""
    words: str = ""
    rendered: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    announced: list[tuple[str, Health]] = field(default_factory=list)
    queue: timedelta | None = None
    asked: list[str] = field(default_factory=list)

    def look(self) -> Observed:
        if self.broken:
            return Observed(self.name, self.now, complete=False, why=self.broken)
        return Observed(self.name, self.now, complete=True, workloads=tuple(self.workloads.values()))

    def start(self, bell: Bell) -> None:
        del bell

    def close(self) -> None:
        pass

    def render(self, service: ResolvedService) -> Rendered:
        self.rendered.append(service.name)
        text = service.service.model_dump_json(exclude={"spec": {"restart", "suspend", "replicas"}})
        return Rendered(f"{hash(text) & 0xFFFFFFFF:08x}", lambda: text)

    def deploy(self, service: ResolvedService, mark: Mark, delay: float, after: tuple[Workload, ...]) -> None:
        del after
        with self.lock:
            if mark.service in self.refuse:
                raise self.refuse[mark.service]
            self.made += 1
            waits = delay > 0
            self.workloads[str(self.made)] = Workload(
                target=self.name,
                id=str(self.made),
                mark=mark,
                phase=Phase.PENDING if waits else Phase.RUNNING,
                health=Health.PENDING if waits else Health.HEALTHY,
                since=self.now,
            )
            self.writes.append(f"deploy {service.name}.{mark.replica}")

    def cancel(self, workload: Workload, *, removal: bool) -> None:
        del removal
        with self.lock:
            self.asked_to_end += 1
            if workload.mark.service in self.deny:
                raise self.deny[workload.mark.service]
            self.workloads.pop(workload.id, None)
            self.writes.append(f"cancel {workload.mark.service}.{workload.mark.replica}")

    def amend(self, service: ResolvedService, workload: Workload, mark: Mark, limit: timedelta | None) -> None:
        del service
        with self.lock:
            old = self.workloads[workload.id]
            self.workloads[workload.id] = replace(old, mark=mark, limit=limit or old.limit, marked=True)
            self.writes.append(f"amend {mark.service}.{mark.replica}")

    def repair(self, service: ResolvedService, workload: Workload, mark: Mark) -> bool:
        del service
        with self.lock:
            self.workloads[workload.id] = replace(self.workloads[workload.id], mark=mark, drift=())
            self.writes.append(f"repair {mark.service}.{mark.replica}")
        return True

    def forget(self, service: str) -> None:
        self.forgotten.append(service)

    def announce(self, status: ServiceStatus, at: datetime) -> None:  # noqa: ARG002 - the time is not looked at
        self.announced.append((status.service, status.health))

    def dialect(self) -> str:
        return self.words

    def estimate(self, service: ResolvedService) -> timedelta | None:
        self.asked.append(service.name)
        return self.queue

    def site(self) -> str:
        return self.fingerprint

    def end(self, identity: str, health: Health, reason: str, lasted: float = 1.0) -> None:
        """Let a workload end by itself."""
        old = self.workloads[identity]
        self.workloads[identity] = replace(
            old, phase=Phase.ENDED, health=health, reason=reason, lasted=lasted, since=self.now
        )

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


def workload(
    service: str,
    digest: str = "d1",
    *,
    replica: int = 0,
    identity: str = "1",
    phase: Phase = Phase.RUNNING,
    health: Health = Health.HEALTHY,
    generation: int = 0,
    attempt: int = 0,
    restart: str = "",
    lasted: float = 0.0,
    reason: str = "",
    deadline: datetime | None = None,
) -> Workload:
    """A workload with the usual values."""
    mark = Mark("owner", service, replica, digest, restart, generation, attempt, "abc")
    return Workload("fake", identity, mark, phase, health, reason, START, deadline, (), lasted)


def look(*workloads: Workload, complete: bool = True) -> Observed:
    """One look at START."""
    return Observed("fake", START, complete=complete, why="" if complete else "cut", workloads=workloads)

"""Lines of the table as the turn makes them, for lists made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from reconciler.models.health import Health
from reconciler.models.recipe import GrpcProbe, HealthProbe, HttpProbe, MetricsEndpoint
from reconciler.models.revision import Revision
from reconciler.models.status import ServiceStatus, Serving, SourceStatus, State, Status, TargetStatus
from reconciler.models.workload import Instance

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = SourceStatus(Revision("f" * 40, "Ada", "subject", NOW))
SLURM = TargetStatus("site", "slurm", reachable=True, looked=NOW)
CLOUD = TargetStatus("cloud", "kubernetes", reachable=True, looked=NOW)
HTTP = HealthProbe.model_validate(
    {"http": HttpProbe(port="http", path="/healthz"), "startup": "30s", "interval": "5s", "timeout": "1s"}
)
GRPC = HealthProbe.model_validate({"grpc": GrpcProbe(port="grpc"), "startup": "30s", "interval": "5s", "timeout": "1s"})


def job(number: int, host: str = "n1", replica: int = 0, *, up: bool = True, **ports: int) -> Serving:
    """A job that runs; it listens on port 20001 for HTTP unless `ports` says otherwise."""
    endpoints = tuple((name, f"{host}:{port}") for name, port in (ports or {"http": 20001}).items())
    return Serving(replica, str(number), Instance(str(number), host, up, endpoints), up)


def pod(name: str, address: str = "10.0.0.7", *, up: bool = True) -> Serving:
    """A pod of the service `web` in the namespace `ai`."""
    return Serving(0, "ai/web", Instance(name, "n1", up, (("http", f"{address}:8080"),)), up)


def line(*serving: Serving, target: TargetStatus = SLURM, **more: Any) -> ServiceStatus:
    """A service that runs and exports metrics on its port `http`."""
    known = {"service": "web", "recipe": "faiss", "scrape": MetricsEndpoint(port="http"), "probe": HTTP, **more}
    return ServiceStatus(
        target=target.target, state=State.RUNNING, health=Health.HEALTHY, since=NOW, why="", serving=serving, **known
    )


def table(*lines: ServiceStatus, targets: tuple[TargetStatus, ...] = (SLURM, CLOUD)) -> Status:
    """The whole of it."""
    return Status(SOURCE, {target.target: target for target in targets}, lines)

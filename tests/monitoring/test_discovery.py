"""The real Prometheus finds what the daemon runs on the real Slurm, by the configurations of the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from lab.factory import Factory, line_of
from lab.host import LabError, free_ports
from lab.lab import Lab
from lab.monitoring import Prometheus
from lab.monitoring_others import Blackbox
from lab.triton import triton_programs
from lab.wait import until
from tests.e2e.world import alive, service
from tests.monitoring.page import config, jobs, the

pytestmark = [pytest.mark.slurm]

SMALL = {"cpus": 1, "memory": "256Mi", "gpus": 0}
PASSWORD = "no-secret-of-anybody"
EVERYTHING = {"vectors.0", "triton.0", "db.0"}
PROBES = {
    ("vectors", "http", "http"),
    ("triton", "http", "http"),
    ("triton", "grpc", "tcp"),
    ("db", "postgresql", "tcp"),
    ("db", "metrics", "tcp"),
}


class World:
    """A factory whose daemon writes the file too, and a Prometheus with all jobs of the page, and itself."""

    def __init__(self, factory: Factory, prometheus: Prometheus, blackbox: Blackbox) -> None:
        self.factory = factory
        self.prometheus = prometheus
        self.file = factory.folder / "sd" / "services.json"
        factory.put(self.file.with_name("README"), "The daemon makes no folders for it.\n")
        blackbox.start(the("modules"))
        target = factory.slurm_target()
        target["path"] = [*target["path"], str(triton_programs())]
        address = f"127.0.0.1:{free_ports(1)[0]}"
        discovery = {**the("discovery", file=str(self.file)), "interval": "1s"}
        factory.configure(targets={"slurm": target}, discovery=discovery, http={"listen": address})
        self.jobs = jobs(address=address, file=str(self.file), blackbox=f"127.0.0.1:{blackbox.port}", target="slurm")

    def start(self) -> None:
        self.factory.start()
        self.prometheus.start()
        own = [{"targets": [f"127.0.0.1:{self.prometheus.port}"]}]
        self.jobs["prometheus"] = {"job_name": "prometheus", "static_configs": own}
        self.prometheus.reload(config(self.jobs))

    def commit(self, message: str, services: Mapping[str, str | None]) -> None:
        """Want these; None: no more."""
        files = {f"desired/{name}.yaml": text for name, text in services.items()}
        self.factory.commit(files, message)

    def address(self, name: str, port: str) -> str:
        line = line_of(self.factory.wait_healthy([name], 90), name)
        assert line is not None
        return line.endpoints[port][0]

    def up(self, job: str) -> set[str]:
        """The instances that a job scrapes with success."""
        return {sample.labels["instance"] for sample in self.prometheus.query(f'up{{job="{job}"}} == 1')}

    def wait_up(self, instances: set[str], *names: str) -> None:
        """Wait until these jobs scrape just these."""
        try:
            until(lambda: all(self.up(job) == instances for job in names), 90, f"{instances} in {names}")
        except LabError:
            found = [(one["scrapeUrl"], one["health"], one["lastError"]) for one in self.prometheus.targets()]
            pytest.fail(f"not {instances} in {names}; targets: {found}; the file: {self.file.read_text()}")


@pytest.fixture
def world(factory: Factory, lab_prometheus: Prometheus, tmp_path: Path) -> Iterator[World]:
    with Blackbox(tmp_path / "blackbox") as blackbox:
        yield World(factory, lab_prometheus, blackbox)


def test_prometheus_finds_and_follows_what_runs(world: World, lab_slurm: Lab) -> None:
    _comes_to_be(world)
    world.wait_up(EVERYTHING, "services", "files", "moving", "services-slurm")
    _has_its_labels(world.prometheus, alive(lab_slurm.slurm, world.factory.owner)["triton.0"])
    _outlives_an_absence_of_the_daemon(world)
    _is_followed_through_a_renewal(world, lab_slurm)
    world.commit("one less", {"vectors": None})
    world.wait_up(EVERYTHING - {"vectors.0"}, "services", "files", "moving", "services-slurm")
    assert not world.prometheus.query('faiss_dimension{job="services"}')
    assert PASSWORD not in world.file.read_text()


def _comes_to_be(world: World) -> None:
    """FAISS, Triton, and PostgreSQL, which has an exporter beside it."""
    factory = world.factory
    factory.secret(factory.owner, "password", PASSWORD)
    secret = {"name": factory.owner, "key": "password"}
    models = factory.folder / "models"
    factory.put(models / "README", "Triton starts without a model.\n")
    loads = {"modelRepository": str(models), "modelControlMode": "explicit", "firstRequest": False}
    files: dict[str, str | None] = {
        "vectors": service(
            "vectors", recipe="faiss", resources=SMALL, config={"dimension": 4}, renewal={"lead": "30m"}
        ),
        "triton": service("triton", recipe="triton", resources=SMALL, config=loads),
        "db": service(
            "db",
            recipe="postgresql",
            resources=SMALL,
            storage={"data": {"size": "512Mi"}},
            secrets={"POSTGRES_PASSWORD": secret},
        ),
    }
    world.commit("three services", files)
    world.start()


def _has_its_labels(prometheus: Prometheus, jobs: list[str]) -> None:
    """Each exporter says what only it can say; what is only a place is on no series, unless it was asked for."""
    prometheus.wait_for('pg_up{job="services",service="db"} == 1')
    prometheus.wait_for('faiss_dimension{job="services",service="vectors"} == 4')
    (triton,) = prometheus.wait_for('nv_pinned_memory_pool_total_bytes{job="services"}')
    words = ("instance", "service", "replica", "target", "platform", "recipe", "node", "job_id")
    known = [triton.labels.get(word) for word in words]
    assert known == ["triton.0", "triton", "0", "slurm", "slurm", "triton", None, None]
    (moving,) = prometheus.query('up{job="moving",service="triton"}')
    assert [moving.labels["job_id"]] == jobs
    prometheus.wait_for('reconciler_service_health{health="Healthy",service="vectors"} == 1')
    prometheus.wait_for(
        'probe_success{job="probes"} == 1',
        lambda found: {(one.labels["service"], one.labels["port"], one.labels["probe"]) for one in found} >= PROBES,
    )


def _outlives_an_absence_of_the_daemon(world: World) -> None:
    """No answer changes nothing for Prometheus; nor does the start of another daemon, which knows nothing at first."""
    assert world.factory.stop() == 0
    kept = world.file.read_text()
    world.prometheus.wait_for("prometheus_sd_http_failures_total > 1")
    assert world.up("services") == EVERYTHING
    world.factory.start()
    world.factory.wait_healthy(["vectors", "triton", "db"])
    world.wait_up(EVERYTHING, "services", "files")
    assert not world.prometheus.query('min_over_time(up{job=~"services|files"}[5m]) < 1')
    assert world.file.read_text() == kept


def _is_followed_through_a_renewal(world: World, lab: Lab) -> None:
    """Its job is handed over to one at another address, and every series of it goes on."""
    before, old = world.address("vectors", "http"), alive(lab.slurm, world.factory.owner)["vectors.0"]
    lab.slurm.command("scontrol", "update", f"JobId={old[0]}", "TimeLimit=1")  # a minute, of which half has passed

    def moved() -> bool:
        now = alive(lab.slurm, world.factory.owner).get("vectors.0", [])
        urls = [one["scrapeUrl"] for one in world.prometheus.targets() if one["labels"]["job"] == "services"]
        return bool(now) and old[0] not in now and not any(before in url for url in urls)

    until(moved, 90, f"another job than {old} at another address than {before}: {world.file.read_text()}")
    world.prometheus.wait_for('faiss_dimension{job="services"} == 4')
    assert len(world.prometheus.series('faiss_dimension{job="services"}')) == 1
    assert len(world.prometheus.series('up{job="services",service="vectors"}')) == 1
    world.prometheus.wait_for('count(last_over_time(up{job="moving",service="vectors"}[5m])) > 1')

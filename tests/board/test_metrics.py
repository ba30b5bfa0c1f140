from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.board import Board
from reconciler.errors import Complaint
from reconciler.metrics import registry_for
from reconciler.models.health import Health
from reconciler.models.revision import Revision
from reconciler.models.status import ServiceStatus, SourceStatus, State, TargetStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def service(
    name: str, state: State = State.RUNNING, health: Health = Health.HEALTHY, frozen: str = ""
) -> ServiceStatus:
    return ServiceStatus(name, "slurm", "faiss", state, health, NOW, "", "abc", frozen, 2, 1)


def samples(registry: CollectorRegistry) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def post(board: Board, *services: ServiceStatus) -> None:
    board.post_target(TargetStatus("slurm", "slurm", reachable=True, looked=NOW, revision="abc"), services)


def test_one_series_for_each_state_and_health_with_exactly_one_set() -> None:
    board = Board()
    post(board, service("a", State.HELD, Health.FAILED))
    found = samples(registry_for(board, lambda: NOW))
    states = {
        dict(labels)["state"]: value for (name, labels), value in found.items() if name == "reconciler_service_state"
    }
    healths = {
        dict(labels)["health"]: value for (name, labels), value in found.items() if name == "reconciler_service_health"
    }
    assert states == {state.value: float(state is State.HELD) for state in State}
    assert healths == {health.value: float(health is Health.FAILED) for health in Health}


def test_series_of_removed_services_vanish() -> None:
    board = Board()
    registry = registry_for(board, lambda: NOW)
    post(board, service("a"), service("b"))
    assert "a" in {dict(labels).get("service") for _, labels in samples(registry)}
    post(board, service("b"))
    assert "a" not in {dict(labels).get("service") for _, labels in samples(registry)}


def test_ages_counts_and_durations() -> None:
    board = Board()
    post(board, service("a", frozen="bad file"))
    board.count_action("slurm", "deploy", "ok")
    board.count_action("slurm", "deploy", "ok")
    board.count_turn("slurm", 0.05)
    found = samples(registry_for(board, lambda: NOW + timedelta(seconds=7)))
    assert found["reconciler_look_age_seconds", (("target", "slurm"),)] == 7
    labels = (("action", "deploy"), ("result", "ok"), ("target", "slurm"))
    assert found["reconciler_actions_total", labels] == 2
    assert found["reconciler_turn_duration_seconds_bucket", (("le", "0.1"), ("target", "slurm"))] == 1
    assert found["reconciler_turn_duration_seconds_bucket", (("le", "0.02"), ("target", "slurm"))] == 0
    assert found["reconciler_frozen_services", ()] == 1
    assert found["reconciler_service_frozen", (("service", "a"), ("target", "slurm"))] == 1


def test_the_source_and_its_errors() -> None:
    board = Board()
    revision = Revision("f" * 40, "Ada", "subject", NOW)
    board.post_source(SourceStatus(None, "cannot be reached"))
    board.post_source(SourceStatus(revision, "", (Complaint("a.yaml", 1, 1, "spec", "wrong"),)))
    found = samples(registry_for(board, lambda: NOW))
    assert found["reconciler_source_up", ()] == 1
    assert found["reconciler_source_failures_total", ()] == 1
    assert found["reconciler_source_errors", ()] == 1
    assert found["reconciler_source_revision_info", (("revision", "f" * 12),)] == 1

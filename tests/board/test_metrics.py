from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from reconciler.board import Board
from reconciler.errors import Complaint
from reconciler.metrics import Exporter
from reconciler.models.health import Health
from reconciler.models.revision import Revision
from reconciler.models.status import ServiceStatus, SourceStatus, State, TargetStatus
from reconciler.models.workload import Cause, PendingClass

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def service(
    name: str, state: State = State.RUNNING, health: Health = Health.HEALTHY, frozen: str = ""
) -> ServiceStatus:
    return ServiceStatus(name, "slurm", "faiss", state, health, NOW, "", "abc", frozen, 2, 1)


Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(exporter: Exporter) -> Samples:
    families = text_string_to_metric_families(exporter.page().decode())
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def of(found: Samples, name: str, **labels: str) -> float | None:
    """The value of `reconciler_<name>`; None when there is no such series."""
    return found.get((f"reconciler_{name}", tuple(sorted(labels.items()))))


def post(board: Board, *services: ServiceStatus) -> None:
    board.post_target(TargetStatus("slurm", "slurm", reachable=True, looked=NOW, revision="abc"), services)


def test_one_series_for_each_state_and_health_with_exactly_one_set() -> None:
    board = Board()
    post(board, service("a", State.HELD, Health.FAILED))
    found = samples(Exporter(board, lambda: NOW))
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
    exporter = Exporter(board, lambda: NOW)
    post(board, service("a"), service("b"))
    assert "a" in {dict(labels).get("service") for _, labels in samples(exporter)}
    post(board, service("b"))
    assert "a" not in {dict(labels).get("service") for _, labels in samples(exporter)}


def test_ages_counts_and_durations() -> None:
    board = Board()
    post(board, service("a", frozen="bad file"))
    board.count_action("slurm", "deploy", "ok")
    board.count_action("slurm", "deploy", "ok")
    board.count_turn("slurm", 0.05)
    found = samples(Exporter(board, lambda: NOW + timedelta(seconds=7)))
    assert found["reconciler_target_look_age_seconds", (("target", "slurm"),)] == 7
    labels = (("action", "deploy"), ("result", "ok"), ("target", "slurm"))
    assert found["reconciler_actions_total", labels] == 2
    assert found["reconciler_turn_duration_seconds_bucket", (("le", "0.1"), ("target", "slurm"))] == 1
    assert found["reconciler_turn_duration_seconds_bucket", (("le", "0.025"), ("target", "slurm"))] == 0
    assert found["reconciler_source_frozen_services", ()] == 1
    assert found["reconciler_service_frozen", (("service", "a"), ("target", "slurm"))] == 1


def test_the_source_and_its_errors() -> None:
    board = Board()
    revision = Revision("f" * 40, "Ada", "subject", NOW)
    board.post_source(SourceStatus(None, "cannot be reached"))
    board.post_source(SourceStatus(revision, "", (Complaint("a.yaml", 1, 1, "spec", "wrong"),)))
    found = samples(Exporter(board, lambda: NOW))
    assert found["reconciler_source_up", ()] == 1
    assert found["reconciler_source_failures_total", ()] == 1
    assert found["reconciler_source_errors", ()] == 1
    assert found["reconciler_source_revision_info", (("revision", "f" * 12),)] == 1


def test_what_is_waited_for_and_how_often_it_was_tried() -> None:
    board = Board()
    waits = replace(
        service("a", State.PENDING),
        pending=PendingClass.RESERVED,
        expected=NOW + timedelta(hours=1),
        attempt=3,
        generation=2,
        ended=Cause.MEMORY,
    )
    runs = replace(service("b"), deadline=NOW + timedelta(minutes=90))
    post(board, waits, runs)
    board.count_end("slurm", "a", "out-of-memory")
    found = samples(Exporter(board, lambda: NOW + timedelta(minutes=30)))
    a, b = {"service": "a", "target": "slurm"}, {"service": "b", "target": "slurm"}
    assert of(found, "service_pending", **a, **{"class": "reserved"}) == 1
    assert of(found, "service_expected_start_seconds", **a) == (NOW + timedelta(hours=1)).timestamp()
    assert of(found, "service_attempt", **a) == 3
    assert of(found, "service_generation", **a) == 2
    assert of(found, "service_last_end_info", **a, cause="out-of-memory") == 1
    assert of(found, "workload_ends_total", **a, cause="out-of-memory") == 1
    assert of(found, "service_walltime_remaining_seconds", **a) is None
    assert of(found, "service_walltime_remaining_seconds", **b) == 3600
    for name in ("service_pending", "service_expected_start_seconds", "service_last_end_info"):
        assert [labels for key, labels in found if key == f"reconciler_{name}" and ("service", "b") in labels] == []


def test_the_pending_services_of_a_target_are_counted_by_class() -> None:
    board = Board()
    kinds = [PendingClass.WAITING, PendingClass.WAITING, PendingClass.BLOCKED, None]
    post(board, *(replace(service(f"s{number}"), pending=kind) for number, kind in enumerate(kinds)))
    found = samples(Exporter(board, lambda: NOW))
    counts = {kind.value: of(found, "target_pending", target="slurm", **{"class": kind.value}) for kind in PendingClass}
    assert counts == {"waiting": 2, "reserved": 0, "held": 0, "blocked": 1}


def test_ends_of_a_removed_service_vanish() -> None:
    board = Board()
    post(board, service("a"))
    board.count_end("slurm", "a", "exit-code")
    post(board)
    assert "a" not in {dict(labels).get("service") for _, labels in samples(Exporter(board, lambda: NOW))}


def test_each_family_has_one_head_and_foreign_text_is_quoted() -> None:
    board = Board()
    hostile = 'a"} 1\nb\\'
    post(board, replace(service("a"), revision=hostile))
    page = Exporter(board, lambda: NOW).page().decode()
    heads = Counter(line.split()[2] for line in page.splitlines() if line.startswith("# TYPE"))
    assert {name for name, count in heads.items() if count > 1} == set()
    found = samples(Exporter(board, lambda: NOW))
    assert (
        of(found, "service_info", service="a", target="slurm", recipe="faiss", revision=hostile, platform="slurm") == 1
    )


def test_a_scrape_of_10_000_services_is_cheap() -> None:
    board = Board()
    line = replace(service("a"), deadline=NOW, pending=PendingClass.WAITING, expected=NOW, ended=Cause.EXIT)
    post(board, *(replace(line, service=f"s{number}") for number in range(10_000)))
    exporter = Exporter(board, lambda: NOW)
    exporter.page()
    seconds = []
    for _ in range(3):
        began = time.process_time()
        exporter.page()
        seconds.append(time.process_time() - began)
    assert min(seconds) < 0.3

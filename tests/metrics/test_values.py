"""What the numbers are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.board import ACTIONS, RESTART_REASONS, RESULTS, Board
from reconciler.board.visits import MOST_DENIALS, MOST_REQUESTS
from reconciler.metrics import Exporter
from reconciler.models.health import Health
from reconciler.models.status import Serving, SourceStatus, State, TargetStatus
from reconciler.models.workload import Instance, Phase
from tests.board.test_metrics import Samples, of, samples
from tests.fakes import START
from tests.metrics.sample import NOW, full, line
from tests.samples import REVISION

TARGET = TargetStatus("fake", "slurm", reachable=True, looked=START)
SERVICE = {"service": "a", "target": "fake"}


def page(board: Board) -> Samples:
    return samples(Exporter(board, lambda: NOW))


def test_counters_of_a_service_and_of_a_target_are_there_before_anything_is_counted() -> None:
    board = Board()
    board.post_target(TARGET, (line(),))
    found = page(board)
    assert [of(found, "service_restarts_total", **SERVICE, reason=reason) for reason in RESTART_REASONS] == [0] * 8
    assert [of(found, "drift_total", **SERVICE, event=event) for event in ("found", "repaired")] == [0, 0]
    assert of(found, "service_renewals_total", **SERVICE) == 0
    done = [
        of(found, "actions_total", target="fake", action=one, result=result) for one in ACTIONS for result in RESULTS
    ]
    assert done == [0] * len(done)


def test_restarts_are_counted_by_known_reasons_only_and_go_with_the_service() -> None:
    board = Board()
    board.post_target(TARGET, (line(), line("b")))
    for reason in ("unhealthy", "unhealthy", "what somebody wrote"):
        board.count_restart("fake", "a", reason)
    board.count_renewal("fake", "a")
    found = page(board)
    assert of(found, "service_restarts_total", **SERVICE, reason="unhealthy") == 2
    assert of(found, "service_restarts_total", **SERVICE, reason="other") == 1
    assert of(found, "service_renewals_total", **SERVICE) == 1
    board.post_target(TARGET, (line("b"),))
    assert [key for key in page(board) if ("service", "a") in key[1]] == []
    board.post_target(TARGET, (line(),))
    assert of(page(board), "service_restarts_total", **SERVICE, reason="unhealthy") == 0


def test_each_instance_is_up_or_not() -> None:
    board = Board()
    serving = tuple(Serving(0, one, Instance(one, up=True), up=one == "7") for one in ("7", "8"))
    board.post_target(TARGET, (line(serving=serving),))
    ups = [of(page(board), "service_endpoint_up", **SERVICE, replica="0", instance=one) for one in ("7", "8")]
    assert ups == [1, 0]


def test_a_target_is_down_until_it_was_looked_at() -> None:
    board = Board()
    board.expect({"fake": "slurm", "cloud": "kubernetes"})
    board.post_target(TARGET, ())
    found = page(board)
    assert of(found, "target_up", target="fake", kind="slurm") == 1
    assert of(found, "target_up", target="cloud", kind="kubernetes") == 0
    assert of(found, "target_look_age_seconds", target="cloud") is None
    assert board.status().targets.keys() == {"fake"}


def test_what_a_target_has_of_ours() -> None:
    board = Board()
    target = replace(TARGET, jobs={Phase.RUNNING: 3, Phase.PENDING: 1, Phase.ENDED: 9}, gpus=(8, 4), leads=False)
    board.post_target(target, ())
    found = page(board)
    jobs = [
        of(found, "target_jobs", target="fake", phase=phase) for phase in ("Pending", "Running", "Stopping", "Ended")
    ]
    assert jobs == [1, 3, 0, None]
    assert [of(found, "target_gpus", target="fake", use=use) for use in ("used", "requested")] == [8, 4]
    assert of(found, "target_leads", target="fake") == 0
    assert of(found, "target_restarts_held", target="fake") == 0
    board.post_target(replace(target, restarts_held="61 of 80"), ())
    assert of(page(board), "target_restarts_held", target="fake") == 1


def test_held_removals_are_what_nobody_wants_and_goes_on() -> None:
    board = Board()
    held = line("b", recipe="", state=State.HELD)
    going = line("c", recipe="", state=State.REMOVING)
    blocked = line("d", state=State.HELD, health=Health.FAILED)
    board.post_source(SourceStatus(REVISION, held={"never": "its file is bad"}))
    board.post_target(TARGET, (line(), held, going, blocked))
    assert of(page(board), "source_held_removals") == 1


@pytest.mark.parametrize(("verified", "value"), [(True, 1), (False, 0), (None, None)])
def test_a_signature_that_is_not_asked_for_has_no_series(verified: bool | None, value: float | None) -> None:
    board = Board()
    board.post_source(SourceStatus(REVISION, verified=verified))
    assert of(page(board), "source_verified") == value


def test_the_source_says_when_it_was_read_and_how_long_that_took() -> None:
    board = Board()
    assert of(page(board), "source_last_success_timestamp_seconds") is None
    board.post_source(SourceStatus(REVISION, fetched=START, seconds=0.2))
    board.count_fetch(0.2)
    found = page(board)
    assert of(found, "source_last_success_timestamp_seconds") == START.timestamp()
    assert of(found, "source_fetch_duration_seconds_count") == 1
    assert of(found, "source_fetch_duration_seconds_sum") == 0.2
    assert of(found, "source_fetch_duration_seconds_bucket", le="0.25") == 1
    assert of(found, "source_fetch_duration_seconds_bucket", le="0.1") == 0


def test_since_when_it_is_unhealthy() -> None:
    board = Board()
    board.post_target(TARGET, (line(), line("b", unhealthy=START - timedelta(minutes=1), looping=True)))
    found = page(board)
    assert of(found, "service_unhealthy_since_seconds", **SERVICE) is None
    assert of(found, "service_unhealthy_since_seconds", service="b", target="fake") == START.timestamp() - 60
    assert of(found, "service_crash_looping", **SERVICE) == 0
    assert of(found, "service_crash_looping", service="b", target="fake") == 1


def test_the_platform_the_availability_and_the_durations_of_a_full_board() -> None:
    found = page(full())
    assert of(found, "service_info", **SERVICE, recipe="web", revision=REVISION.short, platform="slurm") == 1
    assert of(found, "service_labels", **SERVICE, label_team="nlp", label_cost_centre_eu="17") == 1
    assert of(found, "service_availability", **SERVICE) == 1
    assert of(found, "service_availability", service="gone", target="fake") is None
    assert of(found, "service_start_duration_seconds_sum", target="fake", recipe="web") == 600
    assert of(found, "service_queue_wait_seconds_count", target="fake") == 1
    assert of(found, "action_duration_seconds_sum", target="fake", action="deploy") == 0.3


def test_what_the_pages_were_asked_for_is_counted_by_templates_and_known_words() -> None:
    board = Board()
    for code in (200, 200, 404):
        board.count_request("/services/{name}", "GET", code, 0.02)
    board.count_request("/services", "BREW", 405, 0.02)
    board.count_denial("token")
    board.count_proposal("start", "committed", 0.3)
    board.count_proposal("drop table", "x" * 1000, 0.3)
    with board.watching("events"), board.watching("events"):
        found = page(board)
        assert of(found, "http_watchers", stream="events") == 2
    assert of(page(board), "http_watchers", stream="events") == 0
    of_one = {"route": "/services/{name}", "method": "GET"}
    assert of(found, "http_requests_total", **of_one, code="200") == 2
    assert of(found, "http_requests_total", **of_one, code="404") == 1
    assert of(found, "http_request_duration_seconds_count", **of_one) == 3
    assert of(found, "http_requests_total", route="/services", method="other", code="405") == 1
    assert of(found, "http_denied_total", reason="token") == 1
    assert of(found, "proposals_total", verb="start", result="committed") == 1
    assert of(found, "proposals_total", verb="stop", result="forbidden") == 0
    assert of(found, "proposals_total", verb="other", result="other") == 1
    assert of(found, "proposal_duration_seconds_count", verb="start") == 1


def test_no_stranger_makes_series_without_end() -> None:
    board = Board()
    for number in range(3000):
        board.count_request(f"/forged/{number}", "GET", 404, 0.0)
        board.count_denial(f"reason {number}")
    names = [name for name, _ in page(board)]
    assert names.count("reconciler_http_requests_total") <= MOST_REQUESTS + 5
    assert names.count("reconciler_http_request_duration_seconds_count") <= MOST_REQUESTS + 1
    assert names.count("reconciler_http_denied_total") <= MOST_DENIALS + 1

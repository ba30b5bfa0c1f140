"""Drift, fights and gaps as people see them: in the table and in the metrics."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.board import Board
from reconciler.health import judge
from reconciler.metrics import Exporter
from reconciler.models.action import Plan
from reconciler.models.health import Health
from reconciler.models.service import DriftPolicy
from reconciler.models.status import Fight, ServiceStatus, State, TargetStatus
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Drift, Gap, Observed
from tests.fakes import START, look, workload
from tests.samples import resolved

DRIFT = Drift("Deployment ai/a", "/spec/replicas", "hpa", "7")
DRIFTED = look(replace(workload("a"), drift=(DRIFT, replace(DRIFT, field="/spec/paused"))))
WANTED = Wanted("a", 1, "d1", in_place=True, parts=frozenset({"ai/Deployment"}))
FIGHT = Fight(DRIFT, 7, START + timedelta(seconds=8))


def line(seen: Observed = DRIFTED, policy: DriftPolicy = "repair", fights: tuple[Fight, ...] = ()) -> ServiceStatus:
    wanted = replace(WANTED, drift=policy)
    (one,) = judge([(resolved("a"), wanted)], seen, Plan("cloud", ()), {}, {}, {"a": fights} if fights else {})
    return one


@pytest.mark.parametrize(
    ("policy", "why", "count"),
    [
        ("repair", "changed by hand, is being put back: Deployment ai/a: /spec/replicas (set by hpa) and 1 more", 2),
        (
            "report",
            "changed by hand, left as it is (drift: report): Deployment ai/a: /spec/replicas (set by hpa) and 1 more",
            2,
        ),
        ("ignore", "", 0),
    ],
)
def test_what_was_changed_by_hand_is_told_as_the_policy_says(policy: DriftPolicy, why: str, count: int) -> None:
    one = line(policy=policy)
    assert (one.state, one.health, one.why, len(one.drift)) == (State.RUNNING, Health.HEALTHY, why, count)


def test_a_fight_names_who_when_and_what_to_do() -> None:
    assert line(fights=(FIGHT,)).why == (
        "hpa undoes the repair of Deployment ai/a: /spec/replicas again and again (7 times); "
        f"it is put back again at {START + timedelta(seconds=8):%H:%M:%S} UTC; give the field to them with `ignore`"
    )


def test_what_is_made_of_a_part_that_cannot_be_seen_is_unknown_and_the_rest_is_not() -> None:
    seen = replace(look(workload("a"), workload("b")), gaps=(Gap("ai/Deployment", "forbidden"),))
    other = replace(WANTED, service="b", parts=frozenset({"ai-two/Deployment"}))
    table = judge([(resolved("a"), WANTED), (resolved("b"), other)], seen, Plan("cloud", ()), {}, {})
    assert [(one.state, one.why) for one in table] == [(State.UNKNOWN, "forbidden"), (State.RUNNING, "")]


def test_a_removal_that_fails_is_shown() -> None:
    (one,) = judge([], look(workload("old")), Plan("cloud", ()), {"old": "denied by a webhook"}, {})
    assert (one.state, one.why) == (State.REMOVING, "denied by a webhook")


def test_the_metrics_tell_the_same() -> None:
    board = Board()
    board.count_drift("cloud", "a", "found")
    board.count_drift("cloud", "gone", "found")
    target = TargetStatus("cloud", "kubernetes", reachable=True, gaps=(Gap("ai/Ingress", "forbidden"),))
    board.post_target(target, (replace(line(fights=(FIGHT,)), target="cloud"),))
    page = Exporter(board, lambda: START).page().decode()
    assert 'reconciler_service_drift{service="a",target="cloud"} 2.0' in page
    assert 'reconciler_service_fight{manager="hpa",service="a",target="cloud"} 1.0' in page
    assert 'reconciler_drift_total{event="found",service="a",target="cloud"} 1.0' in page
    assert 'reconciler_target_gaps{target="cloud"} 1.0' in page
    assert "gone" not in page

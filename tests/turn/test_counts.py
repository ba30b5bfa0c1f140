"""What is counted as a restart, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.board import RESTART_REASONS, Board
from reconciler.models.action import Action, Cancel, Deploy, Hold, Outcome, Renew, Replace, Restart
from reconciler.models.workload import Cause, Phase, Workload
from reconciler.turn.counts import Counts, restart_reason
from tests.fakes import look, workload

OLD = workload("a")
GONE = workload("a", phase=Phase.ENDED)


@pytest.mark.parametrize(
    ("action", "last", "reason"),
    [
        (Deploy("a", 0, ""), None, None),
        (Deploy("a", 0, ""), replace(GONE, cause=Cause.EXIT), "failed"),
        (Deploy("a", 0, ""), replace(GONE, cause=Cause.MEMORY), "failed"),
        (Deploy("a", 0, ""), replace(GONE, cause=Cause.UNHEALTHY), "unhealthy"),
        (Deploy("a", 0, ""), replace(GONE, cause=Cause.NODE), "node"),
        (Deploy("a", 0, ""), replace(GONE, cause=Cause.PREEMPTED), "preempted"),
        (Deploy("a", 0, ""), replace(GONE, cause=Cause.TIME_LIMIT), "time-limit"),
        (Deploy("a", 0, ""), replace(GONE, cause=Cause.CANCELLED), "other"),
        (Deploy("a", 0, ""), GONE, "other"),
        (Restart("a", 0, "", (OLD,)), None, "requested"),
        (Restart("a", 0, "", (OLD,), unhealthy=True), None, "unhealthy"),
        (Replace("a", 0, "", (OLD,)), None, "changed"),
        (Replace("a", 0, "", (replace(OLD, mark=replace(OLD.mark, digest="")),)), None, None),
        (Renew("a", 0, "", (OLD,)), GONE, None),
        (Cancel("a", 0, "", (OLD,)), GONE, None),
        (Hold("a", ""), GONE, None),
    ],
)
def test_the_reason_of_a_restart(action: Action, last: Workload | None, reason: str | None) -> None:
    assert restart_reason(action, last) == reason


@pytest.mark.parametrize("cause", Cause)
def test_each_cause_has_a_reason_that_the_metrics_know(cause: Cause) -> None:
    assert restart_reason(Deploy("a", 0, ""), replace(GONE, cause=cause)) in RESTART_REASONS


def test_only_what_succeeded_is_counted_by_the_end_that_came_last() -> None:
    board = Board()
    counts = Counts("t", board)
    counts.see(look(replace(GONE, cause=Cause.NODE), replace(GONE, id="2", mark=replace(GONE.mark, generation=1))))
    counts.note(Outcome(Deploy("a", 0, ""), "refused"))
    counts.note(Outcome(Deploy("a", 0, "")))
    counts.note(Outcome(Renew("a", 0, "", (OLD,))))
    assert board.tallies().restarts == {("t", "a", "other"): 1}
    assert board.tallies().renewals == {("t", "a"): 1}

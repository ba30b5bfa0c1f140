"""For which share of its time a service was healthy."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from reconciler.board import Board
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State, TargetStatus
from tests.fakes import START

WELL = ServiceStatus("a", "t", "web", State.RUNNING, Health.HEALTHY, START, "")
ILL = replace(WELL, health=Health.DEGRADED)
STOPPING = replace(WELL, state=State.STOPPING, health=Health.PROGRESSING)
ASLEEP = replace(WELL, state=State.SUSPENDED, health=Health.SUSPENDED)
UNSEEN = replace(WELL, state=State.UNKNOWN, health=Health.UNKNOWN)
UNWANTED = replace(WELL, recipe="", state=State.HELD)
LINES = (WELL, ILL, STOPPING, ASLEEP, UNSEEN, UNWANTED, None)


def share(*moments: tuple[float, ServiceStatus | None]) -> float | None:
    """The share after tables at these seconds."""
    board = Board()
    for seconds, line in moments:
        at = START + timedelta(seconds=seconds)
        board.post_target(TargetStatus("t", "slurm", reachable=True), (line,) if line else (), at)
    return board.tallies().availability().get(("t", "a"))


def test_it_is_the_healthy_part_of_the_time() -> None:
    assert share((0, WELL)) == 1
    assert share((0, ILL)) == 0
    assert share((0, ILL), (30, WELL), (60, WELL), (90, ILL), (120, ILL)) == 0.5
    assert share((0, WELL), (10, WELL), (10, ILL), (20, ILL)) == 0.5


def test_time_asleep_unseen_or_unwanted_counts_neither_way() -> None:
    assert share((0, ASLEEP)) is None
    for other in (ASLEEP, UNSEEN, UNWANTED):
        assert share((0, ILL), (10, other), (500, WELL), (510, WELL)) == 0.5


def test_what_stops_to_sleep_counts_neither_way_and_what_stops_to_start_again_is_down() -> None:
    assert share((0, WELL), (10, STOPPING), (20, ASLEEP), (30, WELL), (40, WELL)) == 1
    assert share((0, WELL), (10, STOPPING), (20, WELL), (30, WELL)) == 2 / 3


def test_a_service_that_was_removed_begins_anew() -> None:
    assert share((0, ILL), (10, ILL), (20, None), (30, WELL), (40, WELL)) == 1
    assert share((0, ILL), (10, None)) is None


def test_a_clock_that_is_set_changes_nothing_else() -> None:
    assert share((0, WELL), (10, WELL), (-5000, WELL), (-4990, ILL), (-4980, ILL)) == 2 / 3
    assert share((0, WELL), (10, WELL), (900_000, ILL), (900_010, ILL)) == 0.5


@given(st.lists(st.tuples(st.floats(-1e7, 1e7), st.sampled_from(LINES)), min_size=1, max_size=30))
def test_it_is_never_below_0_nor_above_1(moments: list[tuple[float, ServiceStatus | None]]) -> None:
    found = share(*moments)
    assert found is None or 0 <= found <= 1

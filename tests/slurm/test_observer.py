from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.models.health import Health
from reconciler.models.workload import Cause, Instance, PendingClass, Phase
from reconciler.slurm import SlurmObserver
from reconciler.slurm.mark import write
from tests.slurm.plain import MARK, OURS, WAITING, Texts, at, new_observer, only, whole
from tests.slurm.services import OWNER, mark


@pytest.fixture
def slurm() -> Texts:
    return Texts([OURS])


@pytest.fixture
def observer(slurm: Texts) -> SlurmObserver:
    return new_observer(slurm)


@pytest.mark.parametrize("comment", ["(null)", "", "look at this", write(mark("db"))])
def test_a_job_that_is_known_stays_ours(slurm: Texts, observer: SlurmObserver, comment: str) -> None:
    before = only(observer)
    slurm.jobs = [OURS._replace(comment=comment)]
    for _ in range(2):
        after = only(observer)
        assert not after.marked
        assert (after.mark, after.note, after.health) == (before.mark, before.note, Health.HEALTHY)
    slurm.jobs = [OURS]
    assert only(observer) == before


def test_the_mark_of_somebody_else_is_no_damage(slurm: Texts, observer: SlurmObserver) -> None:
    only(observer)
    slurm.jobs = [OURS._replace(comment=MARK.replace(OWNER, "factory-b"))]
    seen = whole(observer)
    (conflict,) = seen.conflicts
    assert "bears the mark of factory-b" in conflict.what
    assert [one.phase for one in seen.workloads] == []


def test_a_job_that_runs_is_an_instance_where_it_says_that_it_listens(slurm: Texts, observer: SlurmObserver) -> None:
    assert only(observer).instances == (Instance(OURS.id, "a", up=True, endpoints=(("http", "a:1"),)),)
    slurm.jobs = [OURS._replace(comment=MARK)]
    (silent,) = only(observer).instances
    assert (silent.node, silent.up, silent.endpoints) == (OURS.host, False, ())
    slurm.jobs = [WAITING]
    assert only(observer).instances == ()


@pytest.mark.parametrize("change", [{"name": "web.1"}, {"submit": 9_901}])
def test_another_job_with_the_same_id_is_not_ours(
    slurm: Texts, observer: SlurmObserver, change: dict[str, str]
) -> None:
    only(observer)
    slurm.jobs = [OURS._replace(comment="(null)", **change)]  # type: ignore[arg-type]  # fields by their names
    assert [one.phase for one in whole(observer).workloads] == [Phase.ENDED]


def test_the_end_of_a_job_with_a_damaged_comment_is_seen(slurm: Texts, observer: SlurmObserver) -> None:
    only(observer)
    slurm.jobs = [OURS._replace(comment="(null)", state="TIMEOUT", end=10_200)]
    for _ in range(2):
        seen = only(observer)
        assert (seen.cause, seen.lasted, seen.marked) == (Cause.TIME_LIMIT, 195.0, False)
    slurm.jobs = []
    assert whole(observer).workloads == ()


def test_a_new_daemon_does_not_know_it(slurm: Texts) -> None:
    slurm.jobs = [OURS._replace(comment="(null)")]
    seen = whole(new_observer(slurm))
    assert [(one.service, one.replica) for one in seen.conflicts] == [("web", 0)]


def test_times_are_by_this_machines_clock(slurm: Texts, observer: SlurmObserver) -> None:
    slurm.wall, slurm.ahead = 10_100.0 - 3600, 3600
    seen = whole(observer)
    assert seen.at == at(10_100 - 3600)
    assert seen.workloads[0].deadline == at(20_000 - 3600)


@pytest.mark.parametrize("ahead", [-1, 0, 1])
def test_a_second_is_no_difference(slurm: Texts, observer: SlurmObserver, ahead: int) -> None:
    slurm.ahead = ahead
    assert only(observer).deadline == at(20_000)


def test_the_controller_is_asked_once_and_again_when_the_clock_was_set(slurm: Texts, observer: SlurmObserver) -> None:
    for _ in range(3):
        only(observer)
        slurm.passes(100)
    assert slurm.asked["sdiag"] == 1
    slurm.wall += 3600
    slurm.ahead -= 3600
    assert only(observer).deadline == at(20_000 + 3600)
    assert slurm.asked["sdiag"] == 2


def test_a_controller_that_does_not_say_leaves_the_times_as_they_are(slurm: Texts, observer: SlurmObserver) -> None:
    slurm.tells = False
    slurm.ahead = 3600
    for _ in range(2):
        assert only(observer).deadline == at(20_000)
    assert slurm.asked["sdiag"] == 1
    slurm.tells = True
    slurm.passes(301)
    assert only(observer).deadline == at(20_000 - 3600)


def test_a_look_during_which_the_clock_is_set_is_none(slurm: Texts, observer: SlurmObserver) -> None:
    slurm.step = 3600
    assert observer.look().why == "the clock of this machine was set during the look"
    slurm.step = 0
    assert observer.look().complete


RESERVED = (
    "ReservationName={} StartTime={:010} EndTime=0000099999 Duration=00:10:00 PartitionName=(null) Flags={} TRES=\n"
)


def test_the_next_one_in_the_way_of_a_job_is_told(slurm: Texts, observer: SlurmObserver) -> None:
    slurm.jobs = [WAITING]
    slurm.closing = "".join(
        RESERVED.format(name, start, flags)
        for name, start, flags in [
            ("past", 10_000, "MAINT"),
            ("later", 13_000, "MAINT,SPEC_NODES"),
            ("next", 12_000, "IGNORE_JOBS,MAINT"),
            ("course", 11_000, "SPEC_NODES"),
        ]
    )
    seen = whole(observer)
    assert seen.closes == at(12_000)
    assert [one.pending for one in seen.workloads] == [PendingClass.RESERVED]


def test_it_is_asked_for_once_a_minute_and_only_when_a_job_waits(slurm: Texts, observer: SlurmObserver) -> None:
    whole(observer)
    assert "reservations" not in slurm.asked
    slurm.jobs = [WAITING]
    for seconds, asked in ((0, 1), (59, 1), (2, 2)):
        slurm.passes(seconds)
        assert whole(observer).closes is None
        assert slurm.asked["reservations"] == asked


def test_the_token_of_a_look_is_new_each_time_and_long_enough() -> None:
    slurm = Texts([OURS])
    observer = new_observer(slurm)
    for _ in range(50):
        whole(observer)
    assert len(set(slurm.tokens)) == 50
    assert {len(token) for token in slurm.tokens} == {10}


def test_a_limit_is_that_in_force(observer: SlurmObserver) -> None:
    assert only(observer).limit == timedelta(hours=1)

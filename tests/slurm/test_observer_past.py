"""What squeue forgets: jobs that ended unseen."""

from __future__ import annotations

import pytest

from reconciler.models.health import Health
from reconciler.models.workload import Cause, Phase
from reconciler.slurm import SlurmObserver
from reconciler.slurm.mark import write
from tests.slurm.plain import MARK, OURS, Texts, at, new_observer, only, whole
from tests.slurm.services import OWNER, mark
from tests.slurm.test_history import line


@pytest.fixture
def slurm() -> Texts:
    return Texts([OURS])


@pytest.fixture
def observer(slurm: Texts) -> SlurmObserver:
    return new_observer(slurm)


def test_a_job_that_is_gone_has_ended(slurm: Texts, observer: SlurmObserver) -> None:
    only(observer)
    slurm.passes(30)
    slurm.jobs = []
    seen = only(observer)
    assert (seen.id, seen.phase, seen.cause, seen.health) == ("7", Phase.ENDED, Cause.FORGOTTEN, Health.DEGRADED)
    assert (seen.since, seen.lasted, seen.endpoints) == (at(10_130), 125.0, ())
    slurm.passes(3600)
    assert only(observer) == seen
    slurm.passes(86_400)
    assert whole(observer).workloads == ()


def test_the_accounting_says_why(slurm: Texts, observer: SlurmObserver) -> None:
    slurm.past = []
    only(observer)
    slurm.jobs = []
    end = OURS._replace(state="NODE_FAIL", end=10_110, comment="", limit="01:00:00")
    slurm.past = [line(OURS._replace(submit=5, end=6)), line(end, "1:0")]
    seen = only(observer)
    assert (seen.cause, seen.since, seen.lasted) == (Cause.NODE, at(10_110), 105.0)
    only(observer)
    assert slurm.asked["sacct"] == 2


def test_a_job_that_is_followed_is_of_no_interest(slurm: Texts, observer: SlurmObserver) -> None:
    only(observer)
    slurm.jobs = []
    only(observer)
    slurm.jobs = [OURS._replace(id="8", submit=10_140, start=10_150, comment=MARK)]
    assert only(observer).id == "8"
    slurm.jobs = []
    assert only(observer).id == "8"


def test_a_requeued_job_is_not_missed(slurm: Texts, observer: SlurmObserver) -> None:
    only(observer)
    slurm.jobs = [OURS._replace(state="PENDING", why="BeginTime", submit=10_101)]
    assert only(observer).phase is Phase.PENDING


def test_a_controller_that_lost_its_state_may_use_the_id_again(slurm: Texts, observer: SlurmObserver) -> None:
    only(observer)
    slurm.jobs = [OURS._replace(name="other", comment="theirs", submit=10_101)]
    assert (only(observer).cause, slurm.asked["sacct"]) == (Cause.FORGOTTEN, 1)


def test_a_new_daemon_learns_of_the_last_ends_from_the_accounting(slurm: Texts) -> None:
    slurm.jobs = [OURS._replace(name="db.0", comment=write(mark("db")))]
    failed = OURS._replace(state="FAILED", end=10_050, limit="01:00:00")
    first = failed._replace(id="5", submit=9_000, comment=write(mark("web", attempt=3)) + " n=a h=ok u=10049 x=3")
    last = failed._replace(id="6", submit=9_500, comment=write(mark("web", attempt=4)) + " n=a h=ok u=10049 x=3")
    older = failed._replace(name="db.0", submit=9_000, comment=write(mark("db")))
    theirs = failed._replace(comment=write(mark("web")).replace(OWNER, "factory-b"))
    slurm.past = [line(one) for one in (first, last, older, theirs)]
    live, ended = whole(new_observer(slurm)).workloads
    assert live.mark.service == "db"
    assert (ended.id, ended.mark.attempt, ended.cause, ended.lasted) == ("6", 4, Cause.EXIT, 1.0)


def test_an_accounting_that_is_not_there_is_asked_once(slurm: Texts, observer: SlurmObserver) -> None:
    for jobs in ([OURS], [], [OURS], []):
        slurm.jobs = jobs
        whole(observer)
        slurm.passes(1000)
    assert slurm.asked["sacct"] == 1


def test_an_accounting_that_does_not_answer_is_asked_again_later(slurm: Texts, observer: SlurmObserver) -> None:
    slurm.past = "sacct: no answer in time"
    for seconds, asked in ((0, 1), (200, 1), (200, 2)):
        slurm.passes(seconds)
        slurm.jobs = [] if slurm.jobs else [OURS]
        whole(observer)
        slurm.jobs = [] if slurm.jobs else [OURS]
        whole(observer)
        assert slurm.asked["sacct"] == asked

"""The lead of a renewal grows by what the queue would keep a successor waiting."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from reconciler.models.wanted import ResolvedService, Wanted
from reconciler.models.workload import Observed
from reconciler.settings import SlurmTarget
from reconciler.turn.estimates import Estimates
from reconciler.turn.prepare import Preparer
from tests.fakes import START, FakePlatform, workload
from tests.samples import recipe, resolved

HOUR = timedelta(hours=1)
TARGET = SlurmTarget.model_validate({"kind": "slurm", "folders": {"data": "/d", "logs": "/l"}})


def needs(*names: str, **spec: object) -> list[tuple[ResolvedService, Wanted]]:
    return [(resolved(name, **spec), Wanted(name, 1, "d1", lead=HOUR)) for name in names]


def look(*names: str, left: timedelta, after: timedelta = timedelta()) -> Observed:
    jobs = (replace(workload(name, deadline=START + left), limit=4 * HOUR) for name in names)
    return Observed("fake", START + after, complete=True, workloads=tuple(jobs))


def test_it_is_asked_in_the_last_half_of_a_job_and_not_before() -> None:
    platform = FakePlatform(queue=HOUR)
    estimates = Estimates(platform)
    estimates.refresh(needs("a"), look("a", left=2.1 * HOUR))
    assert (platform.asked, estimates.wait_of("a")) == ([], timedelta())
    estimates.refresh(needs("a"), look("a", left=2 * HOUR))
    assert (platform.asked, estimates.wait_of("a")) == (["a"], HOUR)


def test_it_is_asked_rarely_and_for_few_at_once() -> None:
    platform = FakePlatform(queue=HOUR)
    estimates = Estimates(platform)
    names = "abcdefghij"
    for _ in range(5):
        before = len(platform.asked)
        estimates.refresh(needs(*names), look(*names, left=HOUR))
        assert len(platform.asked) - before <= 4
    assert sorted(platform.asked) == sorted(names)
    estimates.refresh(needs("a"), look("a", left=HOUR, after=timedelta(minutes=9)))
    assert len(platform.asked) == 10
    estimates.refresh(needs("a"), look("a", left=HOUR, after=timedelta(minutes=10)))
    assert len(platform.asked) == 11


def test_a_service_that_says_its_lead_itself_needs_none() -> None:
    platform = FakePlatform(queue=HOUR)
    estimates = Estimates(platform)
    estimates.refresh(needs("a", renewal={"lead": "10m"}), look("a", left=HOUR))
    assert (platform.asked, estimates.wait_of("a")) == ([], timedelta())


def test_no_answer_is_no_wait_and_a_renewed_job_forgets_its_own() -> None:
    platform = FakePlatform(queue=None)
    estimates = Estimates(platform)
    estimates.refresh(needs("a"), look("a", left=HOUR))
    assert estimates.wait_of("a") == timedelta()
    platform.queue = HOUR
    estimates.refresh(needs("a"), look("a", left=HOUR, after=timedelta(minutes=11)))
    assert estimates.wait_of("a") == HOUR
    estimates.refresh(needs("a"), look("a", left=4 * HOUR))
    assert estimates.wait_of("a") == timedelta()


def test_the_usual_lead_is_the_longest_start_the_grace_slurms_minute_and_two_looks_and_the_queue() -> None:
    slow = recipe(
        health={"http": {"port": "http", "path": "/"}, "startup": "20m", "interval": "1s", "timeout": "1s"},
        stop={"grace": "30s"},
    )
    platform = FakePlatform()
    for waits in (timedelta(), HOUR):
        preparer = Preparer(TARGET, platform, lambda _name, waits=waits: waits)
        ((_, wanted),) = preparer.prepare([resolved("a", of=slow)], START)
        assert wanted.lead == timedelta(minutes=20, seconds=30 + 60 + 2 * 30) + waits
    ((_, wanted),) = Preparer(TARGET, platform, lambda _: HOUR).prepare(
        [resolved("a", of=slow, renewal={"lead": "5m"})], START
    )
    assert wanted.lead == timedelta(minutes=5)

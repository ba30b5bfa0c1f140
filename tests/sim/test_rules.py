"""Each rule of the simulation finds what breaks it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sim.calm import complaint
from tests.sim.job import Job
from tests.sim.processes import Character
from tests.sim.repository import Spec
from tests.sim.rules import BrokenRuleError, is_healthy
from tests.sim.scenario import Scenario


@pytest.fixture
def scenario() -> Iterator[Scenario]:
    """All that is wanted at first, running and healthy."""
    made = Scenario(lambda: Character(healthy=1))
    for _ in range(4):
        made.turn()
        made.wait(5)
    assert complaint(made) == ""
    yield made
    made.daemon.close()


def job_of(scenario: Scenario, name: str) -> Job:
    (job,) = [job for job in scenario.cluster.live.values() if job.name == name]
    return job


def again(scenario: Scenario, job: Job) -> Job:
    """The same submit once more."""
    options = [f"--job-name={job.name}", f"--comment={job.request.comment}"]
    number = scenario.slurm.sbatch(options, job.request.script)
    scenario.wait(3)
    return scenario.cluster.jobs[int(number)]


def test_an_end_without_a_successor_is_a_wrong_cancel(scenario: Scenario) -> None:
    with pytest.raises(BrokenRuleError, match="wrong cancel"):
        scenario.rules.ends(job_of(scenario, "web-a.0"))


def test_an_end_with_a_healthy_successor_is_right(scenario: Scenario) -> None:
    job = job_of(scenario, "web-a.0")
    assert is_healthy(again(scenario, job))
    scenario.rules.ends(job)
    assert job.asked


def test_a_roll_out_that_ends_too_many_is_found(scenario: Scenario) -> None:
    job = job_of(scenario, "web-a.0")
    scenario.change("web-a")
    scenario.source.broken = False
    scenario.daemon.door.begin({})
    scenario.turn()
    with pytest.raises(BrokenRuleError, match="roll-out: 1 of 2 replicas are missing"):
        scenario.rules.ends(job)


def test_a_job_of_others_is_not_touched(scenario: Scenario) -> None:
    scenario.add_foreign("web-a.5", "theirs")
    with pytest.raises(BrokenRuleError, match="is not ours"):
        scenario.rules.ends(job_of(scenario, "web-a.5"))


def test_a_removal_without_leave_is_found(scenario: Scenario) -> None:
    scenario.remove("web-a", "web-b")
    scenario.turn()
    with pytest.raises(BrokenRuleError, match="web-b is removed without leave"):
        scenario.rules.ends(job_of(scenario, "web-b.0"))


def test_a_need_that_is_met_twice_is_found(scenario: Scenario) -> None:
    again(scenario, job_of(scenario, "web-b.0"))
    with pytest.raises(BrokenRuleError, match="duplicate: 2 jobs"):
        scenario.rules.check_duplicates()


def test_two_stateful_jobs_at_once_are_found(scenario: Scenario) -> None:
    first = job_of(scenario, "db-a.0")
    number = scenario.slurm.sbatch(
        ["--job-name=db-a.0", f"--comment={first.request.comment}", "--dependency=singleton"], first.request.script
    )
    second = scenario.cluster.jobs[int(number)]
    second.singleton = False
    scenario.cluster.settle()
    with pytest.raises(BrokenRuleError, match=r"2 jobs of db-a\.0 run at once"):
        scenario.rules.check_data()


def test_what_is_missing_and_what_nobody_wants_is_a_complaint(scenario: Scenario) -> None:
    scenario.truth.want("web-c", Spec())
    assert complaint(scenario) == "web-c.0 is not healthy: no job"
    del scenario.truth.wanted["web-c"]
    del scenario.truth.wanted["web-b"]
    assert complaint(scenario).startswith("nobody wants")

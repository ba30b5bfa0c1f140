"""When all faults have stopped and time passes, everything wanted runs, nothing else does, and the plan is empty."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from reconciler.turn import Report
from tests.sim import control
from tests.sim.job import Job
from tests.sim.processes import Character, Supervisor
from tests.sim.repository import Spec
from tests.sim.rules import ENDING, BrokenRuleError, is_healthy, mark_of, stage
from tests.sim.scenario import EDITED, Scenario

# With the longest backoff (six minutes) and a time limit of ten minutes, this many turns are ample.
_TURNS = 250


def calm(scenario: Scenario, chance: Random) -> int:
    """Mend everything and let the daemon go on until all is well; the number of turns. Raises BrokenRuleError."""
    draw, scenario.draw = scenario.draw, Character
    mend(scenario)
    quiet = 0
    for turns in range(1, _TURNS + 1):
        report = scenario.turn()
        quiet = quiet + 1 if report is not None and is_settled(scenario, report) else 0
        if quiet == 2:  # the second turn has nothing to do either
            scenario.draw = draw
            return turns
        scenario.wait(1 if quiet else chance.randint(2, 40))
        scenario.rules.check_data()
    raise BrokenRuleError("lost service", f"not settled after {_TURNS} turns without a fault: {complaint(scenario)}")


def mend(scenario: Scenario) -> None:
    """The cluster, the repository, and what was done by hand; servers that start from now on are good ones."""
    _mend_cluster(scenario)
    _mend_jobs(scenario)
    _mend_repository(scenario)
    scenario.source.broken = False


def _mend_cluster(scenario: Scenario) -> None:
    for name, node in scenario.cluster.nodes.items():
        node.drained = False
        scenario.return_node(name)
    for name in scenario.cluster.site.partitions:
        scenario.set_partition(name, up=True)
    scenario.slurm.edition += 1  # what was refused may be tried again
    scenario.start_controller()


def _mend_jobs(scenario: Scenario) -> None:
    """Jobs of others end; ours are released, and what cannot tell how it is is ended by hand."""
    for job in list(scenario.cluster.live.values()):
        silent = isinstance(job.process, Supervisor) and _is_silent(job, job.process.character)
        damaged = job.comment == EDITED
        if job.completing and not job.requeued:
            continue
        if not job.ours or silent or damaged:
            control.cancel(scenario.cluster, job)
        elif job.held == "JobHeldUser":
            control.release(job)


def _is_silent(job: Job, character: Character) -> bool:
    """It will never say again how it is."""
    return character.mute or (character.hung and not is_healthy(job))


def _mend_repository(scenario: Scenario) -> None:
    """Bad files are made good, content that never becomes healthy is replaced, and all removals get leave."""
    truth = scenario.truth
    for name in [*truth.bad]:
        scenario.want(name, truth.wanted[name])
    for name in [name for name, spec in truth.wanted.items() if spec.broken]:
        scenario.change(name)
    for name, spec in list(truth.wanted.items()):
        there = [one for one in spec.depends_on if one in truth.wanted and not truth.wanted[one].suspend]
        if len(there) < len(spec.depends_on):
            scenario.want(name, replace(spec, depends_on=()))
    scenario.give_leave()


def is_settled(scenario: Scenario, report: Report) -> bool:
    """Whether all that is wanted is there and nothing is to be done."""
    return not report.plan.changes and not complaint(scenario)


def complaint(scenario: Scenario) -> str:
    """What is not as it is wanted; "" when all is."""
    jobs: dict[tuple[str, int], list[Job]] = {}
    for job in scenario.truth.jobs():
        mark = mark_of(job)
        jobs.setdefault((mark.service, mark.replica), []).append(job)
    for name, spec in scenario.truth.wanted.items():
        for number in range(0 if spec.suspend else spec.replicas):
            mine = jobs.pop((name, number), [])
            if not any(_is_right(job, spec) for job in mine):
                return f"{name}.{number} is not healthy: {_list(mine)}"
    left = [job for mine in jobs.values() for job in mine if stage(job) not in ENDING]
    return f"nobody wants {_list(left)}" if left else ""


def _is_right(job: Job, spec: Spec) -> bool:
    in_place = job.partition == (spec.partition or "main")
    return is_healthy(job) and in_place and f" {spec.version} " in job.request.script


def _list(jobs: list[Job]) -> str:
    return ", ".join(f"{job.id} {job.name} {job.shown} {job.reason} {job.comment}" for job in jobs) or "no job"

"""A site with accounting: what it remembers, what it limits, and what it allows later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from lab.factory import Factory, line_of
from lab.fixtures import running
from lab.lab import Lab
from lab.slurm import SlurmFacts
from lab.slurm_conf import Choices
from lab.wait import until
from reconciler.models.health import Health
from reconciler.models.wanted import ResolvedService
from reconciler.models.workload import Cause, Mark, Phase, Workload
from reconciler.shapes.status import StatusShape
from reconciler.slurm import SlurmCommands, SlurmDeployer, SlurmObserver
from tests.e2e.world import alive, files, service
from tests.slurm.services import OWNER, mark, recipe, resolved, target

pytestmark = [pytest.mark.slurm, pytest.mark.accounting]
SITE = Choices(accounting=True, enforce="associations,limits,qos", min_job_age=5, owner_only=True)
SECONDS = 30.0
_numbers = count()


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running(choices=SITE) as made:
        yield made


@pytest.fixture(scope="module")
def slurm(lab: Lab) -> SlurmFacts:
    return lab.slurm


@pytest.fixture(scope="module")
def factory(lab: Lab) -> Iterator[Factory]:
    """A daemon, with services that ask for an account and a QOS that are not there."""
    made = Factory(lab)
    made.configure()
    made.commit(files("no-account", slurm={"account": "third"}) | files("no-qos", slurm={"qos": "later"}), "too early")
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def too_early(factory: Factory) -> dict[str, str]:
    """What the daemon says of both, before the site gets what they ask for."""
    names = ("no-account", "no-qos")
    shape = factory.wait("held", lambda shape: all((one := line_of(shape, name)) and one.why for name in names))
    slurm = factory.lab.slurm
    slurm.sacctmgr("add", "account", "third")
    slurm.sacctmgr("add", "user", slurm.user, "Account=third")
    slurm.sacctmgr("add", "qos", "later")
    slurm.sacctmgr("modify", "user", slurm.user, "set", "QOS+=later")
    return {one.service: one.why for one in shape.services}


class Door:
    """Observer and deployer, made anew as by a daemon that has just started."""

    def __init__(self, facts: SlurmFacts) -> None:
        site = target(facts.folder, transport={"conf": facts.conf, "bin": facts.bin})
        commands = SlurmCommands(site.transport, SECONDS)
        self.observer = SlurmObserver("slurm", OWNER, commands)
        self.deployer = SlurmDeployer(site, OWNER, commands)

    def seen(self, name: str) -> Workload | None:
        """The one workload of a service."""
        look = self.observer.look()
        assert look.complete, look.why
        found = [one for one in look.workloads if one.mark.service == name]
        assert len(found) <= 1
        return found[0] if found else None

    def run(self, one: ResolvedService, **fields: object) -> str:
        """Submit a service and see it run; the id of its job."""
        self.deployer.deploy(one, mark(one.name, **fields), 0.0, ())
        until(lambda: bool((seen := self.seen(one.name)) and seen.phase is Phase.RUNNING), SECONDS, f"{one.name} runs")
        workload = self.seen(one.name)
        assert workload
        return workload.id


def small(command: str = "exit 3", **spec: object) -> ResolvedService:
    """A service that ends by itself with an error, after a moment in which it can be seen."""
    start = {"process": {"command": ["bash", "-c", f"sleep 2; {command}"]}}
    return resolved(f"kept{next(_numbers)}", recipe(start=start), resources={"cpus": 1, "memory": "64Mi"}, **spec)


def forgotten(slurm: SlurmFacts, *jobs: str) -> None:
    """Wait until squeue does not show these jobs any more (MinJobAge)."""

    def shown() -> set[str]:
        return set(slurm.command("squeue", "--noheader", "--states=all", "--format=%i").split())

    until(lambda: not shown() & set(jobs), SECONDS, "squeue has forgotten")


@contextmanager
def most_submits(slurm: SlurmFacts, number: int) -> Iterator[None]:
    """The user may have so many jobs of the account `second` in the queue."""
    words = ("modify", "user", "where", f"name={slurm.user}", "account=second", "set")
    slurm.sacctmgr(*words, f"MaxSubmitJobs={number}")
    try:
        yield
    finally:
        slurm.sacctmgr(*words, "MaxSubmitJobs=-1")


def test_what_the_site_does_not_know_is_held_in_slurms_words(too_early: dict[str, str]) -> None:
    assert "Invalid account" in too_early["no-account"]
    assert "Invalid qos" in too_early["no-qos"]


def test_accounting_tells_the_end_of_a_job_that_squeue_has_forgotten(slurm: SlurmFacts) -> None:
    door, one = Door(slurm), small()
    job = door.run(one, attempt=2)
    forgotten(slurm, job)
    last = door.seen(one.name)
    assert last
    assert (last.id, last.phase, last.cause, last.health) == (job, Phase.ENDED, Cause.EXIT, Health.FAILED)
    anew = Door(slurm).seen(one.name)
    assert anew, "a daemon that starts now knows of it as well"
    assert (anew.id, anew.mark, anew.cause) == (job, mark(one.name, attempt=2), Cause.EXIT)


def test_where_accounting_does_not_answer_such_a_job_has_merely_ended(slurm: SlurmFacts) -> None:
    door, one = Door(slurm), small()
    job = door.run(one)
    slurm.stop_accounting()
    try:
        forgotten(slurm, job)
        last = door.seen(one.name)
        assert last
        assert (last.phase, last.cause) == (Phase.ENDED, Cause.FORGOTTEN)
    finally:
        slurm.start_accounting()


def test_a_waiting_job_changes_its_qos_and_keeps_its_place(slurm: SlurmFacts) -> None:
    door, name = Door(slurm), f"kept{next(_numbers)}"
    before, after = (resolved(name, recipe(), slurm={"qos": qos}) for qos in ("normal", "urgent"))
    door.deployer.deploy(before, _placed(door, before), 300.0, ())
    waiting = door.seen(name)
    assert waiting
    assert qos_of(slurm, waiting.id) == "normal"
    door.deployer.amend(after, waiting, _placed(door, after), None)
    amended = door.seen(name)
    assert amended
    assert (amended.id, amended.mark) == (waiting.id, _placed(door, after))
    assert qos_of(slurm, waiting.id) == "urgent"
    door.deployer.cancel(amended, removal=False)


def test_a_submit_beyond_the_limit_goes_through_once_there_is_room(factory: Factory, slurm: SlurmFacts) -> None:
    queue = {"account": "second"}
    with most_submits(slurm, 1):
        factory.commit(files("first", slurm=queue), "as many as may be submitted")
        factory.wait_healthy(["first"])
        factory.commit(files("second", slurm=queue), "one more")
        factory.wait("refused", lambda shape: "AssocMaxSubmitJobLimit" in why(shape, "second"))
        assert living(factory, "second") == []
        factory.commit({"desired/first.yaml": service("first", slurm=queue, suspend=True)}, "make room")
        factory.wait_healthy(["second"])
        assert (len(living(factory, "first")), len(living(factory, "second"))) == (0, 1)


def test_what_was_refused_is_tried_again_when_the_site_has_changed(factory: Factory, too_early: dict[str, str]) -> None:
    factory.wait_healthy(list(too_early), 75)
    assert [len(living(factory, name)) for name in too_early] == [1, 1]


def why(shape: StatusShape, name: str) -> str:
    line = line_of(shape, name)
    return line.why if line else ""


def living(factory: Factory, name: str) -> list[str]:
    """Ids of the living jobs of a service's one replica."""
    return alive(factory.lab.slurm, factory.owner).get(f"{name}.0", [])


def qos_of(slurm: SlurmFacts, job: str) -> str:
    return slurm.command("squeue", "--noheader", f"--jobs={job}", "--format=%q").strip()


def _placed(door: Door, one: ResolvedService) -> Mark:
    return mark(one.name, place=door.deployer.render(one).place)

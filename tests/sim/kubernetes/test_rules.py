"""Each rule of the simulation finds what breaks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from random import Random

import pytest

from reconciler.errors import UnreachableError
from reconciler.kube.kinds import CLAIM, CONFIG_MAP, DEPLOYMENT, POD, SERVICE, STATEFUL_SET, Kind, Object
from tests.sim.kubernetes.calm import calm, complaint
from tests.sim.kubernetes.faults import WRITE
from tests.sim.kubernetes.hands import NAMESPACE
from tests.sim.kubernetes.scenario import Scenario
from tests.sim.kubernetes.weather import Fault
from tests.sim.rules import BrokenRuleError


@pytest.fixture
def scenario() -> Iterator[Scenario]:
    """All that is wanted at first, running and healthy."""
    made = Scenario()
    for _ in range(3):
        made.turn()
        made.wait(10)
    assert complaint(made) == ""
    made.rules.begin(made.daemon)
    made.daemon.api.begin({})
    yield made
    made.close()


def live(scenario: Scenario, kind: Kind, name: str) -> Object:
    return scenario.server.get(kind, NAMESPACE, name)


def delete(scenario: Scenario, kind: Kind, name: str) -> None:
    """What a wrong daemon would send."""
    uid = live(scenario, kind, name)["metadata"]["uid"]
    scenario.daemon.api.delete(kind, NAMESPACE, name, uid, foreground=False)


def test_a_deletion_of_what_is_wanted_is_wrong(scenario: Scenario) -> None:
    with pytest.raises(BrokenRuleError, match="wrong deletion"):
        delete(scenario, DEPLOYMENT, "web-a")


def test_what_cannot_be_changed_may_be_deleted(scenario: Scenario) -> None:
    item = live(scenario, DEPLOYMENT, "web-a")
    item["spec"]["selector"] = {"matchLabels": {"app": "before"}}
    scenario.server.store.put(item)
    delete(scenario, DEPLOYMENT, "web-a")
    assert scenario.daemon.api.writes


def test_what_is_removed_without_leave_may_not_be_deleted(scenario: Scenario) -> None:
    scenario.remove("web-a", "web-b")
    scenario.turn()
    with pytest.raises(BrokenRuleError, match=r"^4: "):
        delete(scenario, DEPLOYMENT, "web-a")


@pytest.mark.parametrize("keep_data", [True, False])
def test_claims_go_only_with_their_service_and_when_data_is_not_kept(*, keep_data: bool) -> None:
    scenario = Scenario(keep_data=keep_data)
    scenario.turn()
    scenario.wait(10)
    with pytest.raises(BrokenRuleError, match=r"^data: "):
        delete(scenario, CLAIM, "data-db-a-0")
    scenario.remove("db-a")
    scenario.turn()
    scenario.rules.begin(scenario.daemon)
    if keep_data:
        with pytest.raises(BrokenRuleError, match=r"^data: "):
            delete(scenario, CLAIM, "data-db-a-0")
    else:
        delete(scenario, CLAIM, "data-db-a-0")
    scenario.close()


@pytest.mark.parametrize(("claim", "wrong"), [("512Mi", True), ("1Gi", False), ("2Gi", False)])
def test_a_set_goes_for_larger_claims_only_when_they_have_grown(scenario: Scenario, claim: str, wrong: bool) -> None:
    item = live(scenario, STATEFUL_SET, "db-a")
    item["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] = "512Mi"
    scenario.server.store.put(item)
    kept = live(scenario, CLAIM, "data-db-a-0")
    kept["spec"]["resources"]["requests"]["storage"] = claim
    scenario.server.store.put(kept)
    with pytest.raises(BrokenRuleError, match="deleted to change its claims") if wrong else nullcontext():
        delete(scenario, STATEFUL_SET, "db-a")


def test_a_write_to_a_strangers_object_is_found(scenario: Scenario) -> None:
    scenario.hands.stranger(CONFIG_MAP, NAMESPACE, "theirs")
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs", "namespace": NAMESPACE}}
    with pytest.raises(BrokenRuleError, match=r"^2: "):
        scenario.daemon.api.apply(item)
    scenario.server.apply({**item, "data": {"theirs": "no"}}, "reconciler")
    with pytest.raises(BrokenRuleError, match="was changed"):
        scenario.rules.check_strangers()
    scenario.server.delete(CONFIG_MAP, NAMESPACE, "theirs")
    with pytest.raises(BrokenRuleError, match="is gone"):
        scenario.rules.check_strangers()


def test_a_write_after_a_look_that_failed_is_found(scenario: Scenario) -> None:
    scenario.weather.down = True
    report = scenario.turn()
    assert report is not None
    assert not report.seen.complete
    scenario.weather.down = False
    scenario.daemon.api.apply(scenario.daemon.manifest("web-a").objects[0])  # type: ignore[union-attr]  # it is wanted
    with pytest.raises(BrokenRuleError, match="after an incomplete look"):
        scenario.rules.check_turn(report)


def test_a_write_to_a_service_that_touches_a_gap_is_found(scenario: Scenario) -> None:
    scenario.weather.forbidden.add(("watch", "Service"))
    report = scenario.turn()
    assert report is not None
    assert [gap.part for gap in report.seen.gaps] == ["ai/Service"]
    scenario.daemon.api.apply(scenario.daemon.manifest("web-a").objects[0])  # type: ignore[union-attr]  # it is wanted
    with pytest.raises(BrokenRuleError, match="in spite of"):
        scenario.rules.check_turn(report)


def test_a_look_that_is_taken_for_whole_is_found(scenario: Scenario) -> None:
    report = scenario.turn()
    scenario.daemon.api.blind.add("Service")
    with pytest.raises(BrokenRuleError, match="could not be seen"):
        scenario.rules.check_turn(report)


def test_two_workloads_of_one_service_are_found(scenario: Scenario) -> None:
    item = live(scenario, DEPLOYMENT, "web-a")
    metadata = {"name": "web-a-2", "namespace": NAMESPACE, "labels": item["metadata"]["labels"]}
    scenario.truth.made(scenario.server.create({**item, "metadata": metadata}, "reconciler"))
    with pytest.raises(BrokenRuleError, match="2 workloads of web-a"):
        scenario.rules.check_duplicates()


def test_a_write_without_the_lease_is_found(scenario: Scenario) -> None:
    scenario.turn_of_another()
    other = scenario.daemons[1]
    other.api.may_not = lambda: ""
    with pytest.raises(BrokenRuleError, match="without the lease"):
        other.api.apply(scenario.daemon.manifest("web-a").objects[0])  # type: ignore[union-attr]  # it is wanted


def test_a_lease_that_is_lost_stops_the_next_write(scenario: Scenario) -> None:
    api = scenario.daemon.api
    scenario.change("web-a")
    report = scenario.turn({WRITE + 1: Fault.UNSEATED})
    assert report is not None
    assert "not sent: another daemon holds the lease" in report.outcomes[0].error
    assert len(api.writes) == 1
    assert scenario.leader == 1


@pytest.mark.parametrize("how", ["an orphan", "a drifted field", "a missing object", "not healthy"])
def test_calm_finds_what_is_not_as_it_is_wanted(scenario: Scenario, how: str) -> None:
    item = live(scenario, SERVICE, "web-a")
    match how:
        case "an orphan":
            metadata = {"name": "left", "namespace": NAMESPACE, "labels": item["metadata"]["labels"]}
            scenario.truth.made(scenario.server.create({**item, "metadata": metadata}, "reconciler"))
        case "a drifted field":
            item["spec"]["ports"][0]["targetPort"] = 1
            scenario.server.replace(item, "kubectl-edit")
        case "a missing object":
            scenario.server.delete(SERVICE, NAMESPACE, "web-a")
        case _:
            workload = live(scenario, DEPLOYMENT, "web-a")
            scenario.server.store.put({**workload, "status": {**workload["status"], "availableReplicas": 0}})
    assert complaint(scenario)


def test_a_daemon_that_is_killed_is_born_anew_and_goes_on(scenario: Scenario) -> None:
    before = scenario.daemon
    scenario.change("web-a")
    assert scenario.turn({12: Fault.KILLED_BEFORE}) is None
    assert scenario.daemon is not before
    assert before.api.dead
    assert calm(scenario, Random(1)) < 10


def test_a_turn_that_asks_without_news_is_found(scenario: Scenario) -> None:
    api = scenario.daemon.api
    begin = api.begin

    def begin_and_ask(faults: object, delay: int = 3) -> None:
        del faults
        begin({}, delay)
        api.get(SERVICE, NAMESPACE, "web-a")

    api.begin = begin_and_ask  # type: ignore[method-assign]  # a daemon that asks too much
    with pytest.raises(BrokenRuleError, match="quiet: 1 requests"):
        calm(scenario, Random(1))


def strip(scenario: Scenario, kind: Kind, name: str) -> str:
    """Somebody takes the mark off one of ours; its uid."""
    item = live(scenario, kind, name)
    item["metadata"] |= {"labels": {}, "annotations": {}}
    scenario.truth.stranger(scenario.server.replace(item, "kubectl-edit"))
    return str(item["metadata"]["uid"])


@pytest.mark.parametrize("refused", [True, False])
def test_only_a_write_that_was_carried_out_takes_back_what_lost_its_mark(scenario: Scenario, *, refused: bool) -> None:
    manifest = scenario.daemon.manifest("web-a")
    assert manifest is not None
    item = next(item for item in manifest.objects if item["kind"] == SERVICE.name)
    uid = strip(scenario, SERVICE, "web-a")
    scenario.daemon.api.begin({WRITE: Fault.UNREACHED} if refused else {})
    with pytest.raises(UnreachableError) if refused else nullcontext():
        scenario.daemon.api.apply({**item, "metadata": {**item["metadata"], "uid": uid}})
    assert (uid in scenario.truth.strangers, uid in scenario.truth.mine) == (refused, not refused)
    scenario.rules.check_strangers()


def test_a_late_deletion_may_meet_what_lost_its_mark_meanwhile(scenario: Scenario) -> None:
    scenario.remove("web-a")
    scenario.turn({WRITE: Fault.LATE}, 10)
    uid = strip(scenario, SERVICE, "web-a")
    assert uid in scenario.truth.strangers
    scenario.wait(10)
    assert (SERVICE.name, NAMESPACE, "web-a") not in scenario.server.store.objects
    scenario.rules.check_strangers()


def test_a_stateful_set_makes_the_pod_that_is_missing(scenario: Scenario) -> None:
    scenario.alter("db-a", replicas=3)
    scenario.turn()
    scenario.server.delete(POD, NAMESPACE, "db-a-0")
    scenario.wait(10)
    assert {key[2] for key in scenario.server.store.objects if key[0] == POD.name} >= {"db-a-0", "db-a-1", "db-a-2"}
    scenario.alter("db-a", replicas=1)
    scenario.turn()
    names = {key[2] for key in scenario.server.store.objects if key[0] == POD.name and key[2].startswith("db-a-")}
    assert names == {"db-a-0"}

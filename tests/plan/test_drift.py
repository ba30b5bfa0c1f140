"""What hands changed is put back; what cannot be seen is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.models.action import Action, Cancel, Deploy, Hold, Repair, Replace
from reconciler.models.service import DriftPolicy
from reconciler.models.wanted import Removals, Wanted
from reconciler.models.workload import Drift, Gap, Phase
from reconciler.plan import Constraints, make_plan
from tests.fakes import START, look, workload

WANTED = Wanted("a", 1, "d1", in_place=True, parts=frozenset({"ai/Deployment", "ai/ConfigMap"}))
IMAGE = Drift("Deployment ai/a", "/spec/image", "kubectl-edit", "7")
REPLICAS = Drift("Deployment ai/a", "/spec/replicas", "hpa", "7")
NOTHING = Constraints()
DRIFTED = replace(workload("a"), drift=(IMAGE, REPLICAS))


def plan(wanted: Wanted = WANTED, constraints: Constraints = NOTHING) -> tuple[Action, ...]:
    return make_plan([wanted], look(DRIFTED), START, constraints).actions


def test_what_was_changed_by_hand_is_put_back_and_the_reason_says_who_and_what() -> None:
    (action,) = plan()
    assert isinstance(action, Repair)
    assert action.old == DRIFTED
    assert action.reason == "changed by hand: Deployment ai/a: /spec/image (set by kubectl-edit) and 1 more"


@pytest.mark.parametrize("policy", ["ignore", "report"])
def test_nothing_is_put_back_where_that_is_not_wanted(policy: DriftPolicy) -> None:
    assert plan(replace(WANTED, drift=policy)) == ()


def test_a_new_version_replaces_what_was_changed_by_hand() -> None:
    (action,) = plan(replace(WANTED, digest="d2"))
    assert isinstance(action, Replace)


def test_a_field_that_is_fought_over_waits_and_the_others_do_not() -> None:
    fought = frozenset({("a", REPLICAS.where, REPLICAS.field)})
    (action,) = plan(constraints=Constraints(fought=fought))
    assert isinstance(action, Repair)
    assert action.old.drift == (IMAGE,)
    assert plan(constraints=Constraints(fought=fought | {("a", IMAGE.where, IMAGE.field)})) == ()


def test_after_an_error_nothing_is_put_back_for_a_while() -> None:
    assert plan(constraints=Constraints(not_now={"a": "quota"})) == ()


def test_of_a_part_that_cannot_be_seen_nothing_is_concluded() -> None:
    others = replace(WANTED, service="b", parts=frozenset({"ai-two/Deployment"}))
    seen = replace(look(), gaps=(Gap("ai/ConfigMap", "forbidden"),))
    (action,) = make_plan([WANTED, others], seen, START, Constraints()).actions
    assert action == Deploy("b", 0, "not there")


def test_nothing_is_removed_while_a_part_cannot_be_seen() -> None:
    seen = replace(look(workload("old")), gaps=(Gap("ai/Ingress", "forbidden"),))
    constraints = Constraints(removals=Removals(allowed=frozenset({"old"})))
    assert make_plan([], seen, START, constraints).actions == (Hold("old", "forbidden"),)


def test_a_removal_that_was_denied_waits() -> None:
    removals = Removals(allowed=frozenset({"old"}))
    seen = look(workload("old"))
    (action,) = make_plan([], seen, START, Constraints(removals=removals)).actions
    assert isinstance(action, Cancel)
    denied = Constraints(removals=removals, not_ended={"old": "denied by a webhook"})
    assert make_plan([], seen, START, denied).actions == (Hold("old", "denied by a webhook"),)


def test_an_error_of_a_deploy_does_not_keep_what_is_too_much() -> None:
    seen = look(workload("a"), workload("a", replica=1))
    actions = make_plan([replace(WANTED, in_place=False)], seen, START, Constraints(not_now={"a": "refused"})).actions
    assert [type(action) for action in actions] == [Cancel]


def test_what_is_being_deleted_is_not_repaired() -> None:
    going = replace(DRIFTED, phase=Phase.STOPPING)
    assert make_plan([WANTED], look(going), START, Constraints()).actions == ()


def test_what_is_deleted_again_and_again_waits() -> None:
    broken = workload("a", digest="", identity="ai/a")
    constraints = Constraints(fought=frozenset({("a", "ai/a", "deleted")}))
    (action,) = make_plan([WANTED], look(broken), START, constraints).actions
    assert action == Hold("a", "somebody deletes objects of ai/a again and again")
    (action,) = make_plan([WANTED], look(broken), START, NOTHING).actions
    assert isinstance(action, Replace)

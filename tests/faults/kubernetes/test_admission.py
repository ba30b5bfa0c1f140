"""Admission webhooks that deny, change what we apply, or do not answer; a quota that is full: shown, tried again."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager

import pytest

from tests.faults.kubernetes.cloud import Cloud
from tests.kube.webhook import Decide, Decision, Kind, Webhook, allow, deny, hang, mutate, webhook

pytestmark = pytest.mark.controlplane


def asked(
    cloud: Cloud, name: str, decide: Decide, *, operations: Sequence[str] = ("*",), kind: Kind = "validating"
) -> AbstractContextManager[Webhook]:
    """A webhook for the objects of one service."""
    labels = {"reconciler/service": name}
    return webhook(cloud.facts, labels, decide, operations=operations, kind=kind, namespace=cloud.namespace)


def test_a_denied_removal_is_shown_tried_again_and_never_forgotten(cloud: Cloud, name: str) -> None:
    before = cloud.uids()
    with asked(cloud, name, deny("not on Fridays"), operations=["DELETE"]):
        cloud.drop(name)
        cloud.wait_line(name, lambda line: "not on Fridays" in line.why)
        cloud.kill()
        cloud.start()
        line = cloud.wait_line(name, lambda line: "not on Fridays" in line.why)
        assert line.state == "Removing"
        assert cloud.uids() == before
    cloud.wait_gone(name)


def test_what_a_webhook_changes_for_ever_is_not_repaired_for_ever(cloud: Cloud) -> None:
    patch = {"op": "replace", "path": "/spec/revisionHistoryLimit", "value": 7}
    with asked(cloud, "changed", only("Deployment", mutate(patch)), kind="mutating") as hook:
        cloud.want("changed")
        cloud.wait_there("changed")
        cloud.until("it was asked", lambda: hook.count("CREATE") >= 3)
        time.sleep(1.5)
        settled = len(hook.reviews)
        time.sleep(2.5)
        assert len(hook.reviews) == settled
        assert cloud.item("Deployment", "changed")["spec"]["revisionHistoryLimit"] == 7


def test_a_webhook_that_does_not_answer_holds_up_its_objects_only(cloud: Cloud) -> None:
    with asked(cloud, "slow", hang, operations=["CREATE", "UPDATE"]) as hook:
        cloud.want("slow", "quick")
        cloud.wait_there("quick")
        line = cloud.wait_line("slow", lambda line: "webhook" in line.why)
        assert "failed calling webhook" in line.why
        hook.decide = allow
        cloud.wait_there("slow")


def test_a_full_quota_is_shown_and_what_waits_for_it_is_applied_when_there_is_room(cloud: Cloud, name: str) -> None:
    there = len(cloud.items(["Deployment"]))
    hard = {"count/deployments.apps": str(there + 1)}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "full"}, "spec": {"hard": hard}}
    cloud.kubectl("create", "-f", "-", text=json.dumps(quota))
    used = ("get", "resourcequota", "full", "-o", "jsonpath={.status.used}")
    cloud.until("it counts", lambda: f'"{there}"' in cloud.kubectl(*used))
    pair = (f"{name}-a", f"{name}-b")
    cloud.want(*pair)
    shape = cloud.wait("one is refused", lambda shape: any("exceeded quota" in one.why for one in shape.services))
    (refused,) = [one for one in shape.services if "exceeded quota" in one.why]
    assert refused.service in pair
    assert f"Deployment {cloud.namespace}/{refused.service}" in refused.why
    assert "count/deployments.apps" in refused.why
    cloud.wait_there(next(one for one in pair if one != refused.service))
    cloud.kubectl("delete", "resourcequota", "full")
    cloud.wait_there(*pair)


def only(kind: str, decide: Decide) -> Decide:
    """That for objects of a kind, and leave for all others."""
    return lambda review: decide(review) if review.kind == kind else Decision()

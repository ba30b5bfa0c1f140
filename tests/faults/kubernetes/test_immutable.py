"""Fields that can never be changed: the object is made anew where nothing is lost, and refused where data would be."""

from __future__ import annotations

import json

import pytest

from tests.faults.kubernetes.cloud import Cloud
from tests.faults.kubernetes.recipes import LEDGER_PATH, ledger

pytestmark = pytest.mark.controlplane

TIER = [
    {"op": "add", "path": "/spec/selector/matchLabels/tier", "value": "front"},
    {"op": "add", "path": "/spec/template/metadata/labels/tier", "value": "front"},
]


def test_another_selector_makes_the_deployment_anew(cloud: Cloud, name: str) -> None:
    before = {key: uid for key, uid in cloud.uids().items() if key.endswith(f"/{name}")}
    cloud.want(name, kubernetes={"patches": [{"target": {"kind": "Deployment"}, "patch": TIER}]})
    cloud.until("it has it", lambda: "tier" in selector(cloud, name))
    cloud.wait_there(name)
    changed = {key for key, uid in cloud.uids().items() if before.get(key, uid) != uid}
    assert changed == {f"Deployment/{name}"}
    assert "immutable" in cloud.said()


def test_another_claim_template_is_refused_and_the_data_stay(cloud: Cloud, name: str) -> None:
    cloud.want("data", recipe="ledger", replicas=1)
    cloud.until("it has its claim", lambda: any("Claim/" in key for key in cloud.items()))
    before = cloud.uids()
    cloud.commit({LEDGER_PATH: ledger("2Mi")}, "more room")
    line = cloud.wait_line("data", lambda line: "volumeClaimTemplates" in line.why or "claim" in line.why)
    assert "data" in line.why
    assert {key: uid for key, uid in cloud.uids().items() if key in before} == before
    cloud.want(name, env={"WORD": "new"})
    cloud.until("others go on", lambda: "WORD" in json.dumps(cloud.item("Deployment", name)["spec"]["template"]))
    cloud.commit({LEDGER_PATH: ledger()}, "as it was")
    cloud.wait_line("data", lambda line: "claim" not in line.why)
    assert {key: uid for key, uid in cloud.uids().items() if key in before} == before


def selector(cloud: Cloud, name: str) -> set[str]:
    found = cloud.witness.get("Deployment", name)
    return set(found["spec"]["selector"]["matchLabels"]) if found else set()

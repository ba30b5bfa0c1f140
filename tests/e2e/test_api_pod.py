"""The same requests, and a real pod."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from lab.lab import Lab
from tests.e2e.desk import Desk, accepted
from tests.e2e.world import deployments, remove_all, until

pytestmark = pytest.mark.node


@pytest.fixture
def desk(lab_node: Lab) -> Iterator[Desk]:
    kubernetes = lab_node.kubernetes
    made = Desk(lab_node, kubeconfig=kubernetes.daemon_kubeconfig)
    made.begin()
    yield made
    made.stop()
    remove_all(kubernetes, made.owner)


def pods(desk: Desk, name: str) -> dict[str, str]:
    """Name to uid of a service's pods that do not end."""
    selector = f"--selector=reconciler/owner={desk.owner}"
    text = desk.lab.kubernetes.kubectl("get", "pods", "--namespace=ai", selector, "--output=json")
    metas = [item["metadata"] for item in json.loads(text)["items"]]
    return {one["name"]: one["uid"] for one in metas if one["name"].startswith(name) and "deletionTimestamp" not in one}


def test_a_pod_lives_from_its_first_request_to_its_last(desk: Desk) -> None:
    name = f"api-{desk.owner}"
    small = {"cpus": 1, "memory": "256Mi"}
    body = {"recipe_name": "faiss", "name": name, "target": "kubernetes", "spec": {"resources": small}}
    made = accepted(desk.ask("POST", "/services", body | {"config": {"dimension": 8}}))
    assert desk.head().sha == made["commit"]
    desk.wait_healthy([name], 90)
    first = pods(desk, name)
    assert len(first) == 1
    lines = desk.ask("GET", f"/services/{name}/logs", token="read").json()
    assert lines

    accepted(desk.ask("PATCH", f"/services/{name}", {"config": {"dimension": 16}}))
    until("another pod", lambda: len(now := pods(desk, name)) == 1 and now != first, 60)

    accepted(desk.ask("POST", f"/services/{name}/suspend"))
    until("no pod", lambda: not pods(desk, name), 60)
    accepted(desk.ask("POST", f"/services/{name}/resume"))
    until("a pod", lambda: len(pods(desk, name)) == 1, 60)

    accepted(desk.ask("DELETE", f"/services/{name}"))
    until("gone", lambda: name not in deployments(desk.lab.kubernetes, desk.owner), 60)
    desk.wait("gone from the table", lambda shape: not shape.services)

"""Rule 7 on Kubernetes. Two daemons on two state folders: one writes, the other takes over when it was killed.

The API server's audit log is the witness; each daemon has an account of its own with just the rights that are printed.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lab.factory import Factory
from lab.fixtures import running
from lab.kubernetes_choices import ServerChoices
from lab.lab import Lab
from reconciler.kube.rbac import Subject
from reconciler.settings import KubernetesTarget
from tests.e2e.world import files, page

pytestmark = pytest.mark.controlplane

OWNER = "twins"
#: A lease is respected for 15 s after its last renewal, and asked for every 2 s.
LEASE_SECONDS = 15.0
SLACK = 10.0


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running(slurm=False, kubernetes="control-plane", server=ServerChoices(audit=True)) as made:
        yield made


class Twin(Factory):
    """One of two daemons that work for the same repository with the same owner id."""

    def __init__(self, lab: Lab, name: str, repository: Factory | None = None) -> None:
        super().__init__(lab, name, OWNER)
        self.account = f"system:serviceaccount:ai:{name}"
        kubeconfig = lab.kubernetes.account(name)
        if repository is not None:
            self.repository = repository.repository
        self.configure(slurm=False, kubeconfig=kubeconfig)

    def writes(self) -> list[str]:
        """`verb kind name` of what it asked the API server to change, but for its lease, in order."""
        found = (event for event in self.lab.kubernetes.audit() if event["user"]["username"] == self.account)
        return [
            f"{event['verb']} {event['objectRef']['resource']} {event['objectRef'].get('name', '')}"
            for event in found
            if event["verb"] in {"create", "patch", "update", "delete"} and event["objectRef"]["resource"] != "leases"
        ]

    def denied(self) -> list[str]:
        """What the API server did not allow it."""
        events = self.lab.kubernetes.audit()
        return [
            event["responseStatus"].get("message", "")
            for event in events
            if event["user"]["username"] == self.account
            and event["annotations"].get("authorization.k8s.io/decision") == "forbid"
        ]


@pytest.fixture
def twins(lab: Lab) -> Iterator[tuple[Twin, Twin]]:
    first = Twin(lab, "first")
    second = Twin(lab, "second", first)
    target = KubernetesTarget(kind="kubernetes", namespaces=("ai",))
    lab.kubernetes.grant(target, OWNER, Subject("first", "ai"), Subject("second", "ai"))
    try:
        yield first, second
    finally:
        for twin in (first, second):
            twin.stop()


def there(lab: Lab, *names: str) -> bool:
    words = ("get", "deployment", "-n", "ai", "-l", f"reconciler/owner={OWNER}", "-o", "name")
    return {f"deployment.apps/{name}" for name in names} <= set(lab.kubernetes.kubectl(*words).split())


def wanted(*names: str) -> dict[str, Any]:
    return files(*names, target="kubernetes", replicas=0)


def leads(twin: Twin) -> dict[str, Any]:
    """What /readyz says of the target."""
    told: dict[str, Any] = json.loads(page(twin.state, "/readyz"))["targets"]["kubernetes"]
    return told


def test_the_second_waits_and_takes_over_from_one_that_was_killed(lab: Lab, twins: tuple[Twin, Twin]) -> None:
    first, second = twins
    first.commit(wanted("a"), "one")
    first.start()
    first.wait("it acts", lambda _: there(lab, "a"))
    second.start()
    second.wait("it has looked", lambda shape: bool(shape.services) and not shape.source.error)
    first.commit(wanted("b"), "two")
    first.wait("it goes on", lambda _: there(lab, "b"))
    assert second.writes() == []
    ours, theirs = leads(first), leads(second)
    assert (ours["leads"], theirs["leads"], theirs["leader"]) == (True, False, ours["leader"])
    first.stop(signal.SIGKILL)
    killed = time.monotonic()
    first.commit(wanted("c"), "three")
    second.wait("it takes over", lambda _: there(lab, "c"), LEASE_SECONDS + SLACK)
    took = time.monotonic() - killed
    assert took > LEASE_SECONDS / 3, "it did not wait for the lease of the one that was killed"
    before = first.writes()
    first.start()
    first.wait("it has looked", lambda shape: bool(shape.services))
    second.commit(wanted("d"), "four")
    second.wait("it goes on", lambda _: there(lab, "d"))
    assert first.writes() == before
    assert {write.split()[-1] for write in before} == {"a", "b"}
    assert {write.split()[-1] for write in second.writes()} == {"c", "d"}
    for twin in twins:
        assert len(twin.writes()) == len(set(twin.writes())), "written twice"
        assert twin.denied() == []

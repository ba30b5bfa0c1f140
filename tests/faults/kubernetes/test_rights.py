"""Rights that are taken away and given back: nothing is concluded from what cannot be seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from lab.lab import Lab
from reconciler.kube.rbac import Subject
from reconciler.settings import KubernetesTarget
from tests.faults.kubernetes.cloud import Cloud

pytestmark = pytest.mark.controlplane


@contextmanager
def without(cloud: Cloud, take: Callable[[Cloud], None]) -> Iterator[None]:
    """A daemon from whom something was taken away while it did not run; it is given back at the end of the block."""
    cloud.kill()
    take(cloud)
    cloud.start()
    try:
        yield
    finally:
        for namespace in cloud.namespaces:
            cloud.grant(namespace)


def everything(cloud: Cloud) -> None:
    for namespace in cloud.namespaces:
        cloud.facts.kubectl("delete", "rolebinding", f"reconciler-{cloud.owner}", "-n", namespace)


def services(cloud: Cloud) -> None:
    role = json.loads(cloud.kubectl("get", "role", f"reconciler-{cloud.owner}", "-o", "json"))
    for rule in role["rules"]:
        rule["resources"] = [one for one in rule["resources"] if one != "services"]
    cloud.kubectl("replace", "-f", "-", text=json.dumps(role))


def test_all_rights_are_taken_away_and_given_back(cloud: Cloud, name: str) -> None:
    before = cloud.uids()
    with without(cloud, everything):
        sha = cloud.drop(name)
        cloud.wait("it is blind", lambda shape: shape.source.revision == sha and "forbidden" in str(shape.targets))
        assert cloud.uids() == before
    cloud.wait_gone(name)


def test_one_kind_that_cannot_be_seen_holds_up_what_has_it(cloud: Cloud, name: str) -> None:
    before = cloud.uids()
    with without(cloud, services):
        cloud.want(name, env={"WORD": "new"})
        line = cloud.wait_line(name, lambda line: "forbidden" in line.why)
        assert '"services"' in line.why
        assert cloud.generations(name) == {1}
    cloud.until("it goes on", lambda: cloud.generations(name) == {2})
    assert cloud.uids() == before


@pytest.fixture
def tenant(lab_control_plane: Lab) -> Iterator[Cloud]:
    """A daemon that is a service account, whose token is in a file."""
    made = Cloud(lab_control_plane)
    try:
        config = json.loads(made.facts.daemon_kubeconfig.read_text())
        config["users"][0]["user"] = {"tokenFile": str(made.folder / "token")}
        made.put(made.folder / "kubeconfig", json.dumps(config), 0o600)
        made.configure(slurm=False, kubeconfig=made.folder / "kubeconfig")
        give_token(made)
        made.settle("one")
        yield made
    finally:
        made.clear()


def test_a_revoked_token_stops_everything_and_a_new_one_goes_on(tenant: Cloud) -> None:
    before = tenant.uids()
    tenant.kubectl("delete", "serviceaccount", "daemon")
    tenant.until("it is not believed any more", lambda: "Unauthorized" in tenant.said())
    tenant.want("two")
    tenant.until("it stops", lambda: "Unauthorized" in str(tenant.status()))
    assert tenant.uids() == before
    give_token(tenant)
    tenant.wait_there("two")
    assert before.items() <= tenant.uids().items()


def give_token(cloud: Cloud) -> None:
    """A new account of the same name with its rights, and its token in the file."""
    cloud.kubectl("create", "serviceaccount", "daemon")
    subject = Subject("daemon", cloud.namespace)
    cloud.facts.grant(KubernetesTarget(kind="kubernetes", namespaces=(cloud.namespace,)), cloud.owner, subject)
    cloud.put(cloud.folder / "token", cloud.kubectl("create", "token", "daemon").strip(), 0o600)

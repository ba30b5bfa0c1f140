"""Secrets that are made: once, with all that the recipe lets be made, and neither read nor changed afterwards."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from reconciler.errors import DeniedError, Next
from reconciler.kube.rbac import Subject, roles
from reconciler.models.wanted import ResolvedService
from tests.kube.conftest import Cluster
from tests.kube.services import resolved

pytestmark = pytest.mark.controlplane

KEYS = {"MINIO_ROOT_USER": 20, "MINIO_ROOT_PASSWORD": 40}


def store(cluster: Cluster, **spec: Any) -> ResolvedService:
    """A service with two secrets that can be made."""
    return resolved(f"{cluster.owner}-s3", "minio", replicas=0, **spec)


def live(cluster: Cluster) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        cluster.facts.kubectl("get", "secret", f"{cluster.owner}-s3-generated", "-n", "ai", "-o", "json")
    )
    return found


def test_it_is_made_with_the_first_deploy_and_stays_as_it_is(cluster: Cluster) -> None:
    service = store(cluster)
    cluster.deploy(cluster.deployer(), service)
    first = live(cluster)
    values = {key: base64.b64decode(value).decode() for key, value in first["data"].items()}
    assert {key: len(value) for key, value in values.items()} == KEYS
    assert all(re.fullmatch("[A-Za-z0-9]+", value) for value in values.values())
    label = first["metadata"]["labels"]
    assert (label["reconciler/owner"], label["reconciler/service"]) == (cluster.owner, service.name)
    cluster.deploy(cluster.deployer(), store(cluster, config={"region": "eu-west-1"}))
    assert live(cluster) == first


def test_all_that_can_be_made_is_in_it_for_the_day_that_the_service_names_less(cluster: Cluster) -> None:
    user = {"MINIO_ROOT_USER": {"name": "vault", "key": "user"}}
    cluster.deploy(cluster.deployer(), store(cluster, secrets=user))
    assert set(live(cluster)["data"]) == set(KEYS)


def test_a_service_that_names_its_secrets_has_none_made(cluster: Cluster) -> None:
    reference = {"name": "vault", "key": "word"}
    cluster.deploy(cluster.deployer(), store(cluster, secrets=dict.fromkeys(KEYS, reference)))
    assert cluster.names("secret") == set()


def test_one_that_is_there_already_is_taken_as_it_is(cluster: Cluster) -> None:
    name = f"{cluster.owner}-s3-generated"
    cluster.facts.kubectl("create", "secret", "generic", name, "-n", "ai", "--from-literal=MINIO_ROOT_USER=ada")
    try:
        before = live(cluster)
        cluster.deploy(cluster.deployer(), store(cluster))
        assert live(cluster) == before
    finally:
        cluster.facts.kubectl("delete", "secret", name, "-n", "ai")


def test_without_the_right_to_make_it_the_service_waits_and_says_what_helps(cluster: Cluster) -> None:
    facts, daemon = cluster.facts, Subject(cluster.owner, "ai")
    cluster.fields = {"kubeconfig": str(facts.account(cluster.owner))}
    items = roles(cluster.target, cluster.owner, daemon)
    for item in items:
        rules = item.get("rules", [])
        rules[:] = [rule for rule in rules if "secrets" not in rule["resources"]]
    facts.kubectl("apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    with pytest.raises(DeniedError, match=r"create Secret .*; `reconciler rbac` has the right, or .* spec\.secrets\."):
        cluster.deploy(cluster.deployer(), store(cluster))
    assert cluster.names() == set()
    assert DeniedError.next is Next.RETRY


def test_what_is_planned_tells_its_name_and_never_a_value(cluster: Cluster) -> None:
    text = cluster.deployer().render(store(cluster)).text
    assert text.startswith(
        f"# Secret ai/{cluster.owner}-s3-generated is made where there is none: MINIO_ROOT_USER (20 "
    )
    assert "kind: Secret" not in text

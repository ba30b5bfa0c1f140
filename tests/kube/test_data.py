"""Kept claims and made secrets on a real API server, with the rights that `rbac --data` gives and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import DeniedError, LookError
from reconciler.kube import marks
from reconciler.kube.data import ClaimKeeper, stored
from reconciler.kube.rbac import Subject, data_roles
from reconciler.settings import KubernetesTarget
from tests.kube.conftest import Cluster, until
from tests.kube.rights.grants import Grant, grants


def claim(owner: str, service: str, name: str, **more: Any) -> dict[str, Any]:
    """A claim of ours, as it is listed."""
    labels = {marks.MANAGED_BY: marks.MANAGER, **marks.identity(owner, service)}
    metadata = {"name": name, "namespace": "ai", "uid": "u1", "labels": labels, **more}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize(
    ("name", "replica", "volume"),
    [
        ("data-db-0", 0, "data"),
        ("data-db-12", 12, "data"),
        ("db.cache", None, "cache"),
        ("data-db-x", None, "data-db-x"),
        ("old-data-db-0", None, "old-data-db-0"),
    ],
)
def test_a_claim_tells_what_it_is_by_its_name(name: str, replica: int | None, volume: str) -> None:
    found = stored(claim("a", "db", name), "cloud", "db")
    assert (found.replica, found.volume, found.place, found.claimed) == (replica, volume, f"ai/{name}", 2 << 30)


def test_the_recipe_stands_on_what_is_kept_or_in_the_label_of_what_lives() -> None:
    item = claim("a", "db", "data-db-0", annotations={marks.RECIPE: "chroma"})
    assert stored(item, "cloud", "db").recipe == "chroma"
    item = claim("a", "db", "db.cache")
    item["metadata"]["labels"][marks.NAME] = "vllm"
    assert stored(item, "cloud", "db").recipe == "vllm"
    assert stored(claim("a", "db", "data-db-0"), "cloud", "db").recipe == ""
    assert stored(claim("a", "db", "data-db-0", deletionTimestamp="2026-11-30T00:00:00Z"), "cloud", "db").removing


def test_people_get_no_more_than_that() -> None:
    target = KubernetesTarget.model_validate({"kind": "kubernetes", "namespaces": ["ai", "two"]})
    found = grants(data_roles(target, "a", Subject("ada")), "ada")
    assert {(one.namespace, one.resource, one.verb) for one in found} == {
        (namespace, resource, verb)
        for namespace in ("ai", "two")
        for resource, verb in (
            ("persistentvolumeclaims", "list"),
            ("persistentvolumeclaims", "delete"),
            ("secrets", "deletecollection"),
        )
    }
    assert Grant("get", "", "secrets", "ai") not in found


@pytest.fixture
def person(cluster: Cluster) -> Iterator[KubernetesTarget]:
    """The target as somebody sees it who has nothing but these rights."""
    kubeconfig = cluster.facts.account(cluster.owner)
    target = cluster.target.model_copy(update={"kubeconfig": kubeconfig, "namespaces": ("ai",)})
    yield target
    cluster.facts.kubectl("delete", "serviceaccount", cluster.owner, "-n", "ai")
    cluster.facts.kubectl(
        "delete", "role,rolebinding", f"reconciler-{cluster.owner}-data", "-n", "ai", "--ignore-not-found"
    )


def make(cluster: Cluster, *items: dict[str, Any]) -> None:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)})
    cluster.facts.kubectl("create", "-f", "-", text=text)


def secret(owner: str, service: str, name: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "ai", "labels": marks.labels(owner, service, "web")}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"PASSWORD": "sesame"}}


@pytest.mark.controlplane
def test_what_is_kept_goes_and_nothing_else(cluster: Cluster, person: KubernetesTarget) -> None:
    owner = cluster.owner
    mine, other = f"{owner}-db", f"{owner}-other"
    items = [claim(owner, mine, f"data-{mine}-0"), claim(owner, other, f"data-{other}-0")]
    copied = claim(owner, mine, f"{mine}-copy", annotations={marks.ID: f"{owner}/{mine}/PersistentVolumeClaim/ai/x"})
    secrets = [(mine, f"{mine}-generated"), (mine, f"{mine}-other"), (other, f"{other}-generated")]
    make(cluster, *items, copied, *(secret(owner, service, name) for service, name in secrets))

    keeper = ClaimKeeper("cloud", person, owner)
    with pytest.raises(LookError):
        list(keeper.list(mine))
    with pytest.raises(DeniedError, match=r"reconciler rbac cloud --data .*or name a kubeconfig .* --kubeconfig"):
        keeper.remove_secrets(mine)
    roles = {"apiVersion": "v1", "kind": "List", "items": data_roles(person, owner, Subject(owner, "ai"))}
    cluster.facts.kubectl("apply", "-f", "-", text=json.dumps(roles))
    until(lambda: _may(keeper))

    assert {one.service for one in keeper.list()} == {mine, other}
    (found,) = keeper.list(mine)
    keeper.remove(replace(found, identity="0" * 8 + "-0000-0000-0000-" + "0" * 12))
    assert list(keeper.list(mine)), "another claim of the same name went"
    keeper.remove(found)
    until(lambda: all(one.removing for one in keeper.list(mine)))
    keeper.remove_secrets(mine)
    assert cluster.names("secret") == {f"secret/{mine}-other", f"secret/{other}-generated"}
    assert f"persistentvolumeclaim/data-{other}-0" in cluster.names()
    assert f"persistentvolumeclaim/{mine}-copy" in cluster.names()
    keeper.close()


def _may(keeper: ClaimKeeper) -> bool:
    try:
        return bool(list(keeper.list()))
    except LookError:
        return False

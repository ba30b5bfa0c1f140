from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from reconciler.cli import app
from reconciler.kube.rbac import Subject, plural, roles
from tests.kube.rights.grants import Grant, grants
from tests.kube.services import target

DAEMON = Subject("reconciler", "ai")
USER, TENANT = "system:serviceaccount:ai:reconciler", "system:serviceaccount:teams:tenant-a"
WRITES = {"create", "patch", "update", "delete", "deletecollection"}


def granted(user: str = USER, *, keep_data: bool = True, **fields: Any) -> set[Grant]:
    return grants(roles(target(**fields), "factory-a", DAEMON, keep_data=keep_data), user)


def verbs(found: set[Grant], resource: str) -> set[str]:
    return {grant.verb for grant in found if grant.resource == resource}


@pytest.mark.parametrize("fields", [{}, {"impersonate": "teams/tenant-a"}, {"create_namespaces": True}])
def test_secrets_may_only_be_made_and_pods_only_be_ended_and_no_rights_given(fields: dict[str, Any]) -> None:
    found = granted(**fields) | granted(TENANT, **fields)
    assert not {"*"} & {word for grant in found for word in (grant.verb, grant.group, grant.resource)}
    assert not [grant for grant in found if grant.resource in {"nodes", "pods/exec"}]
    assert verbs(found, "secrets") == {"create"}
    assert not [grant for grant in found if grant.group == "rbac.authorization.k8s.io"]
    assert WRITES & verbs(found, "events") <= {"create"}
    assert WRITES & verbs(found, "pods") <= {"delete"}
    assert {grant.resource for grant in found if not grant.namespace} <= {"namespaces"}


@pytest.mark.parametrize(("logs", "may"), [("daemon", {"get"}), ("kubectl", set())])
def test_what_pods_write_is_read_only_where_the_operator_wants_that(logs: str, may: set[str]) -> None:
    assert verbs(granted(logs=logs), "pods/log") == may
    assert verbs(granted(TENANT, logs=logs, impersonate="teams/tenant-a"), "pods/log") == set()


def test_rights_are_given_in_the_namespaces_of_the_target_only() -> None:
    assert {grant.namespace for grant in granted(namespaces=("ai", "two"))} == {"ai", "two"}


def test_only_its_own_lease_can_be_read_or_changed() -> None:
    leases = {grant for grant in granted(namespaces=("ai", "two")) if grant.resource == "leases"}
    assert {grant.namespace for grant in leases} == {"ai"}
    assert {grant.verb for grant in leases if not grant.name} == {"create"}
    assert {grant.name for grant in leases if grant.name} == {"reconciler-factory-a"}


@pytest.mark.parametrize(("keep_data", "may"), [(True, False), (False, True)])
def test_claims_can_be_deleted_only_where_data_may_go(keep_data: bool, may: bool) -> None:
    assert ("delete" in verbs(granted(keep_data=keep_data), "persistentvolumeclaims")) is may
    assert "delete" in verbs(granted(keep_data=keep_data), "configmaps")


def test_with_a_tenants_account_the_daemon_itself_may_not_write() -> None:
    fields = {"impersonate": "teams/tenant-a", "namespaces": ("ai", "two"), "create_namespaces": True}
    daemon, tenant = granted(**fields), granted(TENANT, **fields)
    assert {grant.resource for grant in daemon if grant.verb in WRITES} == {"leases"}
    assert {grant.verb for grant in tenant} == {"create", "patch", "delete"}
    assert {grant for grant in daemon if grant.verb == "impersonate"} == {
        Grant("impersonate", "", "serviceaccounts", "teams", "tenant-a")
    }


def test_namespaces_can_be_made_only_by_name_and_come_first() -> None:
    made = roles(target(namespaces=("ai", "two"), create_namespaces=True), "factory-a", DAEMON)
    assert [item["metadata"]["name"] for item in made if item["kind"] == "Namespace"] == ["ai", "two"]
    assert [item["kind"] for item in made[:3]] == ["Namespace", "Namespace", "ClusterRole"]
    found = {grant for grant in grants(made, USER) if grant.resource == "namespaces"}
    assert {(grant.verb, grant.name) for grant in found} == {
        (verb, name) for verb in ("create", "patch") for name in ("ai", "two")
    }
    assert not [grant for grant in granted() if grant.resource == "namespaces"]


def test_further_kinds_get_the_same_rights_once() -> None:
    found = granted(kinds=("batch/v1/Job", "example.com/v1/Proxy", "v1/ConfigMap"))
    for group, resource in (("batch", "jobs"), ("example.com", "proxies")):
        assert {grant.verb for grant in found if (grant.group, grant.resource) == (group, resource)} == {
            "get",
            "list",
            "watch",
            "create",
            "patch",
            "delete",
        }
    told = target(kinds=("example.com/v1/Proxy",))
    plurals = {"example.com/v1/Proxy": "proxys"}
    known = grants(roles(told, "factory-a", DAEMON, plurals=plurals), USER)
    assert verbs(known, "proxys")
    assert not verbs(known, "proxies")


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("ConfigMap", "configmaps"),
        ("Ingress", "ingresses"),
        ("NetworkPolicy", "networkpolicies"),
        ("LeaderWorkerSet", "leaderworkersets"),
    ],
)
def test_the_word_in_paths_is_guessed_as_kubernetes_does(kind: str, word: str) -> None:
    assert plural(kind) == word


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("user:ada", "ada"),
        ("user:system:serviceaccount:a:b", "system:serviceaccount:a:b"),
        ("serviceaccount:ai/reconciler", USER),
    ],
)
def test_a_subject_is_read(text: str, user: str) -> None:
    assert Subject.parse(text).user == user


@pytest.mark.parametrize("text", ["ada", "user:", "user: ", "group:x", "serviceaccount:ai", "serviceaccount:/x", ""])
def test_anything_else_is_no_subject(text: str) -> None:
    with pytest.raises(ValueError, match="neither user:NAME nor serviceaccount:NAMESPACE/NAME"):
        Subject.parse(text)


@pytest.fixture
def settings(tmp_path: Path) -> str:
    content = {
        "owner": "factory-a",
        "source": {"url": str(tmp_path)},
        "targets": {
            "cloud": {"kind": "kubernetes", "namespaces": ["ai"]},
            "site": {"kind": "slurm", "folders": {"data": str(tmp_path), "logs": str(tmp_path)}},
        },
        "removals": {"keepData": False},
        "state": str(tmp_path / "state"),
    }
    path = tmp_path / "reconciler.yaml"
    path.write_text(json.dumps(content))
    return str(path)


def test_the_command_prints_them_as_yaml_or_json(settings: str) -> None:
    expected = roles(target(), "factory-a", Subject("ada"), keep_data=False)
    for form in ("yaml", "json"):
        words = ["rbac", "cloud", "--subject", "user:ada", "--output", form, "--config", settings]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        read = json.loads(done.output)["items"] if form == "json" else list(YAML(typ="safe").load_all(done.output))
        assert read == expected


@pytest.mark.parametrize(("name", "words"), [("clud", "there is no target clud"), ("site", "site is a Slurm cluster")])
def test_the_command_names_the_targets_that_there_are(settings: str, name: str, words: str) -> None:
    done = CliRunner().invoke(app, ["rbac", name, "--config", settings])
    assert done.exit_code
    assert words in str(done.exception)
    assert "Kubernetes targets: cloud" in str(done.exception)


def test_the_command_refuses_what_is_no_subject(settings: str) -> None:
    done = CliRunner().invoke(app, ["rbac", "cloud", "--subject", "ada", "--config", settings])
    assert done.exit_code == 2


def test_rights_to_remove_data_are_for_people_who_are_named(settings: str) -> None:
    words = ["rbac", "cloud", "--data", "--config", settings, "-o", "json"]
    assert CliRunner().invoke(app, words).exit_code == 2
    done = CliRunner().invoke(app, [*words, "--subject", "user:ada"])
    found = grants(json.loads(done.output)["items"], "ada")
    assert {one.resource for one in found} == {"persistentvolumeclaims", "secrets"}
    assert verbs(found, "secrets") == {"deletecollection"}
    assert "deletecollection" not in {one.verb for one in granted()}, "the daemon has it too"


def test_only_if_asked_for_rights_hold_in_all_namespaces() -> None:
    fields = target(namespaces=("ai", "two"), create_namespaces=True)
    made = roles(fields, "factory-a", DAEMON, cluster_wide=True)
    assert {item["kind"] for item in made} == {"ClusterRole", "ClusterRoleBinding"}
    places = {replace(grant, namespace="") for grant in granted(create_namespaces=True)}
    assert {replace(grant, name="") for grant in grants(made, USER)} == {replace(grant, name="") for grant in places}

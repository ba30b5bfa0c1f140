"""Against a real API server: what people change by hand is found, and what it takes for the same is no difference."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from copy import deepcopy
from secrets import token_hex
from typing import Any

import pytest

from lab.kubernetes import KubernetesFacts
from lab.lab import Lab
from reconciler.kube.door.client import Client
from reconciler.kube.door.requests import Request
from reconciler.kube.drift.compare import compare
from reconciler.kube.drift.schema import Form, Shape, of
from reconciler.kube.kinds import Object, full_name
from reconciler.kube.render import manifests
from reconciler.models.workload import Mark
from tests.kube.drift.objects import deployment, everything, others, stateful_set
from tests.kube.golden import samples
from tests.kube.services import target

pytestmark = pytest.mark.controlplane

_MAIN = "/spec/template/spec/containers[name=main]"


class Admin:
    """Somebody who may do everything, without a program to start for each request; at the end, all is removed."""

    def __init__(self, facts: KubernetesFacts) -> None:
        self.facts = facts
        self._client = Client(target(kubeconfig=str(facts.kubeconfig), timeout="10s"), 4)
        self._owner = f"t{token_hex(4)}"
        self._made: dict[tuple[str, str], Object] = {}

    def named(self, item: Object) -> Object:
        """The same under a name of this test."""
        return {**item, "metadata": {**item["metadata"], "name": f"{self._owner}-{item['kind'].lower()}"}}

    def apply(self, item: Object, *, dry_run: bool = False) -> Object:
        """As we do."""
        if not dry_run:
            self._made[item["kind"], item["metadata"]["name"]] = item
        return self._client.apply(item, dry_run=dry_run)

    def patch(self, item: Object, patch: object) -> None:
        """As `kubectl patch` does."""
        kind, content = self._client.kind(full_name(item)), "application/strategic-merge-patch+json"
        path = kind.path("ai", item["metadata"]["name"])
        self._client.send(Request("PATCH", path, "patch", {"fieldManager": "hand"}, patch, content))

    def live(self, item: Object) -> Object:
        """What is there."""
        live = self._client.get(self._client.kind(full_name(item)), "ai", item["metadata"]["name"])
        assert live is not None
        return live

    def close(self) -> None:
        for item in self._made.values():
            kind, uid = self._client.kind(full_name(item)), self.live(item)["metadata"]["uid"]
            self._client.delete(kind, "ai", item["metadata"]["name"], uid, foreground=False)
        self._client.close()


@pytest.fixture
def admin(lab_control_plane: Lab) -> Iterator[Admin]:
    admin = Admin(lab_control_plane.kubernetes)
    yield admin
    admin.close()


def _edit(facts: KubernetesFacts, name: str, script: str) -> None:
    """`kubectl edit` with sed as the editor."""
    argv = [facts.programs / "kubectl", "--kubeconfig", facts.kubeconfig, "edit", "deployment", name, "-n", "ai"]
    environment = {**os.environ, "KUBE_EDITOR": f"sed -i '{script}'"}
    subprocess.run(argv, env=environment, check=True, capture_output=True, timeout=30)


def test_no_kind_differs_from_what_was_applied(admin: Admin) -> None:
    for item in map(admin.named, everything()):
        assert compare(item, admin.apply(item)) == ()
        assert compare(item, admin.live(item)) == ()


def test_no_recipe_and_no_shape_differs_from_what_the_server_makes_of_it(admin: Admin) -> None:
    optional = ("LeaderWorkerSet", "ServiceMonitor", "PodMonitor")
    admin.facts.install_crds(*optional)
    try:
        for sample in samples("ai-two").values():
            manifest = sample.manifest("drift")
            mark = Mark("drift", sample.service.name, 0, manifest.digest, "r1", revision="abc")
            for item in manifests.stamp(manifest, mark):
                live = admin.apply(item, dry_run=True)
                assert compare(item, live) == ()
                # The items of a list do not name their kind.
                bare = {key: value for key, value in live.items() if key not in ("apiVersion", "kind")}
                assert compare(item, bare) == ()
    finally:
        admin.facts.remove_crds(*optional)


Change = tuple[tuple[str, ...], str, str]
_DEPLOYMENT: tuple[Change, ...] = (
    (("scale", "--replicas=3"), "/spec/replicas", "kubectl"),
    (("set", "image", "main=evil"), f"{_MAIN}/image", "kubectl-set"),
    (("set", "env", "A=2", "--containers=main"), f"{_MAIN}/env[name=A]/value", "kubectl-set"),
    (("set", "env", "A-", "--containers=main"), f"{_MAIN}/env[name=A]", ""),
    (
        ("set", "resources", "--containers=main", "--limits=memory=2Gi"),
        f"{_MAIN}/resources/limits/memory",
        "kubectl-set",
    ),
    (("label", "team=vision", "--overwrite"), "/metadata/labels/team", "kubectl-label"),
    (("label", "team-"), "/metadata/labels/team", ""),
    (("annotate", "note=y", "--overwrite"), "/metadata/annotations/note", "kubectl-annotate"),
    (
        ("patch", "--type=json", '-p=[{"op":"remove","path":"/spec/template/spec/tolerations"}]'),
        "/spec/template/spec/tolerations",
        "",
    ),
    (
        ("patch", '-p={"spec":{"template":{"spec":{"tolerations":[{"key":"a","operator":"Exists"}]}}}}'),
        "/spec/template/spec/tolerations",
        "kubectl-patch",
    ),
    (
        ("patch", '-p={"spec":{"template":{"spec":{"nodeSelector":{"pool":"b"}}}}}'),
        "/spec/template/spec/nodeSelector",
        "kubectl-patch",
    ),
    (
        ("patch", '-p={"spec":{"template":{"spec":{"automountServiceAccountToken":null}}}}'),
        "/spec/template/spec/automountServiceAccountToken",
        "",
    ),
    (
        ("patch", '-p={"spec":{"strategy":{"rollingUpdate":{"maxSurge":"50%"}}}}'),
        "/spec/strategy/rollingUpdate/maxSurge",
        "kubectl-patch",
    ),
    (
        ("patch", '-p={"spec":{"template":{"spec":{"volumes":[{"name":"data","emptyDir":{"sizeLimit":"2Gi"}}]}}}}'),
        "/spec/template/spec/volumes[name=data]/emptyDir/sizeLimit",
        "kubectl-patch",
    ),
)


def test_what_people_change_of_a_deployment_by_hand_is_found(admin: Admin) -> None:
    declared = admin.named(deployment())
    name = declared["metadata"]["name"]
    for (verb, *words), field, manager in _DEPLOYMENT:
        admin.apply(declared)
        # `set` has a word of its own before what it is about.
        head = [verb, words.pop(0)] if verb == "set" else [verb]
        admin.facts.kubectl(*head, f"deployment/{name}", "-n", "ai", *words)
        assert [(one.field, one.manager) for one in compare(declared, admin.live(declared))] == [(field, manager)]
    admin.apply(declared)
    _edit(admin.facts, name, "s/replicas: 0/replicas: 4/")
    found = compare(declared, admin.live(declared))
    assert [(one.field, one.manager) for one in found] == [("/spec/replicas", "kubectl-edit")]


@pytest.mark.parametrize(
    ("item", "patch", "field"),
    [
        (others()[0], {"data": {"size": "11"}}, "/data/size"),
        (others()[0], {"data": {"size": None}}, "/data/size"),
        (others()[0], {"binaryData": {"b": "AAED"}}, "/binaryData/b"),
        (others()[1], {"spec": {"selector": {"more": "x"}}}, "/spec/selector"),
        (
            others()[1],
            {"spec": {"ports": [{"port": 80, "targetPort": 1}]}},
            "/spec/ports[port=80,protocol=TCP]/targetPort",
        ),
        (stateful_set(), {"spec": {"replicas": 2}}, "/spec/replicas"),
        (
            stateful_set(),
            {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "evil"}]}}}},
            f"{_MAIN}/image",
        ),
        (
            stateful_set(),
            {"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}},
            "/spec/persistentVolumeClaimRetentionPolicy/whenDeleted",
        ),
        (others()[4], {"spec": {"ingress": [{}]}}, "/spec/ingress"),
        (others()[4], {"spec": {"podSelector": {"matchLabels": {"more": "x"}}}}, "/spec/podSelector"),
        (others()[5], {"spec": {"maxUnavailable": 1}}, "/spec/maxUnavailable"),
        (others()[6], {"spec": {"ingressClassName": "other"}}, "/spec/ingressClassName"),
        (others()[7], {"spec": {"maxReplicas": 9}}, "/spec/maxReplicas"),
        (others()[8], {"spec": {"suspend": False}}, "/spec/suspend"),
        (others()[9], {"spec": {"backoffLimit": 7}}, "/spec/backoffLimit"),
    ],
    ids=lambda value: value.get("kind", "") if isinstance(value, dict) else "",
)
def test_what_people_change_of_other_kinds_by_hand_is_found(
    admin: Admin, item: Object, patch: object, field: str
) -> None:
    declared = admin.named(item)
    admin.apply(declared)
    admin.patch(declared, patch)
    found = compare(declared, admin.live(declared))
    # Nobody owns what was taken away.
    assert [(drift.field, drift.manager) for drift in found] in ([(field, "hand")], [(field, "")])


def _container(**fields: Any) -> Callable[[Object], None]:
    return lambda item: item["spec"]["template"]["spec"]["containers"][0].update(fields)


def _spec(**fields: Any) -> Callable[[Object], None]:
    return lambda item: item["spec"]["template"]["spec"].update(fields)


@pytest.mark.parametrize(
    "respell",
    [
        _container(resources={"requests": {"cpu": "0.5", "memory": "1024Mi"}, "limits": {"memory": "1073741824"}}),
        _container(resources={"requests": {"cpu": 0.5, "memory": "1048576Ki"}, "limits": {"memory": "1Gi"}}),
        _container(workingDir="", tty=False, stdin=False),
        _container(envFrom=[], volumeDevices=None, terminationMessagePath="/dev/termination-log"),
        _spec(hostPID=False, hostname="", overhead={}, priorityClassName=""),
        _spec(restartPolicy="Always", dnsPolicy="ClusterFirst", schedulerName="default-scheduler"),
        lambda item: item["spec"].update(paused=False, minReadySeconds=0, revisionHistoryLimit=10),
        lambda item: item["metadata"].update(finalizers=[]),
    ],
)
def test_what_the_server_takes_for_the_same_does_not_differ(admin: Admin, respell: Callable[[Object], None]) -> None:
    declared = admin.named(deployment())
    live = admin.apply(declared)
    other = deepcopy(declared)
    respell(other)
    answer = admin.apply(other, dry_run=True)
    # It counts a change of the spec only where that means something else.
    assert answer["metadata"]["generation"] == live["metadata"]["generation"]
    assert compare(other, live) == ()


def _words(at: Shape, definitions: dict[str, Any], reference: str, known: dict[str, Object]) -> None:
    """Check a structure of ours, and all below it, against a definition of the server's."""
    if reference in known:
        return
    known[reference] = definition = definitions[reference]
    for name, value in definition.get("properties", {}).items():
        if name in ("status", "managedFields"):
            continue
        part = at.part(name)
        items = value.get("items")
        if items is not None:
            form = {"map": Form.KEYED, "set": Form.SET}.get(value.get("x-kubernetes-list-type", ""), Form.LIST)
            assert (part.form, part.keys) == (form, tuple(value.get("x-kubernetes-list-map-keys", ()))), (
                reference,
                name,
            )
        inner = items or value.get("additionalProperties") or value
        for one in [inner, *inner.get("allOf", [])]:
            below = one.get("$ref", "").rpartition("/")[2]
            target = part.part("") if inner is not value else part
            if below.startswith("io.k8s.api.") and definitions[below].get("properties"):
                assert target.form is Form.STRUCT, (reference, name)
                _words(target, definitions, below, known)
            elif below:
                assert (below.endswith("Quantity")) == (target.word == "quantity"), (reference, name)
                assert (below.endswith("IntOrString")) == (target.word == "port"), (reference, name)


@pytest.mark.parametrize("item", everything(), ids=lambda item: item["kind"])
def test_the_table_of_fields_is_that_of_the_server(lab_control_plane: Lab, item: Object) -> None:
    group, _, version = item["apiVersion"].rpartition("/")
    path = f"/openapi/v3/apis/{group}/{version}" if group else f"/openapi/v3/api/{version}"
    definitions = json.loads(lab_control_plane.kubernetes.kubectl("get", "--raw", path))["components"]["schemas"]
    short = group.partition(".")[0] or "core"
    known: dict[str, Object] = {}
    _words(of(item), definitions, f"io.k8s.api.{short}.{version}.{item['kind']}", known)
    assert len(known) > 1 or item["kind"] == "ConfigMap"

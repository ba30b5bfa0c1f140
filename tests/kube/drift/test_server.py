"""Against a real API server: what people change by hand is found, and what it takes for the same is no difference."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from reconciler.kube.drift.compare import compare
from reconciler.kube.drift.schema import Form, Shape, of, shape
from reconciler.kube.kinds import Object
from tests.kube.conftest import Cluster
from tests.kube.drift.objects import deployment, everything, others, stateful_set

pytestmark = pytest.mark.controlplane

_MAIN = "/spec/template/spec/containers[name=main]"


def _named(cluster: Cluster, item: Object) -> Object:
    """The same under a name of this test, and with the mark by which it is removed in the end."""
    labels = {**item["metadata"]["labels"], "reconciler/owner": cluster.owner}
    name = f"{cluster.owner}-{item['kind'].lower()}"
    return {**item, "metadata": {**item["metadata"], "name": name, "labels": labels}}


def _apply(cluster: Cluster, *items: Object, dry_run: bool = False) -> list[Object]:
    flags = ["--server-side", "--field-manager=reconciler", "--force-conflicts", "--validate=strict", "-o", "json"]
    listed = {"apiVersion": "v1", "kind": "List", "items": list(items)}
    text = cluster.facts.kubectl(
        "apply", *flags, *(["--dry-run=server"] if dry_run else []), "-f", "-", text=json.dumps(listed)
    )
    answer = json.loads(text)
    found: list[Object] = answer["items"] if answer["kind"] == "List" else [answer]
    return found


def _live(cluster: Cluster, item: Object) -> Object:
    where = (item["kind"], item["metadata"]["name"], "-n", "ai")
    live: Object = json.loads(cluster.facts.kubectl("get", *where, "--show-managed-fields", "-o", "json"))
    return live


def _edit(cluster: Cluster, kind: str, name: str, script: str) -> None:
    """`kubectl edit` with sed as the editor."""
    argv = [
        cluster.facts.programs / "kubectl",
        "--kubeconfig",
        cluster.facts.kubeconfig,
        "edit",
        kind,
        name,
        "-n",
        "ai",
    ]
    environment = {**os.environ, "KUBE_EDITOR": f"sed -i '{script}'"}
    subprocess.run(argv, env=environment, check=True, capture_output=True, timeout=30)


def test_no_kind_differs_from_what_was_applied(cluster: Cluster) -> None:
    declared = [_named(cluster, item) for item in everything()]
    try:
        for item, live in zip(declared, _apply(cluster, *declared), strict=True):
            assert compare(item, live) == ()
        assert [compare(item, _live(cluster, item)) for item in declared] == [()] * len(declared)
    finally:
        kinds = ",".join(item["kind"] for item in declared)
        cluster.facts.kubectl("delete", kinds, "-n", "ai", "-l", f"reconciler/owner={cluster.owner}", "--wait=false")


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


def test_what_people_change_of_a_deployment_by_hand_is_found(cluster: Cluster) -> None:
    declared = _named(cluster, deployment())
    for (verb, *words), field, manager in _DEPLOYMENT:
        _apply(cluster, declared)
        # `set` has a word of its own before what it is about.
        head = [verb, words.pop(0)] if verb == "set" else [verb]
        cluster.facts.kubectl(*head, f"deployment/{declared['metadata']['name']}", "-n", "ai", *words)
        assert [(drift.field, drift.manager) for drift in compare(declared, _live(cluster, declared))] == [
            (field, manager)
        ]
    _apply(cluster, declared)
    _edit(cluster, "deployment", declared["metadata"]["name"], "s/replicas: 0/replicas: 4/")
    assert [(one.field, one.manager) for one in compare(declared, _live(cluster, declared))] == [
        ("/spec/replicas", "kubectl-edit")
    ]


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
    cluster: Cluster, item: Object, patch: object, field: str
) -> None:
    declared = _named(cluster, item)
    _apply(cluster, declared)
    where = (declared["kind"], declared["metadata"]["name"], "-n", "ai")
    try:
        cluster.facts.kubectl("patch", *where, "-p", json.dumps(patch))
        found = compare(declared, _live(cluster, declared))
        assert [(drift.field, drift.manager) for drift in found] in ([(field, "kubectl-patch")], [(field, "")])
    finally:
        cluster.facts.kubectl("delete", *where, "--wait=false")


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
def test_what_the_server_takes_for_the_same_does_not_differ(
    cluster: Cluster, respell: Callable[[Object], None]
) -> None:
    declared = _named(cluster, deployment())
    (live,) = _apply(cluster, declared)
    other = deepcopy(declared)
    respell(other)
    (answer,) = _apply(cluster, other, dry_run=True)
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
def test_the_table_of_fields_is_that_of_the_server(cluster: Cluster, item: Object) -> None:
    group, _, version = item["apiVersion"].rpartition("/")
    path = f"/openapi/v3/apis/{group}/{version}" if group else f"/openapi/v3/api/{version}"
    definitions = json.loads(cluster.facts.kubectl("get", "--raw", path))["components"]["schemas"]
    short = group.partition(".")[0] or "core"
    known: dict[str, Object] = {}
    _words(of(item), definitions, f"io.k8s.api.{short}.{version}.{item['kind']}", known)
    assert len(known) > 1 or item["kind"] == "ConfigMap"
    assert shape("?").form is Form.UNKNOWN

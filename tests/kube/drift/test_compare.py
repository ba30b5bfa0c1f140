from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from reconciler.kube.drift.compare import LONGEST, compare
from reconciler.kube.kinds import Object
from reconciler.kube.render import pointers
from tests.kube.drift.objects import deployment, entry, everything, managed, others, stateful_set

_CONTAINER = "/spec/template/spec/containers[name=main]"


def _fields(declared: Object, live: Object, ignore: tuple[str, ...] = ()) -> list[str]:
    return [drift.field for drift in compare(declared, live, ignore)]


def _with(item: Object, pointer: str, value: Any) -> Object:
    """A copy in which the field that a pointer names has another value (`...`: it is not there)."""
    copy = deepcopy(item)
    above, _, name = pointer.rpartition("/")
    (parent,) = pointers.find(copy, above) if above else [copy]
    assert isinstance(parent, dict)
    name = name.replace("~1", "/")
    if value is ...:
        del parent[name]
    else:
        parent[name] = value
    return copy


@pytest.mark.parametrize("item", everything(), ids=lambda item: item["kind"])
def test_an_object_does_not_differ_from_itself(item: Object) -> None:
    assert compare(item, deepcopy(item)) == ()


@pytest.mark.parametrize(
    ("pointer", "value", "field"),
    [
        ("/spec/replicas", 3, "/spec/replicas"),
        ("/spec/replicas", ..., "/spec/replicas"),
        ("/metadata/labels/team", "vision", "/metadata/labels/team"),
        ("/metadata/labels/team", ..., "/metadata/labels/team"),
        ("/metadata/annotations/note", "y", "/metadata/annotations/note"),
        ("/metadata/annotations", ..., "/metadata/annotations"),
        ("/spec/selector/matchLabels", {"app": "a", "more": "b"}, "/spec/selector"),
        ("/spec/strategy/rollingUpdate/maxUnavailable", "50%", "/spec/strategy/rollingUpdate/maxUnavailable"),
        ("/spec/strategy/rollingUpdate", ..., "/spec/strategy/rollingUpdate"),
        (f"{_CONTAINER}/image", "evil", f"{_CONTAINER}/image"),
        (f"{_CONTAINER}/args", ["1000", "more"], f"{_CONTAINER}/args"),
        (f"{_CONTAINER}/args", ..., f"{_CONTAINER}/args"),
        (f"{_CONTAINER}/env[name=A]/value", "2", f"{_CONTAINER}/env[name=A]/value"),
        (f"{_CONTAINER}/env[name=EMPTY]/value", "2", f"{_CONTAINER}/env[name=EMPTY]/value"),
        (f"{_CONTAINER}/env", [{"name": "A", "value": "1"}], f"{_CONTAINER}/env[name=CPU]"),
        (
            f"{_CONTAINER}/env[name=IP]/valueFrom/fieldRef/fieldPath",
            "spec.nodeName",
            f"{_CONTAINER}/env[name=IP]/valueFrom/fieldRef",
        ),
        (f"{_CONTAINER}/resources/requests/cpu", "501m", f"{_CONTAINER}/resources/requests/cpu"),
        (f"{_CONTAINER}/resources/limits", ..., f"{_CONTAINER}/resources/limits"),
        (
            f"{_CONTAINER}/volumeMounts[mountPath=~1data]/name",
            "tmp",
            f"{_CONTAINER}/volumeMounts[mountPath=~1data]/name",
        ),
        (
            f"{_CONTAINER}/ports[containerPort=9090,protocol=TCP]/name",
            "m",
            f"{_CONTAINER}/ports[containerPort=9090,protocol=TCP]/name",
        ),
        (
            f"{_CONTAINER}/securityContext/allowPrivilegeEscalation",
            ...,
            f"{_CONTAINER}/securityContext/allowPrivilegeEscalation",
        ),
        (f"{_CONTAINER}/readinessProbe/httpGet/port", 8081, f"{_CONTAINER}/readinessProbe/httpGet/port"),
        ("/spec/template/spec/tolerations", [], "/spec/template/spec/tolerations"),
        (
            "/spec/template/spec/nodeSelector",
            {"kubernetes.io/arch": "amd64", "pool": "b"},
            "/spec/template/spec/nodeSelector",
        ),
        ("/spec/template/spec/automountServiceAccountToken", ..., "/spec/template/spec/automountServiceAccountToken"),
        ("/spec/template/spec/hostNetwork", True, "/spec/template/spec/hostNetwork"),
        ("/spec/template/spec/initContainers", [], "/spec/template/spec/initContainers[name=first]"),
        (
            "/spec/template/spec/volumes[name=data]/emptyDir/sizeLimit",
            "2Gi",
            "/spec/template/spec/volumes[name=data]/emptyDir/sizeLimit",
        ),
    ],
)
def test_a_changed_field_is_named(pointer: str, value: object, field: str) -> None:
    assert field in _fields(deployment(), _with(deployment(), pointer, value))


@pytest.mark.parametrize(
    ("pointer", "declared", "live"),
    [
        (f"{_CONTAINER}/resources/requests/cpu", "1000m", "1"),
        (f"{_CONTAINER}/resources/requests/cpu", 0.5, "500m"),
        (f"{_CONTAINER}/resources/requests/cpu", 2, "2"),
        (f"{_CONTAINER}/resources/requests/memory", "1Gi", "1024Mi"),
        (f"{_CONTAINER}/resources/requests/memory", "1e3", "1k"),
        (f"{_CONTAINER}/resources/requests/memory", "1E", "1000P"),
        (f"{_CONTAINER}/resources/requests/memory", "128974848", "123Mi"),
        ("/spec/template/spec/volumes[name=data]/emptyDir/sizeLimit", "0.5Gi", "512Mi"),
        ("/spec/strategy/rollingUpdate/maxSurge", 1, "1"),
        (f"{_CONTAINER}/command", [], ...),
        (f"{_CONTAINER}/env[name=A]/value", "", ...),
        (f"{_CONTAINER}/env[name=A]/value", None, "x"),
        (f"{_CONTAINER}/livenessProbe/initialDelaySeconds", 0, ...),
        (f"{_CONTAINER}/securityContext/capabilities/add", [], ...),
        ("/spec/template/spec/hostNetwork", False, ...),
        ("/spec/template/spec/nodeSelector", {}, ...),
        ("/spec/paused", False, ...),
        ("/metadata/annotations", {}, ...),
        ("/metadata/annotations/reconciler~1revision", "0123", "4567"),
    ],
)
def test_two_spellings_of_the_same_do_not_differ(pointer: str, declared: object, live: object) -> None:
    whole = _with(deployment(), pointer, declared)
    assert _fields(whole, _with(whole, pointer, live)) == []


@pytest.mark.parametrize(
    ("pointer", "declared", "live"),
    [
        (f"{_CONTAINER}/env[name=A]/value", "1000m", "1"),
        (f"{_CONTAINER}/env[name=A]/value", "1", "1.0"),
        ("/metadata/annotations/note", "1Gi", "1024Mi"),
        ("/spec/template/spec/automountServiceAccountToken", False, ...),
        ("/spec/replicas", 0, 1),
        ("/spec/replicas", 0, ...),
        ("/spec/paused", False, True),
    ],
)
def test_what_only_looks_alike_differs(pointer: str, declared: object, live: object) -> None:
    whole = _with(deployment(), pointer, declared)
    assert _fields(whole, _with(whole, pointer, live)) == [pointer]


def test_what_others_added_is_theirs() -> None:
    live = deployment()
    live["metadata"]["annotations"]["theirs"] = "x"
    spec = live["spec"]["template"]["spec"]
    spec["containers"].append({"name": "mesh", "image": "proxy"})
    spec["containers"][0]["env"].insert(0, {"name": "MESH", "value": "1"})
    spec["volumes"].append({"name": "mesh", "emptyDir": {}})
    spec["priorityClassName"] = "high"
    assert compare(deployment(), live) == ()


def test_a_list_that_is_one_value_is_not_shared() -> None:
    live = deployment()
    live["spec"]["template"]["spec"]["tolerations"].append({"key": "theirs", "operator": "Exists"})
    assert _fields(deployment(), live) == ["/spec/template/spec/tolerations"]


def test_ports_that_differ_in_the_protocol_only_are_told_apart() -> None:
    declared = others()[1]
    declared["spec"]["ports"] = [{"port": 53, "name": "tcp"}, {"port": 53, "name": "udp", "protocol": "UDP"}]
    live = deepcopy(declared)
    live["spec"]["ports"] = [{**declared["spec"]["ports"][1]}, {**declared["spec"]["ports"][0], "protocol": "TCP"}]
    assert _fields(declared, live) == []
    live["spec"]["ports"][1]["name"] = "other"
    assert _fields(declared, live) == ["/spec/ports[port=53,protocol=TCP]/name"]


def test_the_same_key_twice_is_compared_one_by_one() -> None:
    declared = deployment()
    declared["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "A", "value": v} for v in "12"]
    live = deepcopy(declared)
    assert compare(declared, live) == ()
    live["spec"]["template"]["spec"]["containers"][0]["env"].pop()
    assert len(compare(declared, live)) == 1


def test_what_the_server_fills_in_inside_of_one_value_is_no_difference() -> None:
    live = stateful_set()
    claim = live["spec"]["volumeClaimTemplates"][0]
    claim |= {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {"phase": "Pending"}}
    claim["spec"]["volumeMode"] = "Filesystem"
    assert compare(stateful_set(), live) == ()
    claim["spec"]["storageClassName"] = "slow"
    assert _fields(stateful_set(), live) == ["/spec/volumeClaimTemplates"]


def test_finalizers_are_a_set() -> None:
    declared = deployment()
    declared["metadata"]["finalizers"] = ["a.example/x", "b.example/y"]
    live = deepcopy(declared)
    live["metadata"]["finalizers"] = ["foregroundDeletion", "b.example/y", "a.example/x"]
    assert compare(declared, live) == ()
    live["metadata"]["finalizers"].pop()
    assert _fields(declared, live) == ["/metadata/finalizers"]


def test_secrets_are_compared_as_they_are_stored() -> None:
    declared = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "ai"}}
    declared |= {"stringData": {"word": "hello"}, "data": {"other": "aGVs\nbG8="}}
    live = {**declared, "data": {"word": "aGVsbG8=", "other": "aGVsbG8="}}
    assert compare(declared, live) == ()
    live["data"]["word"] = "aGVsbG9v"
    (drift,) = compare(declared, live)
    assert drift.field == "/data/word"
    assert "aGVs" not in str(drift)


def test_binary_data_is_compared_decoded() -> None:
    declared = others()[0]
    live = deepcopy(declared)
    declared["binaryData"]["b"] = "AA\nEC"
    assert compare(declared, live) == ()
    live["binaryData"]["b"] = "AAED"
    assert _fields(declared, live) == ["/binaryData/b"]


@pytest.mark.parametrize(
    ("declared", "live", "same"),
    [
        (1, 1.0, True),
        (True, 1, False),
        ("60s", "1m0s", True),
        ("1", 1, False),
        ("1.0", "1", False),
        ([1, 2], [2, 1], False),
        ([{"name": "a", "x": 1}, {"name": "b"}], [{"name": "c"}, {"name": "b"}, {"name": "a", "x": 1, "y": 2}], True),
        ([{"name": "a"}, {"name": "a"}], [{"name": "a"}], False),
        ([{"host": "a"}], [{"host": "a", "port": 1}], True),
        ([{"host": "a"}], [{"host": "a"}, {"host": "b"}], False),
        ([], ..., True),
        ({"a": {}}, {}, True),
        ({"a": None}, {}, True),
    ],
)
def test_custom_resources(declared: object, live: object, same: bool) -> None:
    head: Object = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a", "namespace": "ai"}}
    there = head | {"spec": {} if live is ... else {"x": live}}
    assert (compare(head | {"spec": {"x": declared}}, there) == ()) is same


def test_a_leader_worker_set_has_pods_like_any_other() -> None:
    head: Object = {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet"}
    template = deployment()["spec"]["template"]
    declared = {**head, "metadata": {"name": "a"}, "spec": {"leaderWorkerTemplate": {"workerTemplate": template}}}
    live = deepcopy(declared)
    main = live["spec"]["leaderWorkerTemplate"]["workerTemplate"]["spec"]["containers"][0]
    main["resources"]["requests"]["memory"] = "1024Mi"
    main["env"].reverse()
    assert compare(declared, live) == ()


def test_what_is_ignored_is_not_compared() -> None:
    live = _with(_with(deployment(), "/spec/replicas", 5), f"{_CONTAINER}/image", "new")
    assert _fields(deployment(), live, ("/spec/replicas", f"{_CONTAINER}/image")) == []
    assert _fields(deployment(), live, ("/spec/replicas",)) == [f"{_CONTAINER}/image"]


def test_a_difference_says_where_it_is_who_made_it_and_when() -> None:
    live = managed(deployment(), entry("kubectl-edit", {"f:spec": {"f:replicas": {}}}))
    live["spec"]["replicas"] = 3
    live["metadata"]["resourceVersion"] = "77"
    (drift,) = compare(deployment(), live)
    assert (drift.where, drift.field, drift.manager, drift.version) == (
        "Deployment ai/a",
        "/spec/replicas",
        "kubectl-edit",
        "77",
    )


def test_very_many_differences_are_counted_and_not_all_named() -> None:
    declared = others()[0]
    declared["data"] = {f"key-{number:02}": "x" for number in range(50)}
    found = compare(declared, {**declared, "data": {}})
    assert len(found) == LONGEST
    assert found[0].field == "/data/key-00"
    assert found[-1].field == "and 31 more"


@pytest.mark.parametrize(
    "junk", [None, 0, "x", [], [None], {}, {"name": ["main"]}, [[{"name": {}}]], {"x": {"y": [1]}}]
)
def test_nothing_that_a_server_sends_is_too_strange(junk: object) -> None:
    for item in everything():
        for key in ("metadata", "spec", "data"):
            assert all(drift.where == f"{item['kind']} ai/a" for drift in compare(item, {**item, key: junk}))
    live = deployment()
    live["metadata"] |= {"managedFields": junk, "labels": junk, "resourceVersion": junk}
    live["spec"]["template"]["spec"] |= {
        "containers": junk,
        "volumes": [junk, *live["spec"]["template"]["spec"]["volumes"]],
    }
    assert compare(deployment(), live)

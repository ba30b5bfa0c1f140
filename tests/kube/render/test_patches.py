from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import RefusedError
from reconciler.kube.render import manifests
from reconciler.kube.render.patches import merged
from reconciler.models.wanted import ResolvedService
from tests.kube.services import changed, resolved, target

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


def patching(*patches: dict[str, Any], **spec: Any) -> ResolvedService:
    return resolved("index", kubernetes={"patches": list(patches)}, **spec)


def operations(kind: str, *written: dict[str, Any], name: str | None = None) -> dict[str, Any]:
    return {"target": {"kind": kind} | ({"name": name} if name else {}), "patch": list(written)}


def objects(service: ResolvedService) -> dict[str, dict[str, Any]]:
    return {item["kind"]: item for item in manifests.render(service, target(), "factory").objects}


@pytest.mark.parametrize(
    ("value", "patch", "result"),
    [
        # The examples of RFC 7386, appendix A.
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patches_as_the_rfc_has_them(value: Any, patch: Any, result: Any) -> None:
    assert merged(value, patch) == result


@given(JSON, JSON)
def test_a_merge_patch_applied_twice_is_as_once_and_changes_nothing_else(value: Any, patch: Any) -> None:
    before = copy.deepcopy((value, patch))
    once = merged(value, patch)
    assert merged(once, patch) == once
    assert (value, patch) == before


def test_operations_and_mappings_change_the_objects_that_they_name() -> None:
    service = patching(
        operations("Deployment", {"op": "replace", "path": "/spec/revisionHistoryLimit", "value": 9}),
        {"target": {"kind": "Service"}, "patch": {"spec": {"type": "LoadBalancer", "ports": None}}},
        operations("Service", {"op": "add", "path": "/metadata/annotations/a.b~1c", "value": "d"}, name="index"),
        operations("ConfigMap", {"op": "add", "path": "/metadata/labels/team", "value": "nlp"}),
    )
    made = objects(service)
    assert made["Deployment"]["spec"]["revisionHistoryLimit"] == 9
    assert made["Service"]["spec"].keys() == {"selector", "type"}
    assert made["Service"]["metadata"]["annotations"] == {"a.b/c": "d"}
    assert made["ConfigMap"]["metadata"]["labels"]["team"] == "nlp"


def test_a_patched_manifest_is_careful_and_another_one_is_not() -> None:
    patch = operations("Service", {"op": "test", "path": "/kind", "value": "Service"})
    assert manifests.render(patching(patch), target(), "factory").careful
    assert not manifests.render(resolved("index"), target(), "factory").careful


def test_those_of_the_recipe_come_first_and_may_refer_to_parameters() -> None:
    ours = {"target": {"kind": "Deployment"}, "patch": {"spec": {"minReadySeconds": "${config.dimension}"}}}
    text = operations("Deployment", {"op": "add", "path": "/spec/paused", "value": "${service.name}"})
    mine = operations("Deployment", {"op": "test", "path": "/spec/minReadySeconds", "value": 7})
    service = changed(patching(mine, config={"dimension": 7}), kubernetes={"patches": [ours, text]})
    assert objects(service)["Deployment"]["spec"]["paused"] == "index"


def test_a_service_may_not_refer_to_anything() -> None:
    patch = {"target": {"kind": "ConfigMap"}, "patch": {"data": {"a": "${config.dimension}"}}}
    assert objects(patching(patch))["ConfigMap"]["data"]["a"] == "${config.dimension}"


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        (operations("Ingress"), r"patches\[0\]\.target: found Ingress \(any\), expected one of: ConfigMap index, Dep"),
        (operations("Service", name="other"), r"found Service other, expected"),
        (
            operations("Service", {"op": "add", "path": "/a", "value": 1}, {"op": "remove", "path": "/spec/none"}),
            r"desired/index.yaml: spec.kubernetes.patches\[0\].patch\[1\] \(remove /spec/none\): ",
        ),
        (operations("Service", {"op": "replace", "path": "/spec/ports/7/port", "value": 1}), "/spec/ports/7/port"),
        (operations("Service", {"op": "add", "path": "/spec/ports/x", "value": 1}), "/spec/ports/x"),
        (operations("Service", {"op": "add", "path": "/kind/x", "value": 1}), "/kind/x"),
        (operations("Service", {"op": "test", "path": "/spec/ports/0/port", "value": 1}), "test /spec/ports"),
        (operations("Service", {"op": "move", "path": "/spec/a/b", "from": "/spec/a"}), "move /spec/a/b"),
        (operations("Service", {"op": "replace", "path": "/kind", "value": "Pod"}), "cannot change /kind"),
        (operations("Service", {"op": "replace", "path": "/apiVersion", "value": "v2"}), "cannot change /apiVersion"),
        (
            operations("Service", {"op": "replace", "path": "/metadata/name", "value": "x"}),
            "cannot change /metadata/name",
        ),
        (
            operations("Service", {"op": "replace", "path": "/metadata/namespace", "value": "x"}),
            "cannot change /metadata/namespace",
        ),
        (
            operations("Service", {"op": "add", "path": "/metadata/finalizers", "value": ["x"]}),
            "cannot change /metadata/finalizers",
        ),
        (
            operations("Service", {"op": "add", "path": "/metadata/ownerReferences", "value": []}),
            "/metadata/ownerReferences",
        ),
        (operations("Service", {"op": "remove", "path": "/metadata/name"}), "cannot change /metadata/name"),
        (operations("Service", {"op": "remove", "path": "/metadata"}), "cannot take away the metadata"),
        ({"target": {"kind": "Service"}, "patch": {"metadata": {"name": "x"}}}, "cannot change /metadata/name"),
        ({"target": {"kind": "Deployment"}, "patch": {"spec": {"template": None}}}, "takes away a pod template"),
    ],
)
def test_what_cannot_be_done_is_refused_by_patch_operation_and_path(patch: dict[str, Any], said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        objects(patching(patch))


def test_operations_that_double_what_is_there_end_at_a_size() -> None:
    double = [{"op": "copy", "from": "/spec", "path": f"/spec/x{number}"} for number in range(60)]
    with pytest.raises(RefusedError, match="bytes, expected at most"):
        objects(patching(operations("Deployment", *double)))


PATCHES = st.dictionaries(st.sampled_from(["metadata", "spec", "data", "kind", "apiVersion"]), JSON, max_size=3)


@given(st.sampled_from(["ConfigMap", "Service", "Deployment"]), PATCHES)
def test_whatever_a_patch_does_it_is_refused_or_the_mark_stands(kind: str, patch: dict[str, Any]) -> None:
    service = patching({"target": {"kind": kind}, "patch": patch})
    try:
        made = manifests.render(service, target(allow_privileged=True), "factory").objects
    except RefusedError:
        return
    for item in made:
        assert (
            item["metadata"]["labels"].items() >= {"reconciler/owner": "factory", "reconciler/service": "index"}.items()
        )
        assert (item["metadata"]["name"], item["metadata"]["namespace"]) == ("index", "ai")
        json.dumps(item)


PLACES = st.sampled_from(
    [
        "/spec",
        "/spec/ports",
        "/spec/ports/0",
        "/spec/ports/-",
        "/spec/ports/01",
        "/spec/ports/0/port",
        "/spec/ports/0/name/x",
        "/metadata",
        "/metadata/labels",
        "/metadata/labels/reconciler~1owner",
        "/metadata/labels/0",
        "/kind/-",
        "/",
        "/a/b",
        "/~0",
    ]
)
OPERATIONS = (
    st.builds(
        lambda op, path, value: {"op": op, "path": path, "value": value},
        st.sampled_from(["add", "replace", "test"]),
        PLACES,
        JSON,
    )
    | st.builds(
        lambda op, path, origin: {"op": op, "path": path, "from": origin},
        st.sampled_from(["move", "copy"]),
        PLACES,
        PLACES,
    )
    | st.builds(lambda path: {"op": "remove", "path": path}, PLACES)
)


@given(st.lists(OPERATIONS, min_size=1, max_size=4))
def test_whatever_operations_do_they_are_refused_or_the_mark_stands(written: list[dict[str, Any]]) -> None:
    before = resolved("index")
    try:
        made = objects(patching(operations("Service", *written)))
    except RefusedError:
        return
    assert made["Service"]["metadata"]["labels"]["reconciler/service"] == "index"
    assert objects(before)["Deployment"] == made["Deployment"]


def test_the_labels_by_which_pods_are_found_stay() -> None:
    gone = operations("Deployment", {"op": "remove", "path": "/spec/template/metadata"})
    forged = {"metadata": {"labels": {"reconciler/service": "other", "reconciler/x": "y", "team": "nlp"}}}
    laid = {"target": {"kind": "Deployment"}, "patch": {"spec": {"template": forged}}}
    labels = objects(patching(gone, laid))["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert labels["reconciler/service"] == "index"
    assert labels["team"] == "nlp"
    assert "reconciler/x" not in labels

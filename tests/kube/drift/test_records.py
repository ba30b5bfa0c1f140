from __future__ import annotations

import json

import pytest

from reconciler.kube.drift import fields
from reconciler.kube.drift.compare import torn_lists
from reconciler.kube.drift.records import LAST_APPLIED, made_by_kubectl_apply, reclaimed, taken_over
from reconciler.kube.kinds import Object
from tests.kube.drift.objects import deployment, entry, managed, others

_REPLICAS = {"f:spec": {"f:replicas": {}}}
_OURS = entry("reconciler", _REPLICAS, operation="Apply")
_THEIRS = {"f:spec": {"f:paused": {}, "f:minReadySeconds": {}}, "f:metadata": {"f:labels": {".": {}, "f:app": {}}}}


def _live(*entries: Object, applied: object = None) -> Object:
    live = managed(deployment(), *entries)
    if applied is not None:
        live["metadata"]["annotations"] = {LAST_APPLIED: applied if isinstance(applied, str) else json.dumps(applied)}
    return live


def _fields(records: list[Object]) -> dict[str, object]:
    return {record["manager"]: record["fieldsV1"] for record in records}


def test_what_kubectl_apply_set_becomes_ours() -> None:
    live = _live(_OURS, entry("kubectl-client-side-apply", _THEIRS), entry("kubectl-edit", _REPLICAS))
    assert made_by_kubectl_apply(live)
    ours = {"f:spec": {"f:replicas": {}, "f:paused": {}, "f:minReadySeconds": {}}, "f:metadata": _THEIRS["f:metadata"]}
    assert _fields(taken_over(live)) == {"kubectl-edit": _REPLICAS, "reconciler": ours}


def test_where_the_object_says_what_was_applied_it_is_just_that() -> None:
    applied = {"metadata": {"labels": {}}, "spec": {"paused": False}}
    for name in ("kubectl-client-side-apply", "kubectl", "before-first-apply"):
        live = _live(_OURS, entry(name, _THEIRS), applied=applied)
        assert _fields(taken_over(live)) == {
            "reconciler": {"f:spec": {"f:replicas": {}, "f:paused": {}}, "f:metadata": {"f:labels": {".": {}}}}
        }


def test_before_our_first_apply_there_is_no_record_of_ours_yet() -> None:
    (record,) = taken_over(_live(entry("kubectl-client-side-apply", _THEIRS)))
    assert (record["manager"], record["operation"], record["fieldsV1"]) == ("reconciler", "Apply", _THEIRS)


def test_what_was_set_before_anything_was_recorded_is_left_to_nobody() -> None:
    assert _fields(taken_over(_live(_OURS, entry("before-first-apply", _THEIRS)))) == {"reconciler": _REPLICAS}


@pytest.mark.parametrize(
    "record",
    [
        entry("kubectl", _THEIRS),
        entry("kubectl-edit", _THEIRS),
        entry("kubectl-client-side-apply", _THEIRS, operation="Apply"),
        entry("kubectl-client-side-apply", _THEIRS, subresource="status"),
    ],
)
def test_what_was_not_set_by_kubectl_apply_is_left_alone(record: Object) -> None:
    assert not made_by_kubectl_apply(_live(_OURS, record))
    assert not made_by_kubectl_apply(_live(_OURS, record, applied="{not json"))


def test_a_record_of_another_version_of_the_api_is_dropped() -> None:
    live = _live(_OURS, entry("kubectl-client-side-apply", _THEIRS, apiVersion="extensions/v1beta1"))
    assert _fields(taken_over(live)) == {"reconciler": _REPLICAS}


def test_what_was_set_by_hand_in_a_torn_list_becomes_ours() -> None:
    declared = others()[1]
    ports = {'k:{"port":81,"protocol":"TCP"}': {".": {}, "f:name": {}}}
    edit = entry("kubectl-edit", {"f:spec": {"f:ports": ports, "f:type": {}}})
    scaler = entry("scaler", {"f:spec": {"f:ports": ports}}, subresource="status")
    live = managed(declared, _OURS, edit, scaler)
    live["spec"] = {
        **declared["spec"],
        "ports": [{**declared["spec"]["ports"][0], "port": 81}, declared["spec"]["ports"][1]],
    }
    assert torn_lists(declared, live) == {"/spec/ports"}
    assert _fields(reclaimed(live, ["/spec/ports"])) == {
        "scaler": {"f:spec": {"f:ports": ports}},
        "kubectl-edit": {"f:spec": {"f:type": {}}},
        "reconciler": {"f:spec": {"f:replicas": {}, "f:ports": ports}},
    }
    assert reclaimed(live, []) == []
    assert reclaimed(managed(declared, edit), ["/spec/ports"]) == []


def test_a_set_of_fields_without_another() -> None:
    whole = {"f:a": {"f:b": {}, "f:c": {".": {}, "f:d": {}}}, "f:e": {}}
    assert fields.minus(whole, {"f:a": {"f:b": {}, "f:c": {"f:d": {}}}}) == {"f:a": {"f:c": {".": {}}}, "f:e": {}}
    assert fields.minus(whole, whole) == {}
    assert fields.minus(whole, {}) == whole

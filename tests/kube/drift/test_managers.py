from __future__ import annotations

import pytest

from reconciler.kube.drift import fields
from reconciler.kube.drift.managers import applied_by, last_manager
from reconciler.kube.kinds import Object
from tests.kube.drift.objects import deployment, entry, managed

_OURS = entry("reconciler", {"f:spec": {"f:replicas": {}, "f:selector": {}}}, operation="Apply")
_IMAGE = {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"main"}': {"f:image": {}}}}}}}
_LABELS = {"f:metadata": {"f:labels": {".": {}, "f:other": {}}}}
_PORTS = {
    "f:spec": {
        "f:ports": {
            'k:{"port":53,"protocol":"UDP"}': {".": {}, "f:name": {}},
            'k:{"port":53,"protocol":"TCP"}': {".": {}, "f:name": {}},
        }
    }
}


def _live(*entries: Object) -> Object:
    return managed(deployment(), _OURS, *entries)


@pytest.mark.parametrize(
    ("pointer", "set_by", "manager"),
    [
        ("/spec/replicas", {"f:spec": {"f:replicas": {}}}, "them"),
        ("/spec/replicas", {"f:spec": {"f:paused": {}}}, ""),
        ("/spec/template/spec/containers[name=main]/image", _IMAGE, "them"),
        ("/spec/template/spec/containers[name=side]/image", _IMAGE, ""),
        ("/spec/template/spec/containers[name=main]", _IMAGE, "them"),
        ("/spec/ports[port=53,protocol=UDP]/name", _PORTS, "them"),
        ("/spec/ports[port=53,protocol=SCTP]", _PORTS, ""),
        ("/metadata/labels/team", _LABELS, "them"),
        ("/spec/selector/matchLabels", {"f:spec": {"f:selector": {}}}, "them"),
    ],
)
def test_who_set_a_field(pointer: str, set_by: object, manager: str) -> None:
    assert last_manager(_live(entry("them", set_by)), pointer) == manager


def test_the_newest_of_those_who_own_the_field_itself() -> None:
    field = {"f:spec": {"f:replicas": {}}}
    live = _live(
        entry("older", field, "2026-01-01T00:00:00Z"),
        entry("newer", field, "2026-01-02T00:00:00Z", subresource="scale"),
        entry("above", {"f:spec": {".": {}}}, "2026-01-03T00:00:00Z"),
    )
    assert last_manager(live, "/spec/replicas") == "newer"


def test_we_are_never_named() -> None:
    field = {"f:spec": {"f:replicas": {}}}
    assert last_manager(_live(entry("reconciler-ignored", field), entry("reconciler", field)), "/spec/replicas") == ""


@pytest.mark.parametrize(
    "junk", [None, [], "x", [None], [{"fieldsV1": []}], [{"manager": 1, "time": {}, "fieldsV1": {"k:x": {}}}]]
)
def test_damaged_records_say_nothing(junk: object) -> None:
    live = deployment()
    live["metadata"]["managedFields"] = junk
    assert last_manager(live, "/spec/ports[port=1]/name") == ""
    assert applied_by(live, "reconciler") == {}


def test_sets_of_fields_are_joined_and_narrowed() -> None:
    one = {"f:spec": {"f:replicas": {}}, "f:metadata": {"f:labels": {"f:a": {}}}}
    other = {"f:metadata": {"f:labels": {".": {}, "f:b": {}}}}
    both = fields.union(one, other)
    assert both == {"f:spec": {"f:replicas": {}}, "f:metadata": {"f:labels": {".": {}, "f:a": {}, "f:b": {}}}}
    assert fields.only(both, ["/metadata/labels/a", "/spec/paused"]) == {"f:metadata": {"f:labels": {"f:a": {}}}}
    assert fields.only(both, ["/spec/replicas/x"]) == {}, "a part of a field is not owned by itself"
    assert fields.within(both, {"metadata": {"labels": {"b": ""}}}) == {
        "f:metadata": {"f:labels": {".": {}, "f:b": {}}}
    }


def test_the_values_of_a_set_of_fields_are_read_from_an_object() -> None:
    wanted = fields.union(_IMAGE, {"f:spec": {"f:replicas": {}, "f:gone": {}}})
    assert fields.read(wanted, deployment()) == {
        "spec": {
            "replicas": 0,
            "template": {"spec": {"containers": [{"name": "main", "image": "docker.io/library/busybox:1"}]}},
        }
    }
    finalizers = {"metadata": {"finalizers": ["a/x", "b/y"]}}
    assert fields.read({"f:metadata": {"f:finalizers": {'v:"b/y"': {}}}}, finalizers) == {
        "metadata": {"finalizers": ["b/y"]}
    }

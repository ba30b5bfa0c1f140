"""Objects whose content is not what their kind's should be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.kube import marks
from reconciler.kube.kinds import OPTIONAL, POD, Kind, Object
from reconciler.kube.look.groups import workload
from reconciler.kube.look.seen import see
from reconciler.kube.render.labels import LEADER, ROLE, WORKER
from reconciler.models.health import Health

_WORDS = ("conditions", "type", "status", "reason", "message", "replicas", "lastTransitionTime", "observedGeneration")
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_WORDS), inner, max_size=4),
    max_leaves=10,
)
_KINDS = st.sampled_from([*OPTIONAL, Kind("Foo", "example.com/v1", "foos")])


def _item(status: object, spec: object) -> Object:
    labels = marks.labels("factory", "web", "faiss")
    return {"metadata": {"name": "web", "namespace": "ai", "labels": labels}, "status": status, "spec": spec}


@given(_KINDS, _JSON, _JSON)
def test_any_custom_resource_is_seen(kind: Kind, status: object, spec: object) -> None:
    seen = see(kind, _item(status, spec), "factory")
    assert seen is not None
    assert workload("cloud", [seen], datetime(2026, 1, 1, tzinfo=UTC)) is not None


def test_an_odd_status_is_unknown_in_words() -> None:
    seen = see(OPTIONAL[0], _item(None, None), "factory")
    assert seen is not None
    assert seen.verdict.health is Health.UNKNOWN
    assert seen.verdict.reason == "its status is not one of a LeaderWorkerSet: AttributeError"


def test_what_another_owner_made_is_not_seen() -> None:
    assert see(OPTIONAL[0], _item({}, {}), "other") is None


@pytest.mark.parametrize(("role", "address"), [({}, "10.0.0.7"), ({ROLE: LEADER}, "10.0.0.7"), ({ROLE: WORKER}, "")])
def test_a_pod_has_its_address_and_node_and_a_worker_answers_nobody(role: dict[str, str], address: str) -> None:
    item = _item({"phase": "Running", "podIP": "10.0.0.7"}, {"nodeName": "n1"})
    item["metadata"]["labels"] |= role
    seen = see(POD, item, "factory")
    assert seen is not None
    assert (seen.address, seen.node) == (address, "n1")


def test_a_pod_without_a_node_has_no_address_either() -> None:
    seen = see(POD, _item({"phase": "Pending"}, {}), "factory")
    assert seen is not None
    assert (seen.address, seen.node) == ("", "")

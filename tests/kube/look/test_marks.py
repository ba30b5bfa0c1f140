from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.kube import marks
from reconciler.models.workload import Mark

_LABELS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=40)
_MARKS = st.builds(
    Mark,
    owner=_LABELS,
    service=_LABELS,
    replica=st.just(0),
    digest=st.text(max_size=20),
    restart=st.text(max_size=20),
    revision=st.text(max_size=12),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from(
    [marks.MANAGED_BY, marks.OWNER, marks.SERVICE, marks.DIGEST, marks.OBJECTS, marks.RESTART, marks.ID]
)


def _item(mark: Mark, objects: int = 3, name: str = "x", namespace: str = "ai") -> dict[str, Any]:
    labels = marks.labels(mark.owner, mark.service, "faiss")
    notes = marks.notes(mark, objects, "Service", namespace, name)
    return {"metadata": {"name": name, "namespace": namespace, "labels": labels, "annotations": notes}}


_MARK = Mark("factory", "web", 0, "d1")


@given(_MARKS, st.integers(1, 99_999))
def test_what_is_written_is_read_back(mark: Mark, objects: int) -> None:
    assert marks.read(_item(mark, objects), "Service") == marks.Stamp(mark, objects)


@given(st.dictionaries(_KEYS, _JSON) | _JSON, st.dictionaries(_KEYS, _JSON) | _JSON)
def test_garbage_is_read_without_an_error(labels: object, annotations: object) -> None:
    stamp = marks.read({"metadata": {"labels": labels, "annotations": annotations}}, "Service")
    assert stamp is None or isinstance(stamp.mark.owner, str)


@pytest.mark.parametrize("missing", [marks.MANAGED_BY, marks.OWNER, marks.SERVICE])
def test_an_object_without_an_id_is_known_by_all_of_its_labels(missing: str) -> None:
    labels = marks.labels("a", "b", "c")
    stamp = marks.read({"metadata": {"labels": labels}}, "Pod")
    assert stamp == marks.Stamp(Mark("a", "b", 0, ""))
    del labels[missing]
    assert marks.read({"metadata": {"labels": labels}}, "Pod") is None


@pytest.mark.parametrize("damaged", [marks.MANAGED_BY, marks.OWNER, marks.SERVICE])
def test_labels_that_were_changed_by_hand_do_not_hide_an_object(damaged: str) -> None:
    item = _item(_MARK)
    item["metadata"]["labels"][damaged] = "other"
    assert marks.read(item, "Service") == marks.Stamp(_MARK, 3, damaged)
    del item["metadata"]["labels"]
    assert marks.read(item, "Service") == marks.Stamp(_MARK, 3, marks.MANAGED_BY)


@pytest.mark.parametrize(
    ("kind", "name", "namespace"), [("Service", "y", "ai"), ("Service", "x", "ai-two"), ("Secret", "x", "ai")]
)
def test_a_copy_is_not_ours(kind: str, name: str, namespace: str) -> None:
    item = _item(_MARK)
    item["metadata"] |= {"name": name, "namespace": namespace}
    assert marks.read(item, kind) is None


def test_an_object_of_ours_whose_id_was_taken_away_is_damaged() -> None:
    item = _item(_MARK)
    del item["metadata"]["annotations"][marks.ID]
    assert marks.read(item, "Service") == marks.Stamp(_MARK, 3, marks.ID)

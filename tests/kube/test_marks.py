from __future__ import annotations

import string

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
_KEYS = st.sampled_from([marks.MANAGED_BY, marks.OWNER, marks.SERVICE, marks.DIGEST, marks.OBJECTS, marks.RESTART])


@given(_MARKS, st.integers(1, 99_999))
def test_what_is_written_is_read_back(mark: Mark, objects: int) -> None:
    labels = marks.labels(mark.owner, mark.service, "faiss")
    item = {"metadata": {"labels": labels, "annotations": marks.notes(mark, objects)}}
    assert marks.read(item) == marks.Stamp(mark, objects)


@given(st.dictionaries(_KEYS, _JSON) | _JSON, st.dictionaries(_KEYS, _JSON) | _JSON)
def test_garbage_is_read_without_an_error(labels: object, annotations: object) -> None:
    stamp = marks.read({"metadata": {"labels": labels, "annotations": annotations}})
    assert stamp is None or isinstance(stamp.mark.owner, str)


@pytest.mark.parametrize("missing", [marks.MANAGED_BY, marks.OWNER, marks.SERVICE])
def test_an_object_without_one_of_the_labels_is_not_ours(missing: str) -> None:
    labels = {key: value for key, value in marks.labels("a", "b", "c").items() if key != missing}
    assert marks.read({"metadata": {"labels": labels}}) is None

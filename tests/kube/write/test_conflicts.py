"""Whose objects they are: strangers', copies, other services', and ours with damaged marks."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from reconciler.errors import ConflictError, Next
from reconciler.kube import marks
from reconciler.kube.kinds import Object
from tests.kube.conftest import until
from tests.kube.write.writer import Writer

pytestmark = pytest.mark.controlplane


def create(writer: Writer, item: Object) -> str:
    """By somebody else; the object as it is then."""
    writer.cluster.facts.kubectl("create", "-f", "-", text=json.dumps(item))
    return now(writer, item)


def now(writer: Writer, item: Object) -> str:
    return writer.cluster.facts.kubectl("get", item["kind"], item["metadata"]["name"], "-n", "ai", "-o", "json")


def delete(writer: Writer, item: Object) -> None:
    writer.cluster.facts.kubectl("delete", item["kind"], item["metadata"]["name"], "-n", "ai", "--ignore-not-found")


def plain(item: Object) -> Object:
    return item


def of_another_owner(item: Object) -> Object:
    return _with(item, marks.labels("other", "x", "r"))


def copy(item: Object) -> Object:
    metadata = item["metadata"]
    owner, service = metadata["labels"][marks.OWNER], metadata["labels"][marks.SERVICE]
    other = marks.identifier(owner, service, item["kind"], "ai", f"{metadata['name']}-original")
    return _with(item, metadata["labels"], {marks.ID: other})


def _with(item: Object, labels: dict[str, str], notes: dict[str, str] | None = None) -> Object:
    return {**item, "metadata": {**item["metadata"], "labels": labels, "annotations": notes or {}}}


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (plain, r"does not bear the mark of \w+ \(written by kubectl-create\); it is left alone: remove it"),
        (of_another_owner, r"does not bear the mark of \w+ but that of other \(written by kubectl-create\)"),
        (copy, r"has a label of \w+ and is not ours: it is a copy \(reconciler/id names another object\)"),
    ],
)
def test_what_is_not_ours_is_named_and_stays_byte_for_byte(
    writer: Writer, made: Callable[[Object], Object], words: str
) -> None:
    theirs = writer.config_map({"theirs": "1"})
    theirs = made(writer.ours(theirs) if made is copy else theirs)
    before = create(writer, theirs)
    try:
        if made is copy:
            until(lambda: writer.cluster.cache.is_stranger(writer.api.kind("v1/ConfigMap"), "ai", writer.name))
        with pytest.raises(ConflictError, match=f"ConfigMap ai/{writer.name} .*{words}") as conflict:
            writer.apply(writer.service(), writer.config_map())
        assert conflict.value.next is Next.RETRY, "it may go at any time"
        assert now(writer, theirs) == before
        assert writer.live(writer.service()) is None
    finally:
        delete(writer, theirs)
    until(lambda: not writer.cluster.cache.is_stranger(writer.api.kind("v1/ConfigMap"), "ai", writer.name))
    writer.apply(writer.service(), writer.config_map())


@pytest.mark.parametrize("made", [plain, of_another_owner])
def test_a_stranger_s_object_that_is_newer_than_all_that_is_known_stays_as_it_is(
    writer: Writer, made: Callable[[Object], Object]
) -> None:
    other = {**writer.config_map(), "metadata": {"name": f"{writer.name}-first", "namespace": "ai"}}
    writer.apply(other, service=f"{writer.owner}-first")  # now it is known for some seconds which strangers there are
    before = create(writer, made(writer.config_map({"theirs": "1"})))
    try:
        with pytest.raises(ConflictError, match="does not bear the mark"):
            writer.put(writer.config_map())
        assert now(writer, writer.config_map()) == before
    finally:
        delete(writer, writer.config_map())


def test_an_object_of_another_service_of_ours_is_a_conflict(writer: Writer) -> None:
    writer.apply(writer.config_map(), service=f"{writer.owner}-other")
    with pytest.raises(ConflictError, match=f"belongs to service {writer.owner}-other; give it another name in"):
        writer.apply(writer.config_map({"a": "c"}))
    assert (writer.live(writer.config_map()) or {})["data"] == {"a": "b"}


@pytest.mark.parametrize("taken", [marks.OWNER, marks.SERVICE, marks.MANAGED_BY])
def test_labels_taken_away_by_hand_are_put_back(writer: Writer, taken: str) -> None:
    writer.apply(writer.config_map())
    kubectl, name = writer.cluster.facts.kubectl, writer.name
    kubectl("label", "configmap", name, "-n", "ai", f"{taken}-")
    if taken == marks.OWNER:
        until(lambda: writer.seen(writer.config_map()) is None)
    before = json.loads(now(writer, writer.config_map()))["metadata"]
    writer.apply(writer.config_map({"a": "c"}), digest="2")
    after = json.loads(now(writer, writer.config_map()))["metadata"]
    assert after["uid"] == before["uid"]
    assert after["labels"] == writer.ours(writer.config_map())["metadata"]["labels"]


def test_an_object_that_was_made_anew_behind_our_back_is_looked_at_again(writer: Writer) -> None:
    """The cache lags: the object that it knows was replaced by a stranger's, or is gone."""
    writer.apply(writer.config_map())
    known = writer.seen(writer.config_map())
    assert known
    writer.observer.close()
    delete(writer, writer.config_map())
    before = create(writer, writer.config_map({"theirs": "1"}))
    with pytest.raises(ConflictError, match="does not bear the mark"):
        writer.apply(writer.config_map({"a": "c"}))
    assert now(writer, writer.config_map()) == before
    delete(writer, writer.config_map())
    writer.apply(writer.config_map({"a": "c"}))
    assert (writer.live(writer.config_map()) or {})["data"] == {"a": "c"}


def test_two_services_that_name_one_object_at_the_same_time_do_not_take_it_from_each_other(writer: Writer) -> None:
    name = f"ConfigMap ai/{writer.name}"
    writer.guard.reserve("a", [name, "Service ai/a"])
    with pytest.raises(ConflictError, match=f"{name} belongs to service a; give it another name in service b"):
        writer.guard.reserve("b", [name])
    writer.guard.reserve("a", ["Service ai/a"])
    writer.guard.reserve("b", [name])
    with pytest.raises(ConflictError):
        writer.guard.reserve("b", ["Service ai/a"])
    writer.guard.forget("a")
    writer.guard.reserve("b", ["Service ai/a"])

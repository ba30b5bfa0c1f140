"""The judge of a storm can say no: what must never happen is found in a log in which it happens."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.kubernetes.witness import Item
from tests.storm.kubernetes.desk import Book, Wish
from tests.storm.kubernetes.recorder import Record
from tests.storm.kubernetes.verdict import TURN, Act, acts, deletions, reason, service_of, without_lease

WEB = Wish("a", "web")


def book(*later: tuple[float, Wish | None]) -> Book:
    made = Book()
    for at, wish in ((100.0, WEB), *later):
        made.write(at, "a", wish)
    return made


def deletion(kind: str = "deployments", name: str = "a", verb: str = "delete") -> Act:
    return Act(200.0, "us", verb, kind, name)


@pytest.mark.parametrize(
    ("act", "commits", "why"),
    [
        (deletion(), book(), ""),
        (deletion(), book((199.0, None)), "not wanted"),
        (deletion(), book((199.0, None), (199.5, WEB)), "not wanted"),
        (deletion(), book((150.0, None), (199.0 - TURN, WEB)), ""),
        (deletion(), book((201.0, None)), ""),
        (deletion(), book((199.0, WEB.but(suspend=True))), "suspended"),
        (deletion(), book((199.0, Wish("a", "ledger"))), "another recipe"),
        (deletion("services"), book((199.0, Wish("a", "ledger"))), ""),
        (deletion("services", "a-nodes"), book((150.0, Wish("a", "ledger"))), ""),
        (deletion("services", "a-nodes"), book((150.0, Wish("a", "ledger")), (199.0, WEB)), "another recipe"),
        (deletion("persistentvolumeclaims", "data-a-0"), book((199.0, None)), ""),
        (deletion("persistentvolumeclaims", "a-data"), book((199.0, None)), ""),
        (deletion("secrets"), book((199.0, None)), ""),
        (deletion(name="somebodys"), book((199.0, None)), ""),
        (deletion(verb="deletecollection"), book((199.0, None)), ""),
    ],
)
def test_a_deletion_needs_a_reason(act: Act, commits: Book, why: str) -> None:
    assert reason(act, commits) == why


def event(second: int, user: str, verb: str, resource: str, code: int = 200, query: str = "") -> dict[str, Any]:
    return {
        "requestReceivedTimestamp": f"2026-01-01T00:00:{second:02}.000000Z",
        "user": {"username": user},
        "verb": verb,
        "requestURI": f"/api/v1/namespaces/ours/{resource}/a?{query}",
        "objectRef": {"resource": resource, "namespace": "ours", "name": "a"},
        "responseStatus": {"code": code},
    }


def test_what_counts_is_what_our_daemons_have_changed() -> None:
    other = event(1, "us", "delete", "services")
    other["objectRef"]["namespace"] = "theirs"
    audit = [
        event(5, "us", "patch", "services"),
        event(4, "them", "delete", "services"),
        event(3, "us", "delete", "services", 409),
        event(2, "us", "patch", "services", query="dryRun=All"),
        event(2, "us", "list", "services"),
        event(1, "us", "delete", "services"),
        event(0, "us", "delete", "leases"),
        other,
    ]
    found = acts(audit, ["us"], "ours")
    assert [(act.verb, act.resource) for act in found] == [
        ("delete", "leases"),
        ("delete", "services"),
        ("patch", "services"),
    ]
    assert [act.resource for act in deletions(found)] == ["services"]


def test_a_write_after_another_has_taken_the_lease_is_found() -> None:
    def act(user: str, resource: str) -> Act:
        return Act(0.0, user, "update", resource, "a")

    good = [act("one", "leases"), act("one", "services"), act("two", "leases"), act("two", "services")]
    assert list(without_lease(good)) == []
    assert list(without_lease([*good, act("one", "services")])) == [act("one", "services")]
    assert list(without_lease([act("one", "services")])) == [act("one", "services")]


@pytest.mark.parametrize(("name", "service"), [("a", "a"), ("a-nodes", "a"), ("ab", ""), ("data-a-0", ""), ("", "")])
def test_the_service_of_an_object(name: str, service: str) -> None:
    assert service_of(name, {"a", "b"}) == service


@pytest.mark.parametrize(
    ("last", "deleted", "found"), [(TURN - 1, False, False), (TURN + 1, False, True), (TURN + 1, True, False)]
)
def test_two_workloads_of_one_service_for_long_are_found(last: float, *, deleted: bool, found: bool) -> None:
    record = Record()
    one = {"labels": {"reconciler/service": "a"}}
    two = one | ({"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleted else {})
    items: dict[str, Item] = {"Deployment/a": {"metadata": one}, "StatefulSet/a": {"metadata": two}}
    for now in (0.0, last):
        record.look(items, now)
    assert bool(record.duplicates) is found

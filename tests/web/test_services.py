"""/services: what is chosen, paged and not sent again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.board import Board
from reconciler.models.health import Health
from reconciler.models.status import Status
from reconciler.shapes.services import ServicePage, ServiceQuery, select
from tests.web.asking import asking_pages
from tests.web.table import WEB, Site, post, serve_table


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serve_table() as made:
        yield made


def names(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    page = ServicePage.model_validate_json(answer.content)
    assert page.total >= len(page.services)
    return [f"{one.service}@{one.target}" for one in page.services]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["bench-1", "bench-2", "db@cloud", "db", "old", "web-1"]),
        ("recipe=postgresql", ["db@cloud", "db"]),
        ("recipe=postgresql&recipe=faiss&target=meluxina", ["bench-1", "bench-2", "db", "web-1"]),
        ("target=cloud", ["db@cloud"]),
        ("target=nowhere", []),
        ("health=Degraded&health=Failed", ["bench-2", "old"]),
        ("state=Pending", ["db"]),
        ("state=Running&health=Healthy", ["bench-1", "web-1"]),
        ("label=team%3Dnlp", ["bench-1"]),
        ("label=team", ["bench-1", "bench-2"]),
        ("label=team&label=tier%3Dgold", ["bench-1"]),
        ("label=team%3Dnlp&label=team%3Dbio", []),
        ("label=team!%3Dnlp", ["bench-2", "db@cloud", "db", "old", "web-1"]),
        ("label=!team&target=meluxina", ["db", "old", "web-1"]),
        ("name=bench-*", ["bench-1", "bench-2"]),
        ("name=bench-?&recipe=faiss", ["bench-1", "bench-2"]),
        ("name=db", ["db@cloud", "db"]),
        ("name=bench", []),
    ],
)
def test_what_fits_all_filters(site: Site, query: str, expected: list[str]) -> None:
    found = names(site[0].get(f"/services?{query}"))
    assert found == [one if "@" in one else f"{one}@meluxina" for one in expected]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("healh=Failed", "parameter healh: unknown parameter; did you mean `health`?"),
        ("health=failed", "parameter health: is not allowed; found text `failed`; expected `Healthy`, `Suspended`,"),
        ("limit=0", "parameter limit: is not allowed; found text `0`; expected at least 1"),
        ("limit=1001", "parameter limit: is not allowed; found text `1001`; expected at most 1000"),
        ("limit=many", "parameter limit: is not allowed; found text `many`; expected a whole number"),
        ("name=Bench", "parameter name: is not allowed; found text `Bench`; expected a name, or a pattern of names"),
        ("label=%3Dx", "parameter label: is not allowed; found text `=x`; expected a label such as `team=nlp`"),
    ],
)
def test_a_filter_that_is_none(site: Site, query: str, words: str) -> None:
    answer = site[0].get(f"/services?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(words)


def test_pages_follow_each_other_by_the_header_and_by_the_body(site: Site) -> None:
    client, _ = site
    whole, found, answer = names(client.get("/services")), [], client.get("/services?limit=2&state=Running")
    totals = set()
    while True:
        found += names(answer)
        totals.add(answer.json()["total"])
        following = answer.json()["next"]
        assert ("next" in answer.links) is bool(following)
        if not following:
            break
        by_body = client.get("/services", params={"limit": 2, "state": "Running", "after": following})
        answer = client.get(answer.links["next"]["url"])
        assert answer.content == by_body.content
    assert found == [one for one in whole if not one.startswith(("old", "db@meluxina"))]
    assert totals == {len(found)}


@given(
    st.lists(st.sampled_from([f"s-{number}" for number in range(30)]), unique=True),
    st.lists(st.tuples(st.booleans(), st.sampled_from([f"s-{number}" for number in range(30)])), max_size=20),
    st.integers(1, 5),
)
def test_what_stays_is_on_one_page_while_others_come_and_go(
    at_first: list[str], changes: list[tuple[bool, str]], limit: int
) -> None:
    there, ever_gone = set(at_first), set[str]()
    found: list[str] = []
    after, left = "", list(changes)
    while True:
        lines = tuple(replace(WEB, service=name) for name in sorted(there))
        page = select(Status(services=lines), {}, ServiceQuery(limit=limit, after=after))
        found += [one.service for one in page.services]
        after = page.next
        if not after:
            break
        for comes, name in (left.pop() for _ in range(min(2, len(left)))):
            (there.add if comes else there.discard)(name)
            ever_gone |= {name}
    assert found == sorted(set(found))
    assert set(at_first) - ever_gone <= set(found)


@given(st.lists(st.text("ab/-", min_size=1, max_size=4), unique=True), st.integers(1, 3))
def test_a_name_that_is_none_ends_no_paging_early_and_lets_none_go_on_for_ever(odd: list[str], limit: int) -> None:
    lines = tuple(replace(WEB, service=name, target=one) for name in sorted(odd) for one in ("", "x"))
    found, after = list[tuple[str, str]](), ""
    for _ in range(len(lines) + 1):
        page = select(Status(services=lines), {}, ServiceQuery(limit=limit, after=after))
        found += [(one.service, one.target) for one in page.services]
        after = page.next
        if not after:
            break
    assert found == [(one.service, one.target) for one in lines]


def test_what_has_not_changed_is_not_sent_again() -> None:
    board = Board()
    post(board, "slurm", WEB)
    with asking_pages(board) as client, asking_pages(board) as other:
        first = client.get("/services")
        tag = first.headers["etag"]
        assert tag.startswith('W/"')
        for asked in (tag, f'"x", {tag}', "*"):
            again = client.get("/services", headers={"If-None-Match": asked})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert client.get("/services", headers={"If-None-Match": '"x"'}).content == first.content
        assert other.get("/services", headers={"If-None-Match": tag}).status_code == 200
        post(board, "slurm", replace(WEB, health=Health.DEGRADED), minute=1)
        later = client.get("/services", headers={"If-None-Match": tag})
        assert later.status_code == 200
        assert later.json()["services"][0]["health"] == "Degraded"
        assert later.headers["etag"] != tag


def test_an_answer_that_is_kept_is_that_of_its_question_and_of_its_version() -> None:
    board = Board()
    table = [replace(WEB, service=f"s-{number:02}") for number in range(40)]
    with asking_pages(board) as client:
        for minute, health in enumerate(Health):
            post(board, "slurm", *(replace(one, health=health) for one in table), minute=minute)
            for _ in range(2):
                for limit in range(1, 41):
                    page = client.get(f"/services?limit={limit}").json()
                    assert [one["health"] for one in page["services"]] == [health.value] * limit

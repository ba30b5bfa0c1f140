"""/services: what is chosen, paged and not sent again; one service as a whole; where it is reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.board import Board
from reconciler.models.action import Plan
from reconciler.models.health import Health
from reconciler.models.proposal import Accepted, Asked, Caller, Proposal, Request, Role, Start, Stop
from reconciler.models.status import ServiceStatus, Serving, SourceStatus, State, Status, TargetStatus, View
from reconciler.models.workload import Instance, Phase
from reconciler.shapes.detail import ServiceDetail
from reconciler.shapes.services import ServicePage, ServiceQuery, select
from tests.desired import world
from tests.fakes import START, look, workload
from tests.samples import REVISION
from tests.web.asking import asking_pages

WEB = ServiceStatus("web-1", "meluxina", "faiss", State.RUNNING, Health.HEALTHY, START, "", "0123456789ab")
TABLE = (
    replace(WEB, service="bench-1", labels={"team": "nlp", "tier": "gold"}),
    replace(WEB, service="bench-2", labels={"team": "bio"}, health=Health.DEGRADED, why="GET /: 503\x1b[2J"),
    replace(WEB, service="db", recipe="postgresql", state=State.PENDING, health=Health.PENDING),
    replace(WEB, service="old", recipe="", state=State.REMOVING, health=Health.FAILED),
    WEB,
)
MOVED = replace(WEB, service="db", target="cloud", recipe="postgresql", health=Health.PROGRESSING)


def post(board: Board, target: str, *lines: ServiceStatus, minute: int = 0) -> None:
    at = START + timedelta(minutes=minute)
    board.post_target(TargetStatus(target, "slurm", reachable=True, looked=at), lines, at)


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[httpx.Client, Board]]:
    """A table on two targets, and a repository in which `web-1` says what it is, and `young` is new."""
    repository = world.Repository()
    spec = "{recipe: faiss, replicas: 2, suspend: false, env: {API_TOKEN: abc, PLAIN: 'x y'}, config: {dimension: 8}}"
    repository.commit({"desired/web.yaml": world.text("web-1", spec), "desired/young.yaml": world.text("young")})
    desired = repository.load()
    assert desired.complaints == ()
    board = Board()
    board.post_source(SourceStatus(REVISION))
    post(board, "meluxina", *TABLE)
    post(board, "cloud", MOVED)
    with asking_pages(board, desired, ("meluxina", "cloud")) as client:
        yield client, board


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
def test_what_fits_all_filters(site: tuple[httpx.Client, Board], query: str, expected: list[str]) -> None:
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
def test_a_filter_that_is_none(site: tuple[httpx.Client, Board], query: str, words: str) -> None:
    answer = site[0].get(f"/services?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(words)


def test_pages_follow_each_other_by_the_header_and_by_the_body(site: tuple[httpx.Client, Board]) -> None:
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


def show(client: httpx.Client, name: str) -> ServiceDetail:
    answer = client.get(f"/services/{name}")
    assert answer.status_code == 200, answer.text
    return ServiceDetail.model_validate_json(answer.content)


def test_one_service_as_it_stands_in_git(site: tuple[httpx.Client, Board]) -> None:
    desired = show(site[0], "web-1").desired
    assert desired is not None
    assert (desired.file, desired.author, desired.subject) == ("desired/web.yaml", "Ada", "a commit")
    assert (desired.recipe, desired.replicas, desired.nodes, desired.suspended) == ("faiss", 2, 1, False)
    assert desired.config["dimension"] == 8
    assert len(desired.config) > 1, "the recipe's defaults are there too"
    assert desired.spec["config"] == {"dimension": 8}
    assert desired.spec["env"] == {"API_TOKEN": "***", "PLAIN": "x y"}
    assert "resources" not in desired.spec, "what the file does not say is not there"


def test_one_that_moves_is_told_on_both_targets_and_the_worst_speaks(site: tuple[httpx.Client, Board]) -> None:
    shown = show(site[0], "db")
    assert [one.service.target for one in shown.seen] == ["cloud", "meluxina"]
    assert (shown.state, shown.health) == ("Pending", "Pending")
    assert shown.desired is None
    assert [(one.target, one.after.health) for one in shown.history] == [
        ("cloud", "Progressing"),
        ("meluxina", "Pending"),
    ]


def test_one_that_no_turn_has_come_to_yet(site: tuple[httpx.Client, Board]) -> None:
    shown = show(site[0], "young")
    assert (shown.state, shown.health, shown.why, shown.seen) == ("Absent", "Pending", "no turn has come to it yet", [])
    assert shown.desired is not None
    answer = site[0].get("/services/young/endpoint")
    assert (answer.status_code, answer.json()["detail"]) == (503, "young: no turn has come to it yet")


def test_one_that_was_started_a_moment_ago_has_its_page_before_its_commit_is_read() -> None:
    board = Board()

    def told(request: Request, at: datetime) -> int:
        accepted = Accepted("new", "f" * 40, "main", "desired/new.yaml", "…")
        board.post_proposal(Proposal(request, Asked(Caller("bench", "token", Role.PROPOSE))), accepted, at)
        return client.get("/services/new").status_code

    with asking_pages(board) as client:
        board.post_source(SourceStatus(REVISION, fetched=START))
        assert client.get("/services/new").status_code == 404
        assert told(Start("new", {}), START + timedelta(minutes=1)) == 200
        assert show(client, "new").state == "Absent"
        assert client.get("/services/new/endpoint").status_code == 503
        assert client.get("/services/newer").status_code == 404
        board.post_source(SourceStatus(REVISION, fetched=START + timedelta(minutes=2)))
        assert client.get("/services/new").status_code == 404, "the repository was read, and has it no more"
        assert told(Start("new", {}), START + timedelta(minutes=3)) == 200
        assert told(Stop("new"), START + timedelta(minutes=3)) == 404


def test_texts_of_others_are_printable(site: tuple[httpx.Client, Board]) -> None:
    assert show(site[0], "bench-2").why == "GET /: 503\\x1b[2J"


@pytest.mark.parametrize("page", ["", "/endpoint", "/explain", "/history"])
def test_one_that_nobody_knows(site: tuple[httpx.Client, Board], page: str) -> None:
    answer = site[0].get(f"/services/bnch-1{page}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "there is no service bnch-1; did you mean bench-1" in answer.json()["detail"]


def test_links_lead_to_pages(site: tuple[httpx.Client, Board]) -> None:
    client, _ = site
    links = show(client, "bench-1").links
    for name in ("self", "explain", "history"):
        assert client.get(links[name]).status_code == 200
    assert client.get(links["endpoint"]).status_code == 503


def test_its_workloads_and_its_last_verdicts() -> None:
    board = Board()
    healths = [Health.HEALTHY, Health.DEGRADED] * 8
    for minute, health in enumerate(healths):
        post(board, "fake", replace(WEB, target="fake", health=health), minute=minute)
    seen = look(
        workload("web-1", identity="9", phase=Phase.ENDED),
        workload("web-1", identity="7", replica=1),
        workload("web-1", identity="8"),
        workload("other"),
    )
    board.post_view(View("fake", (), seen, Plan("fake")))
    with asking_pages(board) as client:
        shown = show(client, "web-1")
    assert [one.id for one in shown.seen[0].workloads] == ["8", "7", "9"]
    assert shown.seen[0].looked == START
    assert [one.after.health for one in shown.history] == [one.value for one in healths[-10:]]


def serving(replica: int, *endpoints: tuple[str, str], up: bool = True) -> Serving:
    return Serving(replica, str(replica), Instance(str(replica), "n1", up, endpoints), up)


def test_where_it_is_reached() -> None:
    board = Board()
    ready = serving(0, ("http", "n1:20000"), ("grpc", "n1:20001"))
    serves = (ready, serving(1, ("http", "n2:20000")), serving(2, ("http", "n3:20000"), up=False))
    post(board, "slurm", replace(WEB, serving=serves), replace(WEB, service="bad", health=Health.FAILED, why="exit 1"))

    def ask(path: str) -> tuple[int, Any]:
        answer = client.get(f"/services/{path}")
        return answer.status_code, answer.json()

    with asking_pages(board) as client:
        code, found = ask("web-1/endpoint")
        assert (code, found["ports"]) == (200, {"http": ["n1:20000", "n2:20000"], "grpc": ["n1:20001"]})
        code, found = ask("web-1/endpoint?port=grpc")
        assert (code, found["ports"]) == (200, {"grpc": ["n1:20001"]})
        code, found = ask("web-1/endpoint?port=gprc")
        assert (code, found["detail"]) == (404, "web-1 has no port gprc; did you mean `grpc`?")
        answer = client.get("/services/bad/endpoint")
        assert answer.json()["detail"] == "no instance of bad is ready; it is Running, Failed: exit 1"
        assert (answer.status_code, answer.json()["next"]) == (503, "retry")
        assert int(answer.headers["retry-after"]) > 0


def test_what_it_shows_of_one_is_what_the_list_shows(site: tuple[httpx.Client, Board]) -> None:
    client, _ = site
    listed = {(one["service"], one["target"]): one for one in client.get("/services").json()["services"]}
    for name in ("bench-1", "db", "old"):
        for one in client.get(f"/services/{name}").json()["seen"]:
            assert one["service"] == listed[name, one["service"]["target"]]
    assert {(one["service"], one["target"]): one for one in client.get("/status").json()["services"]} == listed

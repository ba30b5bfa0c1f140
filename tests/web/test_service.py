"""One service as a whole, and where it is reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from reconciler.board import Board
from reconciler.models.action import Plan
from reconciler.models.health import Health
from reconciler.models.proposal import Accepted, Asked, Caller, Proposal, Request, Role, Start, Stop
from reconciler.models.status import Serving, SourceStatus, View
from reconciler.models.workload import Instance, Phase
from reconciler.shapes.detail import ServiceDetail
from tests.fakes import START, look, workload
from tests.samples import REVISION
from tests.web.asking import asking_pages
from tests.web.table import WEB, Site, post, serve_table


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serve_table() as made:
        yield made


def show(client: httpx.Client, name: str) -> ServiceDetail:
    answer = client.get(f"/services/{name}")
    assert answer.status_code == 200, answer.text
    return ServiceDetail.model_validate_json(answer.content)


def test_one_service_as_it_stands_in_git(site: Site) -> None:
    desired = show(site[0], "web-1").desired
    assert desired is not None
    assert (desired.file, desired.author, desired.subject) == ("desired/web.yaml", "Ada", "a commit")
    assert (desired.recipe, desired.replicas, desired.nodes, desired.suspended) == ("faiss", 2, 1, False)
    assert desired.config["dimension"] == 8
    assert len(desired.config) > 1, "the recipe's defaults are there too"
    assert desired.spec["config"] == {"dimension": 8}
    assert desired.spec["env"] == {"API_TOKEN": "***", "PLAIN": "x y"}
    assert "resources" not in desired.spec, "what the file does not say is not there"


def test_one_that_moves_is_told_on_both_targets_and_the_worst_speaks(site: Site) -> None:
    shown = show(site[0], "db")
    assert [one.service.target for one in shown.seen] == ["cloud", "meluxina"]
    assert (shown.state, shown.health) == ("Pending", "Pending")
    assert shown.desired is None
    assert [(one.target, one.after.health) for one in shown.history] == [
        ("cloud", "Progressing"),
        ("meluxina", "Pending"),
    ]


def test_one_that_no_turn_has_come_to_yet(site: Site) -> None:
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


def test_texts_of_others_are_printable(site: Site) -> None:
    assert show(site[0], "bench-2").why == "GET /: 503\\x1b[2J"


@pytest.mark.parametrize("page", ["", "/endpoint", "/explain", "/history"])
def test_one_that_nobody_knows(site: Site, page: str) -> None:
    answer = site[0].get(f"/services/bnch-1{page}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "there is no service bnch-1; did you mean bench-1" in answer.json()["detail"]


def test_links_lead_to_pages(site: Site) -> None:
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


def test_what_it_shows_of_one_is_what_the_list_shows(site: Site) -> None:
    client, _ = site
    listed = {(one["service"], one["target"]): one for one in client.get("/services").json()["services"]}
    for name in ("bench-1", "db", "old"):
        for one in client.get(f"/services/{name}").json()["seen"]:
            assert one["service"] == listed[name, one["service"]["target"]]
    assert {(one["service"], one["target"]): one for one in client.get("/status").json()["services"]} == listed

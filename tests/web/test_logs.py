"""Which output is shown of a service, and where a person has to look for themselves."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from reconciler.board import Board
from reconciler.daemon.outputs import TargetOutputs
from reconciler.health import judge
from reconciler.models.action import Plan
from reconciler.models.health import Health
from reconciler.models.status import TargetStatus, View
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Instance, Phase, Workload
from reconciler.settings import Settings
from reconciler.web import PageServer, make_app
from tests.fakes import START, look, workload
from tests.samples import resolved
from tests.web.test_pages import get


class Site:
    """A daemon's pages over what was seen on a Slurm and a Kubernetes target, and the folder of the jobs' output."""

    def __init__(self, folder: Path) -> None:
        self.logs = folder / "logs"
        self.logs.mkdir()
        slurm = {"kind": "slurm", "folders": {"data": str(folder), "logs": str(self.logs)}}
        targets = {"fake": slurm, "cloud": {"kind": "kubernetes", "namespaces": ["ai"], "logs": "kubectl"}}
        content = {"owner": "me", "source": {"url": "."}, "targets": targets, "state": str(folder)}
        self.board = Board()
        outputs = TargetOutputs(Settings.model_validate(content))
        self.server = PageServer("127.0.0.1:0")
        self.server.start(make_app(self.board, lambda: START, ("fake", "cloud"), outputs=outputs))

    def see(self, target: str, *workloads: Workload) -> None:
        seen = replace(look(*(replace(one, target=target) for one in workloads)), target=target)
        pairs = ((resolved("a", target=target, replicas=2), Wanted("a", 2, "d1")),)
        status = TargetStatus(target, "slurm", reachable=True)
        self.board.post_target(status, judge(pairs, seen, Plan(target), {}, {}))
        self.board.post_view(View(target, pairs, seen, Plan(target)))

    def write(self, job: str, text: str, replica: int = 0) -> None:
        with (self.logs / f"a.{replica}-{job}.out").open("a") as file:
            file.write(text)

    def ask(self, query: str = "") -> list[tuple[str, str, int]]:
        code, text = get(f"{self.server.address}/services/a/logs{query}")
        assert code == 200, text
        return [(one["id"], one["text"], one["next"]) for one in json.loads(text)]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.server.close()


ENDED = workload("a", identity="1", phase=Phase.ENDED, health=Health.FAILED)
OLDER = replace(ENDED, id="9", since=START - timedelta(hours=1))
WAITS = workload("a", identity="2", generation=1, phase=Phase.PENDING, health=Health.PENDING)
RUNS = workload("a", identity="2", generation=1)
SECOND = workload("a", replica=1, identity="3")


def test_what_runs_is_shown_and_where_nothing_does_what_ended_last(site: Site) -> None:
    site.write("1", "failed")
    site.write("9", "long ago\n")
    site.write("2", "hello\n")
    site.write("3", "again\n", replica=1)
    site.see("fake", OLDER, ENDED, WAITS, SECOND)
    assert site.ask() == [("1", "failed", 6), ("3", "again", 6)]
    site.see("fake", OLDER, ENDED, RUNS, SECOND)
    assert site.ask() == [("2", "hello", 6), ("3", "again", 6)]
    assert site.ask("?replica=1") == [("3", "again", 6)]
    assert site.ask("?replica=5") == []
    assert site.ask("?previous=true") == [("1", "failed", 6)]


def test_what_is_followed_goes_on_where_it_was_and_to_its_end(site: Site) -> None:
    site.see("fake", RUNS)
    assert site.ask() == [("2", "", 0)]
    site.write("2", "one\ntw")
    assert site.ask("?start=2:0") == [("2", "one", 4)]
    assert site.ask("?start=2:4") == [("2", "", 4)]
    site.write("2", "o\nthree")
    assert site.ask("?start=2:4") == [("2", "two", 8)]
    site.see("fake", replace(RUNS, phase=Phase.ENDED), workload("a", identity="4", generation=2))
    assert site.ask("?start=2:8") == [("2", "three", 13), ("4", "", 0)]


def test_it_says_how_the_service_stands_as_the_table_does(site: Site) -> None:
    site.see("fake", RUNS, replace(SECOND, health=Health.DEGRADED))
    for one in json.loads(get(f"{site.server.address}/services/a/logs")[1]):
        assert one["verdict"] == {"state": "Running", "health": "Degraded"}
    (line,) = site.board.status().services
    assert (line.state.value, line.health.value) == ("Running", "Degraded")


def test_the_number_of_lines(site: Site) -> None:
    site.write("2", "".join(f"{number}\n" for number in range(3000)))
    site.see("fake", RUNS)
    assert site.ask("?lines=2")[0][1] == "2998\n2999"
    assert len(site.ask("?lines=2000")[0][1].splitlines()) == 2000


@pytest.mark.parametrize(
    "query", ["lines=0", "lines=2001", "replica=-1", "start=2", "start=2:-1", f"start={'x' * 300}:1"]
)
def test_a_question_that_makes_no_sense(site: Site, query: str) -> None:
    site.see("fake", RUNS)
    assert get(f"{site.server.address}/services/a/logs?{query}")[0] == 422


def test_on_kubernetes_a_person_asks_with_their_own_rights(site: Site) -> None:
    pods = tuple(Instance(f"a-{name}") for name in "gfedcba")
    group = replace(workload("a", identity="ai/a"), instances=pods)
    site.see("cloud", group)

    def command(query: str) -> list[str]:
        (one,) = json.loads(get(f"{site.server.address}/services/a/logs{query}")[1])
        assert one["text"] == ""
        return shlex.split(one["command"])

    head = ["kubectl", "-n", "ai", "logs", "--all-containers", "--prefix"]
    selector = ["-l", f"reconciler/owner={group.mark.owner},reconciler/service=a"]
    assert command("") == [*head, "--tail=100", *selector]
    follow = ["--tail=5", "--follow", "--max-log-requests=7"]
    assert command("?lines=5&follow=true") == [*head, *follow, *selector]
    assert command("?replica=1&previous=true") == [*head, "--tail=100", "--previous", "a-b"]
    assert command(f"?start={quote('ai/a:0')}") == [*head, "--tail=100", *selector]

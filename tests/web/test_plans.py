"""/plan and /targets: what will be done, and where."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from reconciler.board import Board
from reconciler.cli.plan import json_of, markdown_of, text_of
from reconciler.daemon.single import Pass
from reconciler.desired.load import Desired
from reconciler.errors import Complaint
from reconciler.models.action import Action, Amend, Cancel, Deploy, Hold, Plan, Renew, Repair, Replace, Restart
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, SourceStatus, State, TargetStatus, View
from reconciler.models.workload import Gap, Phase
from reconciler.shapes.plans import PlanShape, TargetDetail
from reconciler.turn import Report
from tests.fakes import START, look, workload
from tests.samples import REVISION
from tests.web.asking import asking_pages

_OLD = workload("a", identity="7")
ACTIONS: tuple[Action, ...] = (
    Deploy("a", 0, "not there"),
    Replace("a", 1, "other content", (_OLD,)),
    Restart("a", 2, "asked for", (_OLD,)),
    Renew("a", 3, "its time limit comes", (_OLD,)),
    Amend("a", 4, "the time limit is another one", _OLD, _OLD.mark, timedelta(hours=1)),
    Repair("a", 5, "changed by hand: \x1b[2J", _OLD),
    Cancel("b", 0, "not wanted", (_OLD,), removal=True),
    Hold("c", "waits for a"),
)
_COMPLAINT = Complaint("desired/bad.yaml", 3, 1, "spec.nods", "unknown key", fix="did you mean `nodes`?")


@pytest.fixture(scope="module")
def board() -> Board:
    made = Board()
    made.post_source(SourceStatus(REVISION, complaints=(_COMPLAINT,)))
    line = ServiceStatus("a", "fake", "web", State.RUNNING, Health.HEALTHY, START, "")
    known = TargetStatus("fake", "slurm", reachable=True, looked=START, revision="0123456789ab")
    jobs = {Phase.RUNNING: 2, Phase.PENDING: 1}
    held = replace(known, jobs=jobs, gpus=(8, 4), restarts_held="too many", gaps=(Gap("ai/Ingress", "denied"),))
    made.post_target(held, (line, replace(line, service="b", health=Health.DEGRADED)))
    made.post_view(View("fake", (), look(), Plan("fake", ACTIONS)))
    blind = replace(look(complete=False), target="blind")
    lost = TargetStatus("blind", "kubernetes", reachable=False, why="no answer", leads=False, leader="host-2")
    made.post_target(lost, (), START)
    made.post_view(View("blind", (), blind, Plan("blind")))
    return made


@pytest.fixture(scope="module")
def client(board: Board) -> Iterator[httpx.Client]:
    with asking_pages(board, None, ("fake", "blind", "young")) as asking:
        yield asking


def a_pass(board: Board) -> Pass:
    reports = {view.target: Report(view.seen, view.plan, ()) for view in board.views()}
    return Pass(Desired(REVISION, complaints=(_COMPLAINT,)), reports, board.status(), board.views())


def test_the_plan_is_told_in_the_words_of_the_command_line(client: httpx.Client, board: Board) -> None:
    shown = client.get("/plan").json()
    assert shown == json.loads(json_of(a_pass(board)))
    plan = PlanShape.model_validate(shown)
    assert (plan.revision, plan.errors) == (REVISION.sha, [str(_COMPLAINT)])
    rows = [(one.action, one.subject, one.service, one.reason) for one in plan.targets["fake"].actions]
    assert rows == [
        ("deploy", "a.0", "a", "not there"),
        ("replace", "a.1", "a", "other content"),
        ("restart", "a.2", "a", "asked for"),
        ("renew", "a.3", "a", "its time limit comes"),
        ("amend", "a.4", "a", "the time limit is another one"),
        ("repair", "a.5", "a", "changed by hand: \\x1b[2J"),
        ("cancel", "b.0", "b", "not wanted"),
        ("hold", "c", "c", "waits for a"),
    ]
    fake, blind = plan.targets["fake"], plan.targets["blind"]
    assert (fake.complete, fake.looked, fake.revision) == (True, START, "0123456789ab")
    assert (blind.complete, blind.why, blind.actions) == (False, "cut", [])


def test_every_kind_of_action_can_be_printed(board: Board) -> None:
    text, markdown = text_of(a_pass(board)), markdown_of(a_pass(board))
    for sign, kind in (("+", "deploy"), ("~", "repair"), ("~", "restart"), ("-", "cancel"), ("!", "hold")):
        assert f"  {sign} {kind:8}" in text
        assert f"| {kind} |" in markdown


def test_targets_are_told_with_what_there_is_of_ours(client: httpx.Client) -> None:
    blind, fake = (TargetDetail.model_validate(one) for one in client.get("/targets").json())
    assert (fake.target, fake.reachable, fake.leads, fake.restarts_held) == ("fake", True, True, "too many")
    assert fake.jobs == {"Running": 2, "Pending": 1}
    assert (fake.gpus.used, fake.gpus.asked) == (8, 4)
    assert fake.services == {"Healthy": 1, "Degraded": 1}
    assert fake.gaps == {"ai/Ingress": "denied"}
    assert (blind.target, blind.reachable, blind.why) == ("blind", False, "no answer")
    assert (blind.leads, blind.leader, blind.services) == (False, "host-2", {})
    assert TargetDetail.model_validate(client.get("/targets/fake").json()) == fake


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fke", "there is no target fke; there are blind, fake, young"),
        ("young", "the target young had no turn yet; there are blind, fake, young"),
        ("%1b", "there is no target \\x1b; there are blind, fake, young"),
    ],
)
def test_a_target_that_is_not_there(client: httpx.Client, name: str, words: str) -> None:
    answer = client.get(f"/targets/{name}")
    assert (answer.status_code, answer.json()["detail"]) == (404, words)

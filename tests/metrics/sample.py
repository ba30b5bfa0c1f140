"""A board on which there is something of every kind, so that its page has every metric."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from reconciler.board import Board
from reconciler.errors import Complaint
from reconciler.models.action import Plan
from reconciler.models.health import Health
from reconciler.models.status import Fight, ServiceStatus, Serving, SourceStatus, State, TargetStatus, View
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Cause, Drift, Instance, PendingClass, Phase
from tests.fakes import START, look, workload
from tests.samples import REVISION, resolved

MINUTE = timedelta(minutes=1)
NOW = START + 10 * MINUTE


def line(name: str = "a", target: str = "fake", **more: object) -> ServiceStatus:
    """A service that runs and is healthy."""
    known = ServiceStatus(name, target, "web", State.RUNNING, Health.HEALTHY, START, "", REVISION.short, "", 1, 1)
    return replace(known, **more)


def full() -> Board:
    """Everything, once at least."""
    board = Board()
    complaint = Complaint("desired/a.yaml", 1, 1, "spec", "wrong")
    board.post_source(
        SourceStatus(REVISION, "", (complaint,), {"never": "bad"}, fetched=START, seconds=0.2, verified=True)
    )
    drift = Drift("Deployment ai/a", "/spec/replicas", "hpa")
    rich = line(
        frozen="bad file",
        pending=PendingClass.WAITING,
        expected=NOW,
        deadline=NOW,
        attempt=2,
        ended=Cause.NODE,
        generation=1,
        drift=(drift,),
        fights=(Fight(drift, 3, NOW),),
        labels={"team": "nlp", "cost-centre/eu": "17"},
        serving=(Serving(0, "1", Instance("1", "n1", up=True), up=True),),
        looping=True,
        unhealthy=START,
    )
    leftover = line("gone", recipe="", state=State.HELD)
    target = TargetStatus(
        "fake", "slurm", True, "", START, REVISION.short, jobs={Phase.RUNNING: 1}, gpus=(4, 2), restarts_held="many"
    )
    board.post_target(target, (rich, leftover), at=START)
    board.post_target(target, (rich, leftover), at=NOW)
    waits = replace(workload("a", phase=Phase.PENDING, health=Health.PENDING), pending=PendingClass.WAITING)
    pairs = ((resolved("a"), Wanted("a", 1, "d1")),)
    for seen in (look(waits), replace(look(workload("a")), at=NOW)):
        board.post_view(View("fake", pairs, seen, Plan("fake")))
    board.count_action("fake", "deploy", "ok", 0.3)
    board.count_turn("fake", 0.07)
    board.count_probe("fake", 0.002)
    board.count_fetch(0.2)
    board.count_end("fake", "a", "node-failure")
    board.count_drift("fake", "a", "found")
    board.count_restart("fake", "a", "unhealthy")
    board.count_renewal("fake", "a")
    board.count_request("/services/{name}", "GET", 200, 0.003)
    board.count_denial("token")
    board.count_proposal("start", "committed", 0.2)
    return board

"""From a look to the list, through the verdict: what is not seen just now stays, what is gone goes."""

from __future__ import annotations

from datetime import timedelta

from reconciler.discovery import Group, scrape_groups
from reconciler.health import judge
from reconciler.models.action import Plan
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, SourceStatus, Status, TargetStatus
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Instance, Mark, Observed, Phase, Workload
from tests.fakes import START
from tests.samples import REVISION, recipe, resolved

SERVICE = resolved("web", of=recipe(metrics={"port": "http"}))
WANTED = Wanted("web", 1, "d1")
SITE = TargetStatus("fake", "slurm", reachable=True, looked=START)
JOB = Workload(
    "fake",
    "7",
    Mark("factory", "web", 0, "d1"),
    Phase.RUNNING,
    Health.HEALTHY,
    instances=(Instance("7", "n1", up=True, endpoints=(("http", "n1:1"),)),),
)


def table(
    seen: Observed, before: tuple[ServiceStatus, ...] = (), *, wanted: bool = True
) -> tuple[tuple[ServiceStatus, ...], list[Group]]:
    """The lines that a look makes, and the list that these make."""
    services = [(SERVICE, WANTED)] if wanted else []
    lines = judge(services, seen, Plan("fake"), {}, {one.service: one for one in before})
    return lines, scrape_groups(Status(SourceStatus(REVISION), {"fake": SITE}, lines))


def test_what_was_seen_last_stays_while_nothing_can_be_seen() -> None:
    lines, found = table(Observed("fake", START, complete=True, workloads=(JOB,)))
    assert [one["targets"] for one in found] == [["n1:1"]]
    for wanted in (True, False):
        away = Observed("fake", START + timedelta(hours=1), complete=False, why="no answer")
        lines, kept = table(away, lines, wanted=wanted)
        assert kept == found
    _, gone = table(Observed("fake", START + timedelta(hours=2), complete=True), lines)
    assert gone == []

"""The whole way of an alert: a board, its page, a real Prometheus with our rules, a real Alertmanager, a receiver.

The rules are those of rules/, where minutes, hours and days of `for` are seconds here; the configuration of
Alertmanager is the example of docs/, with the receiver's address in it and shorter waits.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from lab import host
from lab.monitoring import Prometheus, scrape_config
from lab.monitoring_others import Alertmanager
from lab.wait import until
from reconciler.board import Board
from reconciler.metrics import utc_now
from reconciler.models.health import Health
from reconciler.models.revision import Revision
from reconciler.models.status import ServiceStatus, SourceStatus, State, TargetStatus
from reconciler.models.workload import PendingClass
from reconciler.web import PageServer, make_app
from tests.fakes import START
from tests.monitoring.rules import ALERT_RULES, ALERTS, RECORDS, ROOT
from tests.monitoring.webhook import Webhook, webhook

OPERATORS, WATCHDOG = "/operators", "/watchdog"
PATIENCE = 90.0
GOOD = ServiceStatus("search", "hpc", "faiss", State.RUNNING, Health.HEALTHY, START, "", replicas=1, ready=1)
FAILED = replace(GOOD, state=State.HELD, health=Health.FAILED, why="exit code 3", ready=0)


@dataclass
class Chain:
    """The parts of the way."""

    board: Board
    prometheus: Prometheus
    manager: Alertmanager
    got: Webhook

    def post(self, target: str, *services: ServiceStatus, up: bool = True, held: str = "") -> None:
        """The table of a target, as a turn posts it."""
        now = utc_now()
        status = TargetStatus(target, "slurm", up, "" if up else "no answer", now, restarts_held=held)
        self.board.post_target(status, tuple(replace(one, target=target) for one in services), now)

    def told(self, alert: str, status: str = "firing", **labels: str) -> bool:
        """Whether the operators got a message about such an alert."""
        return any(
            one["alertname"] == alert and labels.items() <= one.items() for one in self.got.alerts(OPERATORS, status)
        )

    def known(self, alert: str, **labels: str) -> list[dict[str, Any]]:
        """What Alertmanager knows of it."""
        return [
            one
            for one in self.manager.alerts()
            if one["labels"]["alertname"] == alert and labels.items() <= one["labels"].items()
        ]


def in_seconds(path: Path, folder: Path) -> Path:
    """A copy of rules that wait seconds instead of minutes, hours and days."""
    copy = folder / path.name
    copy.write_text(re.sub(r"for: (\d+)[mhd]", r"for: \1s", path.read_text("utf-8")))
    return copy


def example(url: str) -> str:
    """The example of docs/, for the receiver at `url`."""
    text = (ROOT / "docs" / "alertmanager.yaml").read_text("utf-8").replace("http://127.0.0.1:9099", url)
    return re.sub(r"(group_wait|group_interval): (?!0s)\w+", r"\1: 1s", text)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    folder = tmp_path_factory.mktemp("alerts")
    board = Board()
    board.post_source(SourceStatus(Revision("f" * 40, "Ada", "subject", START), fetched=utc_now()))
    server = PageServer("127.0.0.1:0")
    server.start(make_app(board, utc_now, ()))
    with (
        webhook() as got,
        Alertmanager(folder / "alertmanager") as manager,
        Prometheus(folder / "prometheus") as prometheus,
    ):
        manager.start(example(got.url))
        page = {"honor_labels": True, "static_configs": [{"targets": [server.address.removeprefix("http://")]}]}
        rules = [in_seconds(path, folder) for path in (ALERTS, RECORDS)]
        jobs = {"reconciler": page}
        prometheus.start(scrape_config(jobs))
        prometheus.wait_for("reconciler_build_info")  # otherwise it is missed at first, which is an alert
        prometheus.reload(scrape_config(jobs, rules=rules, alertmanagers=[f"127.0.0.1:{manager.port}"]))
        yield Chain(board, prometheus, manager, got)
    server.close()


def test_a_failed_service_is_told_and_its_recovery_too(chain: Chain) -> None:
    chain.post("hpc", FAILED, replace(GOOD, service="papers"))
    until(lambda: chain.told("ReconcilerServiceDown"), PATIENCE, "the alert")
    (down,) = chain.known("ReconcilerServiceDown", target="hpc")
    assert down["labels"] == {
        "alertname": "ReconcilerServiceDown",
        "job": "reconciler",
        "service": "search",
        "target": "hpc",
        "severity": "critical",
    }
    assert down["annotations"]["summary"] == "search on hpc is down"
    assert "reconciler explain search" in down["annotations"]["description"]
    assert (ROOT / down["annotations"]["runbook_url"]).is_file()
    chain.post("hpc", GOOD, replace(GOOD, service="papers"))
    until(lambda: chain.told("ReconcilerServiceDown", "resolved", service="search"), PATIENCE, "its end")
    assert {one["service"] for one in chain.got.alerts(OPERATORS)} == {"search"}


def test_the_watchdog_arrives_where_it_is_missed_and_nowhere_else(chain: Chain) -> None:
    until(lambda: "ReconcilerWatchdog" in chain.got.names(WATCHDOG), PATIENCE, "the watchdog")
    assert chain.got.names(WATCHDOG) == {"ReconcilerWatchdog"}
    assert "ReconcilerWatchdog" not in chain.got.names(OPERATORS)


def test_what_most_of_a_target_shares_is_told_once_and_other_targets_as_ever(chain: Chain) -> None:
    many = [replace(FAILED, service=f"s{number}") for number in range(20)]
    chain.post("site", *many, held="20 of 20 became unhealthy within 40 s")
    chain.post("lab", FAILED)
    until(lambda: chain.told("ReconcilerTargetRestartsHeld", target="site"), PATIENCE, "the cause")
    until(lambda: chain.told("ReconcilerServiceDown", target="lab"), PATIENCE, "what another target has")
    until(lambda: len(chain.known("ReconcilerServiceDown", target="site")) == 20, PATIENCE, "the symptoms")
    states = {one["status"]["state"] for one in chain.known("ReconcilerServiceDown", target="site")}
    assert states == {"suppressed"}
    assert not chain.told("ReconcilerServiceDown", target="site")
    # Restarts are let go, and what is still down after that is told, in one message.
    chain.post("site", *many)
    until(lambda: chain.told("ReconcilerServiceDown", target="site"), PATIENCE, "what is left")
    sizes = {len(message["alerts"]) for _, message in chain.got.messages if "site" in message["groupKey"]}
    assert 20 in sizes
    chain.post("site", GOOD)
    chain.post("lab", GOOD)


def test_a_target_that_is_not_seen_is_told_and_not_its_services(chain: Chain) -> None:
    chain.post("cloud", replace(FAILED, health=Health.UNKNOWN, pending=PendingClass.BLOCKED), up=False)
    until(lambda: chain.told("ReconcilerTargetUnknown", target="cloud", kind="slurm"), PATIENCE, "the target")
    until(lambda: bool(chain.known("ReconcilerServicePendingBlocked", target="cloud")), PATIENCE, "the service")
    (known,) = chain.known("ReconcilerServicePendingBlocked", target="cloud")
    assert known["status"]["state"] == "suppressed"
    assert not chain.told("ReconcilerServicePendingBlocked", target="cloud")
    chain.post("cloud", GOOD)


def test_a_service_name_is_all_that_an_alert_takes_from_a_stranger(chain: Chain) -> None:
    secret = "password-of-nobody"
    chain.post("odd", replace(FAILED, service="odd", why=f"login with {secret} failed", labels={"note": secret}))
    until(lambda: chain.told("ReconcilerServiceDown", service="odd"), PATIENCE, "the alert")
    assert secret not in str(chain.got.messages)
    chain.post("odd")


def silence(alert: str) -> str:
    """The command of its runbook."""
    text = (ROOT / "docs" / "runbooks" / f"{alert}.md").read_text("utf-8")
    return text.partition("## Silence")[2].partition("```sh\n")[2].partition("\n```")[0]


def test_each_runbook_silences_its_own_alert(chain: Chain) -> None:
    expected = {name for name in ALERT_RULES if name != "ReconcilerWatchdog"}
    for alert in sorted(expected):
        text = silence(alert).replace("<service>", "a").replace("<target>", "b").replace("<job>", "c")
        argv = [host.program("amtool"), f"--alertmanager.url={chain.manager.url}", *shlex.split(text)[1:]]
        subprocess.run(argv, check=True, capture_output=True, timeout=60)
    known: list[dict[str, Any]] = chain.manager.json("/api/v2/silences")
    matchers = [{one["name"]: one["value"] for one in silence["matchers"]} for silence in known]
    assert {one["alertname"] for one in matchers} == expected
    for one in matchers:
        assert ("service" in one) == one["alertname"].startswith("ReconcilerService")
        assert ("target" in one) == one["alertname"].startswith(("ReconcilerService", "ReconcilerTarget"))


def test_a_daemon_that_is_not_there_is_told(tmp_path: Path) -> None:
    rules = [in_seconds(path, tmp_path) for path in (ALERTS, RECORDS)]
    with (
        webhook() as got,
        Alertmanager(tmp_path / "alertmanager") as manager,
        Prometheus(tmp_path / "prometheus") as prometheus,
    ):
        manager.start(example(got.url))
        prometheus.start(scrape_config({}, rules=rules, alertmanagers=[f"127.0.0.1:{manager.port}"]))
        until(lambda: got.names(OPERATORS) == {"ReconcilerDaemonAbsent"}, PATIENCE, "the alert")

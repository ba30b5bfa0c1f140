"""Verdicts on services as Events, on a real API server."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.kube.write.events import Allowance, EventWriter
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State
from tests.kube.conftest import Cluster, until
from tests.kube.services import resolved

_AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def line(service: str, health: Health, why: str = "") -> ServiceStatus:
    return ServiceStatus(service, "cloud", "faiss", State.RUNNING, health, _AT, why, replicas=1, ready=1)


def events(cluster: Cluster, service: str) -> list[dict[str, Any]]:
    fields = f"involvedObject.name={service},source=reconciler"
    found = json.loads(cluster.facts.kubectl("get", "events", "-n", "ai", "--field-selector", fields, "-o", "json"))
    return sorted(found["items"], key=lambda one: one["firstTimestamp"])


@pytest.mark.controlplane
def test_what_becomes_bad_and_well_again_is_an_event_on_what_makes_the_pods(cluster: Cluster) -> None:
    service = resolved(f"{cluster.owner}-search")
    cluster.deploy(cluster.deployer(), service)
    cluster.observer()
    client = cluster.client(writes=True)
    writer = EventWriter(client, cluster.cache, ("ai",), cluster.owner)
    cluster.stack.callback(writer.close)
    why = "its health probe fails: HTTP 503 (GET /healthz)"
    writer.announce(line(service.name, Health.DEGRADED, why), _AT)
    writer.announce(line(service.name, Health.DEGRADED, why), _AT)  # the same again is the same Event
    writer.announce(line(service.name, Health.PROGRESSING, "is being started"), _AT)
    writer.announce(line("nobody", Health.FAILED, "there is no such object"), _AT)
    writer.announce(line(service.name, Health.HEALTHY), _AT + timedelta(minutes=1))
    writer.announce(line(service.name, Health.FAILED, "x" * 5000), _AT + timedelta(minutes=2))
    until(lambda: len(events(cluster, service.name)) == 3)
    bad, well, long = events(cluster, service.name)
    assert long["message"] == "x" * 1024
    assert (bad["type"], bad["reason"], bad["message"]) == ("Warning", "Degraded", why)
    assert (well["type"], well["reason"], well["message"]) == ("Normal", "Healthy", "1 of 1 replicas are healthy")
    assert (bad["involvedObject"]["kind"], bad["reportingInstance"]) == ("Deployment", cluster.owner)
    assert bad["involvedObject"]["uid"] == cluster.get("deployment", service.name, ".metadata.uid")
    told = cluster.facts.kubectl("describe", "deployment", service.name, "-n", "ai")
    assert why in told


@pytest.mark.controlplane
def test_without_the_right_it_is_said_once_and_nothing_stops(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    service = resolved(f"{cluster.owner}-search")
    cluster.deploy(cluster.deployer(), service)
    cluster.observer()
    cluster.fields = {"impersonate": "ai/nobody"}
    client = cluster.client(writes=True)
    writer = EventWriter(client, cluster.cache, ("ai",), cluster.owner)
    before = client.calls
    for number in range(3):
        writer.announce(line(service.name, Health.FAILED, f"try {number}"), _AT)
    until(lambda: client.calls >= before + 3)
    until(lambda: "Events cannot be written" in caplog.text)
    writer.close()
    assert caplog.text.count("Events cannot be written") == 1
    assert events(cluster, service.name) == []


def test_many_at_once_are_bounded_and_some_come_back_with_time() -> None:
    now = [100.0]
    allowance = Allowance(lambda: now[0])
    assert sum(allowance.take() for _ in range(500)) == 25
    now[0] += 10
    assert sum(allowance.take() for _ in range(500)) == 5
    now[0] -= 1000  # a clock that goes back gives nothing
    assert not allowance.take()

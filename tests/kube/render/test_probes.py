"""What the kubelet is told of a recipe's health, and what it cannot be told."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.kube.render.probes import probes
from tests.kube.services import changed, resolved

TIMES = {"startup": "60s", "interval": "10s", "timeout": "5s"}
GET = {"port": "http", "path": "/first", "timeout": "20s"}
SECRET = {"name": "vault", "key": "word"}


def told(health: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """The three probes of a service with this health."""
    secrets = {"KEY": {"description": "Key."}}
    return probes(changed(resolved("web", "faiss", **spec), health=TIMES | health, secrets=secrets))


@pytest.mark.parametrize(
    ("health", "question"),
    [
        ({"http": {"port": "http", "path": "/x"}}, {"httpGet": {"port": 8080, "path": "/x"}}),
        (
            {"http": {"port": "http", "path": "/x", "scheme": "https", "status": [200, 302], "contains": "y"}},
            {"httpGet": {"port": 8080, "path": "/x", "scheme": "HTTPS"}},
        ),
        ({"http": {"port": "http", "path": "/x", "status": [200, 401]}}, {"tcpSocket": {"port": 8080}}),
        ({"tcp": {"port": "http"}}, {"tcpSocket": {"port": 8080}}),
        ({"grpc": {"port": "http"}}, {"grpc": {"port": 8080}}),
        ({"grpc": {"port": "http", "service": "a.B"}}, {"grpc": {"port": 8080, "service": "a.B"}}),
        ({"exec": {"command": ["at", "${port.http}"]}}, {"exec": {"command": ["at", "8080"]}}),
    ],
)
def test_all_three_ask_the_same(health: dict[str, Any], question: dict[str, Any]) -> None:
    made = told(health)
    assert made.keys() == {"startupProbe", "readinessProbe", "livenessProbe"}
    for probe in made.values():
        assert question.items() <= probe.items()
        assert (probe["periodSeconds"], probe["timeoutSeconds"]) == (10, 5)
        assert "successThreshold" not in probe


def test_what_is_degraded_for_too_long_is_restarted_and_not_before() -> None:
    made = told({"tcp": {"port": "http"}, "failures": 2, "restartAfter": "95s", "successes": 3})
    assert {name: probe["failureThreshold"] for name, probe in made.items()} == {
        "startupProbe": 6,
        "readinessProbe": 2,
        "livenessProbe": 2 + 10,
    }
    assert [made[name].get("successThreshold") for name in made] == [None, 3, None]
    assert "livenessProbe" not in told({"tcp": {"port": "http"}, "restartAfter": None})


def test_a_first_request_that_is_a_plain_get_ends_the_start() -> None:
    made = told({"tcp": {"port": "http"}, "firstRequest": GET})
    assert made["startupProbe"] == {
        "httpGet": {"port": 8080, "path": "/first"},
        "periodSeconds": 10,
        "timeoutSeconds": 20,
        "failureThreshold": 6,
    }
    assert "tcpSocket" in made["readinessProbe"]
    assert "tcpSocket" in made["livenessProbe"]


@pytest.mark.parametrize("more", [{"method": "POST"}, {"contains": "x"}, {"status": [500]}, {"bearer": "KEY"}])
def test_another_first_request_is_not_made_by_the_kubelet(more: dict[str, Any]) -> None:
    made = told({"tcp": {"port": "http"}, "firstRequest": GET | more}, secrets={"KEY": SECRET})
    assert "tcpSocket" in made["startupProbe"]

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
        assert probe["timeoutSeconds"] == 5
        assert "successThreshold" not in probe
    assert [probe["periodSeconds"] for probe in made.values()] == [2, 10, 10]


def test_what_is_degraded_for_too_long_is_restarted_and_not_before() -> None:
    made = told({"tcp": {"port": "http"}, "failures": 2, "restartAfter": "95s", "successes": 3})
    assert {name: probe["failureThreshold"] for name, probe in made.items()} == {
        "startupProbe": 30,
        "readinessProbe": 2,
        "livenessProbe": 2 + 10,
    }
    assert [made[name].get("successThreshold") for name in made] == [None, 3, None]
    assert "livenessProbe" not in told({"tcp": {"port": "http"}, "restartAfter": None})


def test_a_first_request_that_is_a_plain_get_ends_the_start() -> None:
    made = told({"tcp": {"port": "http"}, "firstRequest": GET})
    assert made["startupProbe"] == {
        "httpGet": {"port": 8080, "path": "/first"},
        "periodSeconds": 2,
        "timeoutSeconds": 20,
        "failureThreshold": 30,
    }
    assert "tcpSocket" in made["readinessProbe"]
    assert "tcpSocket" in made["livenessProbe"]


MORE = [{"method": "POST"}, {"contains": "x"}, {"status": [500]}, {"bearer": "KEY"}]


@pytest.mark.parametrize("more", MORE)
def test_another_first_request_is_not_made_by_the_kubelet(more: dict[str, Any]) -> None:
    made = told({"tcp": {"port": "http"}, "firstRequest": GET | more}, secrets={"KEY": SECRET})
    assert "tcpSocket" in made["startupProbe"]


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize(("tool", "program"), [("curl", "sh"), ("python3", "python3")])
def test_it_is_made_by_a_program_of_the_image(more: dict[str, Any], tool: str, program: str) -> None:
    made = told({"tcp": {"port": "http"}, "firstRequest": GET | more | {"tool": tool}}, secrets={"KEY": SECRET})
    command = made["startupProbe"]["exec"]["command"]
    assert command[0] == program
    assert "http://127.0.0.1:8080/first" in command
    assert {name: probe for name, probe in made.items() if "tcpSocket" in probe}.keys() == made.keys() - {
        "startupProbe"
    }


def test_rounds_of_a_program_take_together_as_long_as_the_start_may() -> None:
    def start(**more: str) -> tuple[int, int, int]:
        first = GET | {"method": "POST", "tool": "curl"} | more
        made = told({"tcp": {"port": "http"}, "startup": "20m", "firstRequest": first})["startupProbe"]
        return made["periodSeconds"], made["timeoutSeconds"], made["failureThreshold"]

    assert start(timeout="2m") == (1, 125, 10)
    assert start(timeout="7m") == (1, 425, 3)
    assert start(timeout="3s") == (1, 8, 400)


def test_a_program_gets_foreign_words_as_arguments_of_their_own_and_no_secret() -> None:
    evil = {"contains": "$(touch x)`y`;'\"", "contentType": "-x; @/etc/passwd", "body": "--config\n@/etc/passwd"}
    first = GET | evil | {"method": "POST", "bearer": "KEY", "tool": "curl"}
    harmless = told({"tcp": {"port": "http"}, "firstRequest": GET | {"method": "POST", "tool": "curl"}})
    command = told({"tcp": {"port": "http"}, "firstRequest": first}, secrets={"KEY": SECRET})["startupProbe"]["exec"]
    assert command["command"][:4] == harmless["startupProbe"]["exec"]["command"][:4]
    assert command["command"][4:] == [
        *("20", "POST", "http://127.0.0.1:8080/first", "2"),
        *(evil["contains"], "KEY", evil["contentType"], evil["body"]),
    ]

"""What is asked again, and how long; what a key is for."""

from __future__ import annotations

import json
import socket
import time

import pytest

from reconciler.client import ApiError, Client, NoAnswerError
from reconciler.errors import Next
from tests.client.scripted import Answer, scripted
from tests.client.test_doors import EMPTY_STATUS

MADE = json.dumps(
    {
        "service": "a",
        "commit": "4" * 40,
        "branch": "main",
        "path": "desired/a.yaml",
        "subject": "Stop a",
        "service_url": "/services/a",
        "events_url": "/events?service=a",
    }
)
DROPPED = Answer(0)


def problem(code: int, next_: str = "retry", after: str = "0") -> Answer:
    body = {"type": "urn:x", "title": "Not now", "status": code, "detail": "the repository is away", "next": next_}
    return Answer(code, json.dumps(body), "application/problem+json", {"Retry-After": after})


@pytest.mark.parametrize(
    "first",
    [
        [problem(503)],
        [problem(503, "wait")],
        [problem(429), problem(429)],
        [problem(408)],
        [DROPPED],
        [Answer(202, MADE, cut=True)],
        [Answer(502, "<html>", "text/html"), DROPPED, problem(503)],
    ],
)
def test_a_change_is_asked_again_with_the_same_key_until_it_is_made(first: list[Answer]) -> None:
    with scripted(*first, Answer(202, MADE)) as there, Client(there.url, patience=60) as client:
        assert client.restart_service("a", reason="why").commit == "4" * 40
    keys = [one.headers["Idempotency-Key"] for one in there.asked]
    assert len(keys) == len(first) + 1
    assert len(set(keys)) == 1
    assert len(keys[0]) >= 32
    assert {(one.method, one.path, one.body) for one in there.asked} == {
        ("POST", "/services/a/restart", '{"reason":"why"}')
    }


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 413, 422, 500])
def test_what_will_not_pass_is_not_asked_again(code: int) -> None:
    with scripted(problem(code, "stop"), Answer(202, MADE)) as there, Client(there.url) as client:
        with pytest.raises(ApiError, match="the repository is away") as caught:
            client.stop_service("a")
        assert (caught.value.status, caught.value.next, caught.value.key) == (code, Next.STOP, "")
    assert len(there.asked) == 1


def test_patience_ends_and_what_may_have_happened_has_its_key() -> None:
    began = time.monotonic()
    with scripted(problem(503, "wait"), problem(503)) as there, Client(there.url, patience=1) as client:
        with pytest.raises(ApiError) as unsure:
            client.stop_service("a")
        assert unsure.value.key == there.asked[0].headers["Idempotency-Key"]
    assert 1 < len(there.asked) < 6
    with scripted(DROPPED) as there, Client(there.url, patience=0.5) as client:
        with pytest.raises(NoAnswerError, match="may have been made; ask again with the key my-key") as lost:
            client.stop_service("a", key="my-key")
        assert (lost.value.key, lost.value.next) == ("my-key", Next.WAIT)
    with Client(there.url, patience=0.5) as client:
        with pytest.raises(NoAnswerError, match="Connection refused; is the daemon running") as refused:
            client.stop_service("a", key="my-key")
        assert (refused.value.key, refused.value.next) == ("", Next.RETRY)
    assert time.monotonic() - began < 30


def test_who_is_told_to_come_much_later_is_not_kept() -> None:
    with scripted(problem(503, after="3000")) as there, Client(there.url, patience=20) as client:
        with pytest.raises(ApiError) as caught:
            client.stop_service("a")
        assert caught.value.retry_after == 3000
    assert len(there.asked) == 1


def test_reading_is_asked_again_after_a_break_and_not_while_the_daemon_is_away() -> None:
    with scripted(DROPPED, problem(429), Answer(body=EMPTY_STATUS)) as there, Client(there.url) as client:
        assert client.status().services == []
    assert len(there.asked) == 3
    assert all("Idempotency-Key" not in one.headers for one in there.asked)
    with scripted(problem(503)) as there, Client(there.url) as client, pytest.raises(ApiError) as caught:
        client.status()
    assert (len(there.asked), caught.value.next) == (1, Next.RETRY)


def test_an_answer_that_is_cut() -> None:
    with scripted(Answer(body=EMPTY_STATUS, cut=True)) as there:
        with Client(there.url, patience=0) as client, pytest.raises(NoAnswerError, match=r"no answer: .*; try again"):
            client.status()
        assert len(there.asked) == 1


def test_a_daemon_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Client(url, timeout=0.3, patience=5) as client:
            began = time.monotonic()
            with pytest.raises(NoAnswerError, match=r"no answer: .*timed out.*; try again"):
                client.status()
            assert time.monotonic() - began < 4, "not asked again"
            assert not client.alive()
        with Client(url, timeout=0.3, patience=0) as client, pytest.raises(NoAnswerError, match="timed out") as lost:
            client.stop_service("a", key="k")
        assert (lost.value.key, lost.value.next) == ("k", Next.WAIT)

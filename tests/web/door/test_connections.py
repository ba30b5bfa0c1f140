"""Connections that are slow, broken or strange: the pages go on for the others."""

from __future__ import annotations

import logging
import logging.handlers
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from reconciler.settings import HttpSettings, RequestLimits
from tests.e2e.world import until
from tests.web.door.rooms import Room, is_closed, parse, read_all, request, room

QUICK = HttpSettings(limits=RequestLimits(header=timedelta(seconds=1), reads=100_000))


@pytest.fixture(scope="module")
def pages() -> Iterator[Room]:
    with room(QUICK) as one:
        yield one


def test_headers_that_drip_are_ended_in_words(pages: Room) -> None:
    with pages.connect() as one:
        one.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        begun = time.monotonic()
        one.settimeout(0.2)
        answer = b""
        while not answer and time.monotonic() < begun + 20:
            try:
                one.sendall(b"A: b\r\n")
                answer = one.recv(65536)
            except TimeoutError:
                continue
        answer += read_all(one)
    assert parse(answer).status == 408
    assert parse(answer).json["type"] == "urn:reconciler:problem:slow"


def test_a_connection_that_says_nothing_is_closed(pages: Room) -> None:
    with pages.connect() as one:
        assert read_all(one) == b""


def test_the_second_request_of_a_connection_has_its_time_too(pages: Room) -> None:
    with pages.connect() as one:
        whole = request("GET", "/healthz", pages.host, Connection="keep-alive")
        one.sendall(whole)
        assert one.recv(65536).startswith(b"HTTP/1.1 200")
        one.sendall(whole[:20])
        assert parse(read_all(one)).status == 408


def test_five_hundred_slow_ones_are_in_nobodys_way(pages: Room) -> None:
    """Reads are answered while they hang; each of them is ended by its own clock."""
    with ExitStack() as stack:
        slow = [stack.enter_context(pages.connect()) for _ in range(500)]
        for one in slow:
            one.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
        took = []
        for _ in range(20):
            begun = time.monotonic()
            assert pages.ask("GET", "/healthz").status == 200
            took.append(time.monotonic() - begun)
        assert sorted(took)[10] < 0.5, took  # the middle one; a machine under load is no news
        until("all of them ended", lambda: sum(map(is_closed, slow)) == len(slow), 60)


@pytest.mark.parametrize("size", [40_000, 1_000_000])
def test_headers_that_are_too_large_are_told_so_and_not_kept(pages: Room, size: int) -> None:
    answer = parse(pages.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nA: " + b"a" * size))
    assert (answer.status, answer.headers["connection"]) == (431, "close")
    assert answer.json["detail"] == "the headers are larger than 32768 bytes"


def test_a_hundred_megabytes_of_headers_take_no_memory(pages: Room) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    part = b"a" * 1_000_000
    with pages.connect() as one:
        one.sendall(b"GET /healthz HTTP/1.1\r\nA: ")
        try:
            for _ in range(100):
                one.sendall(part)
        except OSError:
            pass  # it was closed, which is right
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nA: \x00\r\n\r\n",
        b"GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_and_no_news(pages: Room, sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        answer = parse(pages.raw(sent + b"\r\n\r\n"))
    assert 400 <= answer.status < 506
    assert answer.status != 500
    assert caplog.records == []


@pytest.mark.parametrize("expect", ["-", "100-continue"])
def test_a_body_that_stops_to_be_http(pages: Room, caplog: pytest.LogCaptureFixture, expect: str) -> None:
    chunked = {"Content-Type": "application/json", "Transfer-Encoding": "chunked", "Expect": expect}
    with caplog.at_level(logging.WARNING):
        assert parse(pages.raw(request("GET", "/healthz", pages.host, None, **chunked) + b"zz\r\n")).status == 400
    assert caplog.records == []


def test_who_leaves_after_a_request_and_garbage(pages: Room, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            with pages.connect() as one:
                one.sendall(request("GET", "/door-who", pages.host, Connection="keep-alive") + b"GARBAGE\r\n\r\n")
        assert pages.ask("GET", "/healthz").status == 200
    assert caplog.records == []


BITS = (
    b"\r\n", b"\n", b"\0", b":", b" ", b"%2f", b"\xff", b"HTTP/1.0", b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n", b"Connection: keep-alive\r\n", b"Host: x\r\n",
    b"Upgrade: h2c\r\n", b"Origin: null\r\n", b"Authorization: Bearer a.b.c\r\n", b"GET / HTTP/1.1\r\n", b"{}",
    b"0\r\n\r\n",
)  # fmt: skip


@given(
    start=some.integers(0, 2),
    changes=some.lists(
        some.tuples(some.integers(0, 300), some.integers(0, 40), some.sampled_from(BITS)), min_size=1, max_size=4
    ),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_whatever_is_sent_is_answered_or_closed_and_no_fault_of_ours(
    broken: Room, start: int, changes: list[tuple[int, int, bytes]]
) -> None:
    body = {"Content-Type": "application/json"}
    sent = [
        request("GET", "/door-who", broken.host, Connection="keep-alive"),
        request("POST", "/services", broken.host, b'{"recipe_name": "vllm"}'),
        request("GET", "/healthz", broken.host, None, **body, Transfer_Encoding="chunked") + b"2\r\n{}\r\n0\r\n\r\n",
    ][start]
    for at, cut, put in changes:
        sent = sent[:at] + put + sent[at + cut :]
    with broken.connect() as one, suppress(OSError):
        one.sendall(sent)
        one.shutdown(socket.SHUT_WR)
        assert not read_all(one).startswith(b"HTTP/1.1 500")


@pytest.fixture(scope="module")
def broken(pages: Room) -> Iterator[Room]:
    """The pages, whose log has nothing to say in the end."""
    handler = logging.handlers.MemoryHandler(10_000, flushLevel=logging.CRITICAL + 1)
    handler.setLevel(logging.WARNING)
    logging.getLogger().addHandler(handler)
    yield pages
    logging.getLogger().removeHandler(handler)
    assert pages.ask("GET", "/healthz").status == 200
    assert handler.buffer == []
    handler.close()


def test_several_requests_at_once_are_answered_in_order(pages: Room) -> None:
    paths = ["/healthz", "/door-who", "/nothing", "/healthz"]
    sent = [request("GET", path, pages.host, Connection="keep-alive") for path in paths]
    sent.append(request("GET", "/door-who", pages.host))
    answers = pages.raw(b"".join(sent)).split(b"HTTP/1.1 ")
    assert [answer[:3] for answer in answers[1:]] == [b"200", b"200", b"404", b"200", b"200"]


def test_answers_on_a_kept_connection_are_sent_at_once(pages: Room) -> None:
    """Without TCP_NODELAY each of them waits 40 ms for the other end's acknowledgement of its headers."""
    took = []
    with pages.connect() as one:
        for _ in range(20):
            begun = time.monotonic()
            one.sendall(request("GET", "/healthz", pages.host, Connection="keep-alive"))
            answer = b""
            while not answer.endswith(b"}"):
                answer += one.recv(65536)
            took.append(time.monotonic() - begun)
    assert sorted(took)[10] < 0.03, took


def test_old_and_odd_ways_to_ask(pages: Room) -> None:
    old = pages.raw(b"GET /door-who HTTP/1.0\r\n\r\n")
    assert old.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in old.lower()
    absolute = pages.ask("GET", f"http://{pages.host}/door-who")
    assert absolute.json["through"] == "loopback"
    assert pages.ask("GET", "http://evil.example/door-who").status == 401
    assert pages.ask("GET", "http://localhost").status == 404
    assert pages.ask("GET", "http://localhost/healthz", Host="evil.example").status == 200
    assert pages.ask("GET", "/services/%2e%2e%2fmetrics").status == 404
    assert pages.ask("GET", "//healthz").status == 404
    assert pages.ask("GET", "/healthz/").status == 404
    assert pages.ask("OPTIONS", "*").status in {404, 405}
    assert pages.ask("GET", "/healthz", Upgrade="websocket", Connection="Upgrade, close").status == 200


def test_an_answer_says_no_more_than_it_must(pages: Room) -> None:
    answer = pages.ask("GET", "/healthz")
    assert "server" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"

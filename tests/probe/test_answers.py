"""What servers answer, good and bad, and what is made of it: all over real connections."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from reconciler.models.probe import Probing
from reconciler.models.recipe import HealthProbe
from reconciler.probe.ask import ask, ask_first
from reconciler.probe.failures import NoAnswerError
from reconciler.probe.names import Lookup, Names, system_lookup
from reconciler.probe.places import Address
from tests.probe import servers
from tests.probe.servers import Behave, answers, http, serving

PATIENCE = 60.0  # of a loaded machine; what hangs would take longer


def probing(endpoint: str, **probe: Any) -> Probing:
    times = {"startup": "30s", "interval": "10s", "timeout": "1m"}
    return Probing("1/a", "a", HealthProbe.model_validate(times | probe), {"http": endpoint})


def get(**more: Any) -> dict[str, Any]:
    return {"http": {"port": "http", "path": "/health", **more}}


def asked(one: Probing, lookup: Lookup = system_lookup) -> str:
    """What is wrong with it; "" when nothing is. It takes no longer than it may."""

    async def run() -> str:
        names = Names(lookup)
        first = one.probe.first_request
        try:
            await ask(names, one)
            if first:
                await ask_first(names, one, first)
        except NoAnswerError as error:
            return str(error)
        finally:
            names.close()
        return ""

    return asyncio.run(run())


def verdict(behave: Behave, **probe: Any) -> str:
    with serving(behave) as server:
        return asked(probing(server.endpoint, **(probe or get()))).replace(server.endpoint, "HERE")


GOOD: dict[str, tuple[Behave, dict[str, Any]]] = {
    "200": (answers(http()), get()),
    "399": (answers(http("399 Odd")), get()),
    "a redirect": (servers.redirects("/elsewhere"), get()),
    "its own code": (answers(http("404 Not Found")), get(status=[404, 410])),
    "text": (answers(http(body="all is well, mostly")), get(contains="well, m")),
    "text with accents": (answers(http(body="ça va très bien")), get(contains="très")),
    "chunks": (
        answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n5\r\n well\r\n0\r\n\r\n"),
        get(contains="all well"),
    ),
    "until it closes": (answers("HTTP/1.0 200 OK\r\n\r\nall is well"), get(contains="well")),
    "a header": (answers(http("200 OK", "", "x-mode: a", "X-Mode:  b ")), get(headers={"X-MODE": "b"})),
    "words before it": (answers("HTTP/1.1 103 Early Hints\r\n\r\n" + http()), get()),
    "type of something else": (answers(http("200 OK", "well", "Content-Type: image/png")), get(contains="well")),
    "no type, much more than it says": (answers("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell" + "x" * 99), get()),
    "text within 64 KiB of a gigabyte": (
        servers.without_end("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nwell", b"x" * 65536),
        get(contains="well"),
    ),
    "a body without an end": (servers.without_end("HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536), get()),
}


@pytest.mark.parametrize(("behave", "probe"), GOOD.values(), ids=GOOD)
def test_good_answers(behave: Behave, probe: dict[str, Any]) -> None:
    assert verdict(behave, **probe) == ""


_SECRET = "hunter2-is-the-password"
_BAD_HEADS = "what it answers is not HTTP"
_CUT = "the connection was closed before the end of the answer"
BAD: dict[str, tuple[Behave, dict[str, Any], str]] = {
    "503": (answers(http("503 No", _SECRET)), get(), "GET /health: 503, expected 200 to 399"),
    "401, not 200": (answers(http("401 No")), get(status=[200, 204]), "GET /health: 401, expected 200 or 204"),
    "redirect to a good page": (servers.redirects("/"), get(status=[200]), "GET /health: 302, expected 200"),
    "other text": (
        answers(http(body=_SECRET)),
        get(contains="ready"),
        "GET /health: the first 64 KiB of its answer lack 'ready'",
    ),
    "text after 64 KiB": (
        answers(http(body="x" * 65536 + "ready")),
        get(contains="ready"),
        "GET /health: the first 64 KiB of its answer lack 'ready'",
    ),
    "text packed": (
        answers(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(b"ready" * 10**6)
        ),
        get(contains="readyready"),
        "GET /health: the first 64 KiB of its answer lack 'readyready'",
    ),
    "no header": (
        answers(http()),
        get(headers={"X-Mode": "b"}),
        "GET /health: its header X-Mode is missing, expected b",
    ),
    "another header": (
        answers(http("200 OK", "", f"X-Mode: {_SECRET}")),
        get(headers={"X-Mode": "b"}),
        "GET /health: its header X-Mode is another, expected b",
    ),
    "less than it says": (answers("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nwell"), get(), f"GET /health: {_CUT}"),
    "two lengths": (
        answers("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nwell"),
        get(),
        f"GET /health: {_BAD_HEADS}",
    ),
    "chunks that are none": (
        answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nwell\r\n"),
        get(),
        f"GET /health: {_BAD_HEADS}",
    ),
    "nothing": (answers(""), get(), f"GET /health: {_CUT}"),
    "another protocol": (answers(f"220 {_SECRET} ESMTP\r\n"), get(), f"GET /health: {_BAD_HEADS}"),
    "bytes": (answers(bytes(range(256)) * 9), get(), f"GET /health: {_BAD_HEADS}"),
    "headers without an end": (
        servers.without_end("HTTP/1.1 200 OK\r\n", b"X-More: x\r\n" * 999),
        get(),
        "GET /health: its headers are longer than 16384 bytes",
    ),
    "words before it, for ever": (
        servers.without_end("", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 99),
        get(),
        "GET /health: no answer came, only words before one",
    ),
    "no answer": (servers.never, {**get(), "timeout": "1s"}, "GET /health from HERE: no answer within 1s"),
    "a byte at a time": (
        servers.slowly(http(body="well")),
        {**get(), "timeout": "1s"},
        "GET /health from HERE: no answer within 1s",
    ),
    "a good head, then a byte at a time": (
        servers.slowly("HTTP/1.1 200 OK\r\n\r\n" + "x" * 999, 0.01),
        {**get(), "timeout": "2s"},
        "GET /health from HERE: no answer within 2s",
    ),
    "no TLS there": (answers(http()), get(scheme="https"), "connecting to HERE: TLS: wrong version number"),
    "TLS that never begins": (
        servers.never,
        {**get(scheme="https"), "timeout": "1s"},
        "connecting to HERE: no answer within 1s",
    ),
    "no gRPC there": (answers(http()), {"grpc": {"port": "http"}}, "gRPC health: what it answers is not HTTP/2"),
    "no HTTP for gRPC": (
        answers(b"\x00\x00\x02\x00\x00\x00\x00\x00\x00xx" * 99),
        {"grpc": {"port": "http"}},
        "gRPC health: what it answers is not HTTP/2",
    ),
    "nothing for gRPC": (
        answers(""),
        {"grpc": {"port": "http"}},
        "gRPC health: the connection was closed before an answer",
    ),
    "no answer for gRPC": (
        servers.never,
        {"grpc": {"port": "http"}, "timeout": "1s"},
        "gRPC health from HERE: no answer within 1s",
    ),
    "the port of something else": (
        answers(http()),
        {"tcp": {"port": "grpc"}},
        "where its port grpc is reached is not known",
    ),
}


@pytest.mark.parametrize(("behave", "probe", "why"), BAD.values(), ids=BAD)
def test_bad_answers(behave: Behave, probe: dict[str, Any], why: str) -> None:
    began = time.monotonic()
    assert verdict(behave, **probe) == why
    assert time.monotonic() - began < PATIENCE


def test_a_body_in_very_many_pieces_is_not_followed_to_its_end() -> None:
    head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    began = time.process_time()
    assert verdict(servers.without_end(head, b"1\r\nx\r\n" * 9999)) == ""
    assert time.process_time() - began < 5


@pytest.mark.parametrize("location", ["/", "//127.0.0.1:1/", "http://169.254.169.254/latest/meta-data/", "SECOND"])
def test_redirects_are_never_followed(location: str) -> None:
    with serving(answers(http())) as second, serving(servers.redirects(location)) as server:
        server.behave = servers.redirects(location.replace("SECOND", f"http://{second.endpoint}/"))
        assert asked(probing(server.endpoint, **get(status=[200]))) == "GET /health: 302, expected 200"
        assert len(server.requests) == 1
        assert second.requests == []


def test_the_request_asks_for_nothing_that_must_be_unpacked_and_ends_the_connection() -> None:
    with serving(answers(http())) as server:
        assert asked(probing(server.endpoint, **get())) == ""
        lines = server.requests[0].decode().split("\r\n")
        assert lines[0] == "GET /health HTTP/1.1"
        assert {f"Host: {server.endpoint}", "Accept-Encoding: identity", "Connection: close"} <= set(lines)


def test_a_certificate_of_its_own_is_good_enough(tmp_path: Path) -> None:
    with serving(answers(http(body="well")), context=servers.own_certificate(tmp_path)) as server:
        assert asked(probing(server.endpoint, **get(scheme="https", contains="well"))) == ""
        without = asked(probing(server.endpoint, **get()))
        assert "the connection was" in without  # closed or cut, as TLS likes


FIRST = {"port": "http", "method": "POST", "path": "/v1", "body": '{"prompt": "é"}', "contains": "4", "timeout": "1m"}


def test_the_first_request_is_sent_after_the_probe_and_judged_by_its_own_rules() -> None:
    with serving(answers(http(body="2+2=4"))) as server:
        one = probing(server.endpoint, **get(), firstRequest=FIRST)
        assert asked(one) == ""
        assert [words.split(b" ")[0] for words in server.requests] == [b"GET", b"POST"]
        head, _, body = server.requests[1].decode().partition("\r\n\r\n")
        assert body == FIRST["body"]
        assert {"Content-Type: application/json", f"Content-Length: {len(body.encode())}"} <= set(head.split("\r\n"))
        server.behave = servers.redirects("/")
        assert asked(one) == "first request POST /v1: 302, expected 200 to 299"
        server.behave = answers(http(body="5"))
        assert asked(one) == "first request POST /v1: the first 64 KiB of its answer lack '4'"


def test_tcp_is_good_when_somebody_listens() -> None:
    tcp = {"tcp": {"port": "http"}}
    with serving(servers.never) as server:
        one = probing(server.endpoint, **tcp)
        assert asked(one) == ""
    assert asked(one) == f"connecting to {one.endpoints['http']}: refused"


@pytest.mark.parametrize(
    ("states", "service", "why"),
    [
        ({"whole": servers.SERVING}, "", ""),
        ({"whole": servers.NOT_SERVING}, "", "gRPC health: NOT_SERVING, expected SERVING"),
        ({"whole": servers.NOT_SERVING, "llm": servers.SERVING}, "llm", ""),
        ({"whole": servers.SERVING}, "llm", "gRPC health of llm: it knows no service of that name"),
        ({}, "", "gRPC health: it has no health service (grpc.health.v1)"),
    ],
)
def test_grpc_health_of_a_real_server(states: dict[str, int], service: str, why: str) -> None:
    with servers.grpc_server(**states) as endpoint:
        assert asked(probing(endpoint, grpc={"port": "http", "service": service})) == why


def test_long_names_of_grpc_services_are_asked_for_as_they_are() -> None:
    name = "a" * 200
    with servers.grpc_server(**{name: servers.SERVING}) as endpoint:
        assert asked(probing(endpoint, grpc={"port": "http", "service": name})) == ""


def test_ipv6() -> None:
    with serving(answers(http()), "::1") as server:
        assert asked(probing(server.endpoint, **get())) == ""


def resolver(*addresses: str) -> Callable[[str], Sequence[Address]]:
    return lambda _: [ip_address(text) for text in addresses]


def test_every_address_of_a_name_is_tried() -> None:
    with serving(answers(http())) as server:
        port = server.endpoint.rpartition(":")[2]
        one = probing(f"node-1:{port}", **get())
        assert asked(one, resolver("::1", "127.0.0.1")) == ""
        assert b"Host: node-1:" in server.requests[0]


NEVER = ["169.254.169.254", "fe80::1", "fd00:ec2::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "0.0.0.0"]


@pytest.mark.parametrize("address", [*NEVER, "::", "224.0.0.1", "ff02::1", "255.255.255.255", "100.100.100.200"])
def test_addresses_that_are_never_contacted_whether_named_or_not(address: str) -> None:
    shown = f"[{address}]" if ":" in address else address
    assert "is never contacted" in asked(probing(f"{shown}:80", **get()))
    assert "is never contacted" in asked(probing("metadata.example:80", **get()), resolver(address))


def test_a_name_that_has_a_forbidden_address_too_is_reached_at_the_other_one() -> None:
    with serving(answers(http())) as server:
        port = server.endpoint.rpartition(":")[2]
        assert asked(probing(f"n:{port}", **get()), resolver("169.254.169.254", "127.0.0.1")) == ""


@pytest.mark.parametrize("number", ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518"])
def test_other_ways_to_write_an_address_are_seen_through(number: str) -> None:
    assert "is never contacted" in asked(probing(f"{number}:80", **get()))


WRONG = [
    "",
    "node",
    "node:",
    "node:0",
    "node:65536",
    "node:8x",
    "a b:1",
    "http://n:1",
    "n:1\r\nX: y",
    "u@h:1",
    "[]:1",
    "é:1",
]


@pytest.mark.parametrize("endpoint", WRONG)
def test_endpoints_that_are_none(endpoint: str) -> None:
    why = asked(probing(endpoint, **get()))
    assert "expected host:port" in why or "is not known" in why
    assert why.isprintable()


def test_names_that_are_not_there() -> None:
    why = asked(probing("no-such-host.invalid:80", **get(), timeout="5s"))
    assert "no-such-host.invalid" in why
    assert "cannot be found" in why or "no answer within" in why


def test_dead_dns_costs_no_more_than_the_time_of_the_probe() -> None:
    dead = socket.socketpair()

    def hangs(host: str) -> Sequence[Address]:
        del host
        dead[0].recv(1)
        raise OSError

    try:
        began = time.monotonic()
        why = asked(probing("node-1:80", **get(), timeout="1s"), hangs)
        assert why == "looking up the name node-1 of node-1:80: no answer within 1s"
        assert time.monotonic() - began < PATIENCE
    finally:
        dead[1].close()
        dead[0].close()

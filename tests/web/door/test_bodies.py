"""Bodies: how large, how long under way, of which media type, and what is JSON."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from reconciler.models.proposal import Role
from reconciler.settings import HttpSettings, RequestLimits, TokenSettings
from reconciler.settings.secret import hash_of, make_token
from reconciler.web.door.body import DEPTH, check_json
from reconciler.web.door.refusal import RefusalError
from tests.web.door.rooms import Answer, Room, parse, read_all, request, room

TOKEN = make_token()
LIMITS = RequestLimits(header=timedelta(seconds=1), body="64Ki")
HTTP = HttpSettings(tokens=(TokenSettings(name="door-body", sha256=hash_of(TOKEN), role=Role.ADMIN),), limits=LIMITS)


@pytest.fixture(scope="module")
def pages() -> Iterator[Room]:
    with room(HTTP) as one:
        yield one


def write(pages: Room, body: bytes | None, **headers: str) -> Answer:
    return pages.ask("POST", "/door-write", body, Authorization=f"Bearer {TOKEN}", **headers)


def head(pages: Room, **headers: str) -> bytes:
    given = {"Content_Type": "application/json", "Authorization": f"Bearer {TOKEN}"} | headers
    return request("POST", "/door-write", pages.host, None, **given)


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(pages: Room) -> None:
    denied = parse(pages.raw(head(pages, Content_Length="10000000000000")))
    assert (denied.status, denied.json["type"]) == (413, "urn:reconciler:problem:too-large")
    assert denied.json["detail"] == "the body is larger than 64Ki (http.limits.body)"


def test_a_large_body_is_told_so_also_to_who_sends_all_of_it_first(pages: Room) -> None:
    """The answer is not lost to a reset of the connection while the client still sends."""
    denied = write(pages, b"[" + b" " * 2_000_000 + b"]")
    assert denied.status == 413
    assert denied.headers["connection"] == "close"


def test_a_large_body_in_chunks_is_counted(pages: Room) -> None:
    chunk = b"%x\r\n%s\r\n" % (8192, b" " * 8192)
    denied = parse(pages.raw(head(pages, Transfer_Encoding="chunked") + chunk * 20 + b"0\r\n\r\n"))
    assert denied.status == 413


def test_a_body_within_the_limit_comes_in_either_way(pages: Room) -> None:
    body = json.dumps({"a": "x" * 60_000}).encode()
    assert write(pages, body).status == 200
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:1], body[1:40_000], body[40_000:]))
    assert parse(pages.raw(head(pages, Transfer_Encoding="chunked") + chunks + b"0\r\n\r\n")).status == 200
    assert len(pages.writes[-1][1]["a"]) == 60_000


@pytest.mark.parametrize("kind", ["length", "chunked"])
def test_a_body_that_drips_is_ended(pages: Room, kind: str) -> None:
    sent = {"length": {"Content_Length": "1000"}, "chunked": {"Transfer_Encoding": "chunked"}}[kind]
    drop = {"length": b" ", "chunked": b"1\r\n \r\n"}[kind]
    with pages.connect() as one:
        one.sendall(head(pages, **sent))
        begun = time.monotonic()
        one.settimeout(0.1)
        answer = b""
        while not answer and time.monotonic() < begun + 20:
            try:
                one.sendall(drop)
                answer = one.recv(65536)
            except TimeoutError:
                continue
        one.settimeout(20)
        answer += read_all(one)
    assert parse(answer).status == 408
    assert "was not there within 1s" in parse(answer).json["detail"]


def test_two_keys_are_one_too_many(pages: Room) -> None:
    sent = head(pages, Content_Length="2", Idempotency_Key="a").replace(b"\r\n\r\n", b"\r\nIdempotency-Key: b\r\n\r\n")
    answer = parse(pages.raw(sent + b"{}"))
    assert (answer.status, answer.json["detail"]) == (400, "there is more than one header Idempotency-Key; send one")


def test_a_length_and_chunks_are_one_too_many(pages: Room) -> None:
    sent = head(pages, Transfer_Encoding="chunked", Content_Length="2") + b"2\r\n{}\r\n0\r\n\r\n"
    assert parse(pages.raw(sent)).status == 400


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "-"}, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content_Type": "application/merge-patch+json"}, 415),
        ({"Content_Type": "application/json; charset=latin-1"}, 415),
        ({"Content_Encoding": "gzip"}, 415),
        ({"Content_Encoding": "identity"}, 415),
        ({"Content_Type": 'APPLICATION/JSON; charset="UTF-8"'}, 200),
    ],
)
def test_media_types(pages: Room, headers: dict[str, str], code: int) -> None:
    headers = {name.replace("_", "-"): text for name, text in headers.items()}
    assert write(pages, b"{}", **headers).status == code


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b" ",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1, "b": {"c": 1, "c": 2}}',
        b'{"a": "\xff"}',
        '{"a": 1}'.encode("utf-16"),
        "\ufeff{}".encode(),
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[" * 900,
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
def test_what_is_no_json_is_refused_in_words(pages: Room, body: bytes) -> None:
    assert refused(pages, body).status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"a": "\\u0000"}',
        b"[" * 30_000 + b"]" * 30_000,
        b"[" * 60_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"a": ' + b"[" * DEPTH + b"]" * DEPTH + b"}",
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
def test_json_that_nothing_here_has_a_use_for_is_invalid(pages: Room, body: bytes) -> None:
    assert refused(pages, body).status == 422


def refused(pages: Room, body: bytes) -> Answer:
    before = len(pages.writes)
    denied = write(pages, body)
    assert denied.headers["content-type"] == "application/problem+json"
    assert len(pages.writes) == before
    return denied


def spoiled(value: object) -> bool:
    """Whether JSON has no word for it, or ours takes none of it."""
    if isinstance(value, list):
        return any(spoiled(one) for one in value)
    return (isinstance(value, float) and not math.isfinite(value)) or (isinstance(value, str) and "\0" in value)


@given(some.recursive(some.none() | some.booleans() | some.floats() | some.text() | some.integers(), some.lists))
def test_any_json_passes_but_for_what_is_no_number_and_no_text(value: object) -> None:
    body = json.dumps(value).encode()
    if spoiled(value):
        with pytest.raises(RefusalError):
            check_json(body)
    else:
        check_json(body)


def test_as_deep_as_is_allowed() -> None:
    check_json(b"[" * (DEPTH - 1) + b"1" + b"]" * (DEPTH - 1))
    with pytest.raises(RefusalError, match="nested more than 64 deep"):
        check_json(b"[" * (DEPTH + 1) + b"]" * (DEPTH + 1))


def test_the_connection_goes_on_after_a_body_was_read(pages: Room) -> None:
    """Two requests in one connection, the first one refused for what its body says."""
    first = head(pages, Content_Length="1", Connection="keep-alive") + b"{"
    with pages.connect() as one:
        one.sendall(first + head(pages, Content_Length="2") + b"{}")
        answers = read_all(one).split(b"HTTP/1.1 ")
    assert [answer[:3] for answer in answers] == [b"", b"400", b"200"]


def test_who_expects_to_be_told_to_send_is_told(pages: Room) -> None:
    with pages.connect() as one:
        one.sendall(head(pages, Expect="100-continue", Content_Length="2"))
        assert one.recv(65536).startswith(b"HTTP/1.1 100")
        one.sendall(b"{}")
        assert parse(read_all(one)).status == 200
    large = parse(pages.raw(head(pages, Expect="100-continue", Content_Length="20000000")))
    assert large.status == 413

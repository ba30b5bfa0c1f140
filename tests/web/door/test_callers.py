"""Who may come in, and who not: tokens, loopback, proxies, names of hosts, pages of other sites."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.datastructures import Headers

from reconciler.logs import TextLines
from reconciler.models.proposal import Caller, Role
from reconciler.settings import HttpSettings, TokenSettings
from reconciler.settings.secret import hash_of, make_token
from reconciler.web.door.near import host_of, is_loopback, why_not
from reconciler.web.door.tokens import Tokens
from tests.web.door.rooms import Answer, Room, room

NOW = datetime(2026, 11, 30, tzinfo=UTC)
READER, WRITER, OLD, ADMIN = (make_token() for _ in range(4))
TOKENS = (
    TokenSettings(name="door-reader", sha256=hash_of(READER)),
    TokenSettings(
        name="door-writer", sha256=hash_of(WRITER), role=Role.PROPOSE, services=("bench-*",), folders=("desired/bench",)
    ),
    TokenSettings(name="door-old", sha256=hash_of(OLD), role=Role.ADMIN, expires=NOW),
    TokenSettings(name="door-admin", sha256=hash_of(ADMIN), role=Role.ADMIN, expires=NOW + timedelta(seconds=1)),
)


@pytest.fixture(scope="module")
def pages() -> Iterator[Room]:
    with room(HttpSettings(tokens=TOKENS), now=NOW) as one:
        yield one


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def write(pages: Room, **headers: str) -> Answer:
    return pages.ask("POST", "/door-write", b'{"a": 1}', **headers)


def test_without_a_token_this_machine_reads_and_nothing_else(pages: Room) -> None:
    assert pages.ask("GET", "/door-who").json == {
        "name": "anonymous",
        "through": "loopback",
        "role": "read",
        "folders": [""],
    }
    denied = write(pages)
    assert denied.status == 401
    assert denied.headers["www-authenticate"] == 'Bearer realm="reconciler"'
    assert denied.headers["content-type"] == "application/problem+json"
    assert denied.json["detail"] == "nobody may write without a token; send `Authorization: Bearer …`"


def test_a_token_is_somebody_with_a_role(pages: Room) -> None:
    assert write(pages, **bearer(WRITER)).json == {"name": "door-writer"}
    folders = ("desired/bench",)
    assert pages.writes[-1][0] == Caller("door-writer", "token", Role.PROPOSE, ("bench-*",), folders)
    assert write(pages, **bearer(ADMIN)).status == 200
    assert pages.writes[-1][0] == Caller("door-admin", "token", Role.ADMIN, ("*",), ("",))
    assert pages.ask("GET", "/door-who", **bearer(READER)).json["role"] == "read"


def test_a_reader_may_not_write_and_is_told_what_it_lacks(pages: Room) -> None:
    denied = write(pages, **bearer(READER))
    assert denied.status == 403
    assert denied.json["detail"] == "door-reader (token) may read and not write; it needs the role `propose`"
    assert pages.ask("POST", "/door-nothing", b"{}", **bearer(READER)).status == 404
    assert pages.ask("POST", "/door-who", b"{}", **bearer(READER)).status == 405


def test_a_token_that_has_ended_says_so(pages: Room) -> None:
    denied = pages.ask("GET", "/door-who", **bearer(OLD))
    assert denied.status == 401
    assert denied.json["detail"] == "the token of door-old ended to be valid at 2026-11-30T00:00:00+00:00"
    assert 'error="invalid_token"' in denied.headers["www-authenticate"]


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        f"Basic {READER}",
        f"Bearer {READER}x",
        f"Bearer {READER[:-1]}",
        f"Bearer {READER.upper()}",
        f"Bearer {READER} {READER}",
        f"bearer {hash_of(READER)}",
        "Bearer \xff",
        "Bearer " + "a" * 13_000,
        "Bearer a.b.c",
        'Bearer "',
    ],
)
def test_a_bad_token_is_refused_also_where_none_is_needed(pages: Room, header: str) -> None:
    denied = pages.ask("GET", "/door-who", Authorization=header)
    assert denied.status == 401
    assert READER not in denied.body.decode()


def test_two_tokens_at_once_are_none(pages: Room) -> None:
    lines = f"Host: {pages.host}\r\nConnection: close\r\n"
    lines += f"Authorization: Bearer {READER}\r\nAuthorization: Bearer {WRITER}\r\n"
    assert pages.raw(f"GET /door-who HTTP/1.1\r\n{lines}\r\n".encode()).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("query", ["access_token", "token", "authorization"])
def test_a_token_in_the_address_is_no_token(pages: Room, query: str) -> None:
    assert write(pages, Host=pages.host).status == 401
    assert pages.ask("POST", f"/door-write?{query}={WRITER}", b"{}").status == 401
    assert pages.ask("GET", "/door-who", Cookie=f"{query}={WRITER}").json["name"] == "anonymous"


@pytest.mark.parametrize(
    "header",
    ["Forwarded", "X-Forwarded-For", "X-Real-IP", "X-Forwarded-Host", "X-Forwarded-Proto", "Via", "X-Client-IP"],
)
def test_what_came_through_a_proxy_is_not_near(pages: Room, header: str) -> None:
    denied = pages.ask("GET", "/door-who", **{header: "127.0.0.1"})
    assert denied.status == 401
    assert "without a proxy between only" in denied.json["detail"]
    assert pages.ask("GET", "/door-who", **bearer(READER), **{header: "10.0.0.1"}).status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil", "::1"])
def test_a_name_that_somebody_made_mean_this_machine_is_not_near(pages: Room, host: str) -> None:
    assert pages.ask("GET", "/door-who", Host=host).status == 401
    assert pages.ask("GET", "/metrics", Host=host).status == 401
    assert pages.ask("GET", "/healthz", Host=host).status == 200
    assert pages.ask("GET", "/door-who", Host=host, **bearer(READER)).status == 200


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "LOCALHOST", "127.0.0.1", "127.9.9.9:80", "[::1]:9"])
def test_this_machine_has_several_names(pages: Room, host: str) -> None:
    assert pages.ask("GET", "/door-who", Host=host).status == 200


def test_health_is_shown_to_all_and_the_rest_as_the_settings_say() -> None:
    closed = HttpSettings.model_validate({"anonymous": {"read": "none", "metrics": "loopback"}})
    with room(closed) as one:
        paths = ("/healthz", "/metrics", "/sd", "/status", "/services", "/openapi.json", "/nothing")
        denied = [path for path in paths if one.ask("GET", path).status == 401]
        assert denied == ["/status", "/services", "/openapi.json", "/nothing"]
        assert one.ask("GET", "/readyz", X_Forwarded_For="1.2.3.4").status in {200, 503}
    with room(HttpSettings.model_validate({"anonymous": {"read": "all", "metrics": "none"}})) as one:
        assert one.ask("GET", "/metrics").status == 401
        assert one.ask("GET", "/status", Host="evil.example", Via="1.1 x").status == 200
        assert write(one).status == 401


@pytest.mark.parametrize(
    ("origin", "code"),
    [
        ("http://evil.example", 403),
        ("null", 403),
        ("http://127.0.0.1", 403),
        ("https://{host}", 200),
        ("http://{host}", 200),
        ("http://{host}.evil.example", 403),
        ("", 403),
    ],
)
def test_a_page_of_another_site_may_not_write(pages: Room, origin: str, code: int) -> None:
    answer = write(pages, Origin=origin.format(host=pages.host), **bearer(WRITER))
    assert answer.status == code
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert "set-cookie" not in answer.headers


class Counted(tuple[TokenSettings, ...]):
    """Tokens that know which of them were looked at."""

    seen: list[str]

    def __iter__(self) -> Iterator[TokenSettings]:
        self.seen = []
        for one in super().__iter__():
            self.seen.append(one.name)
            yield one


def test_all_hashes_are_compared_whichever_is_right() -> None:
    """The time of an answer is no clue: by structure, not by a stopwatch."""
    known = Counted(TOKENS)
    tokens = Tokens(known)
    for token in (READER, ADMIN, "rcl_nobody"):
        tokens.caller(token, NOW)
        assert known.seen == [one.name for one in TOKENS]
    assert "compare_digest" in Tokens.caller.__code__.co_names


def test_every_denial_is_a_line_of_the_log_without_the_token(caplog: pytest.LogCaptureFixture) -> None:
    with room(HttpSettings(tokens=TOKENS), now=NOW) as one, caplog.at_level(logging.INFO, "reconciler.audit"):
        write(one, **bearer(READER))
        for _ in range(15):
            one.ask("GET", "/door-who?x=1", **bearer(OLD))
    first, *others = [TextLines().format(record) for record in caplog.records if record.name == "reconciler.audit"]
    assert "denied POST /door-write from 127.0.0.1: door-reader (token) may read and not write" in first
    assert first.endswith("[caller=door-reader through=token]")
    assert len(others) == 9, "ten a minute for one address"
    assert all("GET /door-who from 127.0.0.1: the token of door-old ended to be valid" in line for line in others)
    assert OLD not in caplog.text
    assert one.board.tallies().visits.denied == {"expired": 15, "read-only": 1}


def test_requests_are_counted_by_the_template_of_their_route_and_never_by_path() -> None:
    with room() as one:
        for number in range(3):
            one.ask("GET", f"/services/door-{number}/history")
            one.ask("GET", f"/door-nothing/{number}")
        write(one)
        one.ask("BREW", "/door-who")
        counted = one.board.tallies().visits.requests
    assert counted == {
        ("/services/{name}/history", "GET", "404"): 3,
        ("other", "GET", "404"): 3,
        ("other", "POST", "401"): 1,
        ("/door-who", "other", "405"): 1,
    }


@pytest.mark.parametrize(
    ("content", "advised"),
    [
        ({"listen": "0.0.0.0:1"}, False),
        ({"listen": "127.0.0.1:1", "tokens": 1}, False),
        ({"listen": "localhost:1", "tokens": 1}, False),
        ({"listen": "[::1]:1", "tokens": 1}, False),
        ({"listen": "0.0.0.0:1", "tokens": 1}, True),
        ({"listen": "login1:1", "tokens": 1}, True),
        ({"listen": "0.0.0.0:1", "tokens": 1, "tls": {"certificate": "a", "key": "b"}}, False),
        ({"listen": "[::]:1", "oidc": {"issuer": "https://idp.example", "audience": "a"}}, True),
    ],
)
def test_tokens_that_could_be_read_on_the_way_are_advised_against(content: dict[str, Any], advised: bool) -> None:
    if "tokens" in content:
        content = content | {"tokens": [{"name": "door", "sha256": "0" * 64}]}
    assert bool(HttpSettings.model_validate(content).advice()) is advised


def test_two_tokens_with_one_hash_are_no_settings() -> None:
    twice = [{"name": name, "sha256": "0" * 64} for name in ("door-a", "door-b")]
    with pytest.raises(ValidationError, match="tokens that are different; door-a, door-b have the same"):
        HttpSettings.model_validate({"tokens": twice})


def test_addresses_and_hosts() -> None:
    near = ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"]
    assert [is_loopback(one) for one in near] == [True] * 4
    assert not any(is_loopback(one) for one in ("", "10.0.0.1", "::2", "127.0.0.1.nip.io", "::ffff:10.0.0.1"))
    hosts = {"a:1": "a", "A.": "a", "[::1]:80": "::1", "a b": "a b", "a:b": "", ":80": "", "[::1": "", "": ""}
    assert {text: host_of(text) for text in hosts} == hosts
    assert why_not("loopback", "10.0.0.7", Headers({"host": "localhost"}), ()) != ""
    assert why_not("loopback", "", Headers({"host": "localhost"}), ()) != ""
    assert why_not("loopback", "::1", Headers({"host": "10.0.0.7:9464"}), ("10.0.0.7",)) == ""
    assert why_not("loopback", "127.0.0.1", Headers({}), ()) == ""

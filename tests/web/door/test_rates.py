"""How often: a sliding window in bounded memory, and what the pages make of it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as some
from starlette.exceptions import HTTPException

from reconciler.models.proposal import Role
from reconciler.settings import HttpSettings, RequestLimits, TokenSettings
from reconciler.settings.secret import hash_of, make_token
from reconciler.web.door.rates import WINDOW, Rates, group
from reconciler.web.door.watchers import Watchers, is_watching
from tests.web.door.rooms import room


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@given(
    limit=some.integers(1, 20),
    steps=some.lists(some.floats(0, 30, allow_subnormal=False), min_size=1, max_size=200),
    start=some.floats(0, 1e6),
)
def test_no_full_window_has_more_than_the_limit_and_waiting_helps(limit: int, steps: list[float], start: float) -> None:
    clock = Clock(start)
    rates = Rates(limit, clock)
    taken: dict[int, int] = {}
    for step in steps:
        clock.now += step
        count = rates.hit("a")
        window = int(clock.now / WINDOW)
        taken[window] = taken.get(window, 0) + count.allowed
        assert taken[window] <= limit
        assert 0 <= count.left < limit
        assert (count.wait > 0) is not count.allowed
        if not count.allowed:
            assert count.wait <= 2 * WINDOW
            clock.now += count.wait + 1e-3
            assert rates.hit("a").allowed
            taken[int(clock.now / WINDOW)] = taken.get(int(clock.now / WINDOW), 0) + 1


def test_a_burst_on_the_border_of_two_minutes_is_no_way_around() -> None:
    clock = Clock(59.9)
    rates = Rates(100, clock)
    assert sum(rates.hit("a").allowed for _ in range(200)) == 100
    clock.now = 60.1
    assert sum(rates.hit("a").allowed for _ in range(200)) <= 1
    clock.now = 90
    assert 45 <= sum(rates.hit("a").allowed for _ in range(200)) <= 51


def test_names_are_apart_and_memory_has_an_end() -> None:
    rates = Rates(1, Clock(), most=100)
    assert rates.hit("a").allowed
    assert not rates.hit("a").allowed
    for number in range(1000):
        assert rates.hit(f"n{number}").allowed
    assert len(rates) == 100


def test_whom_an_address_is_counted_with() -> None:
    assert group("10.0.0.1") == "10.0.0.1"
    assert group("::ffff:10.0.0.1") == "10.0.0.1"
    assert group("2001:db8:1:2:3:4:5:6") == group("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert group("fe80::1%eth0") == "fe80::/64"
    assert group("unix socket") == "unix socket"


def test_reads_and_writes_are_counted_apart_for_each_caller() -> None:
    first, second = make_token(), make_token()
    tokens = (
        TokenSettings(name="door-first", sha256=hash_of(first), role=Role.ADMIN),
        TokenSettings(name="door-second", sha256=hash_of(second)),
    )
    limits = RequestLimits(reads=3, writes=2, failures=2)
    with room(HttpSettings(tokens=tokens, limits=limits)) as one:
        who = {"Authorization": f"Bearer {first}"}
        writes = [one.ask("POST", "/door-write", b"{}", **who) for _ in range(3)]
        assert [answer.status for answer in writes] == [200, 200, 429]
        assert [answer.headers["ratelimit-remaining"] for answer in writes] == ["1", "0", "0"]
        assert writes[0].headers["ratelimit-limit"] == "2"
        assert 1 <= int(writes[2].headers["retry-after"]) <= 2 * WINDOW
        assert writes[2].json["detail"] == "more than 2 writes in a minute (http.limits.writes)"
        assert writes[2].json["next"] == "retry"
        assert [one.ask("GET", "/door-who", **who).status for _ in range(4)] == [200, 200, 200, 429]
        assert one.ask("GET", "/door-who", Authorization=f"Bearer {second}").status == 200
        assert one.ask("GET", "/door-who").status == 200
        assert [one.ask("GET", "/healthz").status for _ in range(5)] == [200] * 5
        assert [one.ask("GET", "/door-who").status for _ in range(3)] == [200, 200, 429]
        assert [one.ask("GET", "/metrics").status for _ in range(4)] == [200, 200, 200, 429]


def test_wrong_tokens_are_told_less_after_a_while_and_right_ones_still_come_in() -> None:
    token = make_token()
    tokens = (TokenSettings(name="door-right", sha256=hash_of(token)),)
    with room(HttpSettings(tokens=tokens, limits=RequestLimits(failures=3))) as one:
        wrong = [one.ask("GET", "/door-who", Authorization="Bearer rcl_wrong").status for _ in range(5)]
        assert wrong == [401, 401, 401, 429, 429]
        assert one.ask("GET", "/door-who", Authorization=f"Bearer {token}").status == 200
        assert one.ask("GET", "/door-who").status == 200


def test_places_for_streams() -> None:
    watchers = Watchers(2)
    scopes = [{"type": "http", "state": {}} for _ in range(3)]
    for scope in scopes[:2]:
        watchers.take(scope)
        watchers.take(scope)  # twice is once
    with pytest.raises(HTTPException) as raised:
        watchers.take(scopes[2])
    assert (raised.value.status_code, raised.value.headers) == (429, {"Retry-After": "5"})
    assert [is_watching(scope) for scope in scopes] == [True, True, False]
    for scope in scopes:
        watchers.leave(scope)
        watchers.leave(scope)
    assert watchers.count == 0
    watchers.take(scopes[2])
    assert watchers.count == 1

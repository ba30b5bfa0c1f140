"""The prober as the daemon uses it: real servers, real threads, real time."""

from __future__ import annotations

import errno
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.kube.door.clock import utc_now
from reconciler.models.probe import Probed, Probing
from reconciler.models.recipe import HealthProbe
from reconciler.probe import Prober
from reconciler.probe.failures import NoAnswerError, ShortageError, translate
from tests.probe import servers
from tests.probe.crowd import crowd
from tests.probe.servers import answers, http, serving

PATIENCE = 60.0


def probing(key: str, endpoint: str, *, since: datetime | None = None, **more: Any) -> Probing:
    spec = {"http": {"port": "http", "path": "/"}, "startup": "1s", "interval": "1s", "timeout": "1m", **more}
    spec = {name: value for name, value in spec.items() if value is not None}
    return Probing(key, key, HealthProbe.model_validate(spec), {"http": endpoint}, since)


@contextmanager
def running(parallel: int = 512, clock: Callable[[], datetime] = utc_now) -> Iterator[tuple[Prober, list[str]]]:
    """A prober, and the names its bell was rung with."""
    rung: list[str] = []
    prober = Prober(parallel, clock)
    prober.start(rung.append)
    try:
        yield prober, rung
    finally:
        prober.close()
        assert not [one for one in threading.enumerate() if one.name == "prober"]


def until(what: str, holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.02)


def until_up(prober: Prober, key: str, up: bool | None) -> Probed:
    until(f"{key} is {up}", lambda: key in prober.results("t") and prober.results("t")[key].up is up)
    return prober.results("t")[key]


def test_a_service_comes_goes_and_comes_again() -> None:
    with serving(answers(http())) as server, running() as (prober, rung):
        prober.watch("t", [probing("a", server.endpoint, failures=2)])
        first = until_up(prober, "a", up=True)
        assert first.why == ""
        assert rung == ["t"]
        server.behave = answers(http("503 No"))
        bad = until_up(prober, "a", up=False)
        assert bad.why == "GET /: 503, expected 200 to 399"
        assert first.since < bad.since <= bad.at
        server.behave = answers(http())
        again = until_up(prober, "a", up=True)
        assert bad.since < again.since
        until("another one", lambda: prober.results("t")["a"].at > again.at)
        assert prober.results("t")["a"].since == again.since
        assert rung == ["t", "t", "t"]


def test_in_its_grace_a_start_may_fail_and_after_it_not() -> None:
    with serving(answers(http("503 No"))) as server, running() as (prober, rung):
        young = probing("young", server.endpoint, startup="10m", failures=1, since=utc_now())
        old = probing("old", server.endpoint, startup="10m", failures=1, since=utc_now() - timedelta(minutes=11))
        prober.watch("t", [young, old])
        until_up(prober, "old", up=False)
        until("probes in the grace", lambda: "young" in prober.results("t"))
        requests = len(server.requests)
        until("more", lambda: len(server.requests) > requests + 2)
        assert prober.results("t")["young"].up is None
        assert "503" in prober.results("t")["young"].why
        assert rung == ["t"]


def test_the_first_request_is_made_once_for_each_start_and_again_when_it_failed() -> None:
    first = {"port": "http", "path": "/first", "timeout": "1m"}

    def count(path: str) -> int:
        return sum(words.startswith(f"GET {path} ".encode()) for words in server.requests)

    def behave(one: servers.Server, connection: Any) -> None:
        bad = one.requests[-1].startswith(b"GET /first") and count("/first") < 3
        connection.sendall(http("503 Loading" if bad else "200 OK").encode())

    with serving(behave) as server, running() as (prober, _):
        start = utc_now()
        prober.watch("t", [probing("a", server.endpoint, since=start, startup="10m", firstRequest=first)])
        until("its first answer", lambda: "a" in prober.results("t"))
        assert prober.results("t")["a"].why == "first request GET /first: 503, expected 200 to 299"
        assert prober.results("t")["a"].up is None
        until_up(prober, "a", up=True)
        probes = count("/")
        until("more probes", lambda: count("/") >= probes + 2)
        assert count("/first") == 3
        prober.watch("t", [probing("a", server.endpoint, since=start + timedelta(seconds=9), firstRequest=first)])
        until("the first request of the second start", lambda: count("/first") == 4)


def test_what_is_watched_no_more_is_forgotten_and_asked_no_more() -> None:
    with serving(answers(http())) as gone, serving(answers(http())) as kept, running() as (prober, _):
        prober.watch("t", [probing("gone", gone.endpoint), probing("kept", kept.endpoint)])
        until_up(prober, "gone", up=True)
        before = until_up(prober, "kept", up=True)
        prober.watch("t", [probing("kept", kept.endpoint)])
        assert set(prober.results("t")) == {"kept"}
        assert prober.results("t")["kept"].since == before.since
        asked = len(kept.requests)
        until("more of the other", lambda: len(kept.requests) > asked + 1)
        asked_gone = len(gone.requests)
        asked = len(kept.requests)
        until("more of the other", lambda: len(kept.requests) > asked + 1)
        assert len(gone.requests) == asked_gone
        assert set(prober.results("t")) == {"kept"}
        assert prober.results("another") == {}


def test_an_endpoint_that_moves_is_followed() -> None:
    with serving(answers(http())) as first, serving(answers(http())) as second, running() as (prober, _):
        prober.watch("t", [probing("a", first.endpoint)])
        since = until_up(prober, "a", up=True).since
        prober.watch("t", [probing("a", second.endpoint)])
        until("a request there", lambda: bool(second.requests))
        assert until_up(prober, "a", up=True).since == since


def test_commands_are_not_run_from_here() -> None:
    with serving(answers(http())) as server, running() as (prober, _):
        command = probing("command", server.endpoint, http=None, exec={"command": ["touch", "/nowhere"]})
        prober.watch("t", [command, probing("a", server.endpoint)])
        until_up(prober, "a", up=True)
        assert set(prober.results("t")) == {"a"}


def test_targets_do_not_mix_and_what_is_watched_before_the_start_is_probed_after_it() -> None:
    with serving(answers(http())) as server:
        prober, rung = Prober(8, utc_now), Counter[str]()
        prober.watch("t", [probing("a", server.endpoint)])
        prober.watch("u", [probing("a", server.endpoint.replace("127.0.0.1", "169.254.169.254"), failures=1)])
        prober.start(lambda target: rung.update([target]))
        try:
            until_up(prober, "a", up=True)
            until("the other", lambda: "a" in prober.results("u") and prober.results("u")["a"].up is False)
            assert "never contacted" in prober.results("u")["a"].why
            assert rung == {"t": 1, "u": 1}
        finally:
            prober.close()


def test_each_probe_is_told_with_its_time() -> None:
    told: list[tuple[str, float, bool]] = []
    with serving(answers(http())) as good, serving(answers(http("500 No"))) as bad:
        prober = Prober(8, utc_now, lambda *words: told.append(words))
        prober.start(lambda _: None)
        try:
            prober.watch("t", [probing("a", good.endpoint), probing("b", bad.endpoint)])
            until("both", lambda: {ok for _, _, ok in told} == {True, False})
        finally:
            prober.close()
    assert all(target == "t" and 0 <= seconds < PATIENCE for target, seconds, _ in told)


def test_a_clock_that_is_set_changes_no_verdict_and_ends_no_grace() -> None:
    step = [timedelta()]
    with serving(answers(http("503 No"))) as server, running(clock=lambda: utc_now() + step[0]) as (prober, rung):
        young = probing("young", server.endpoint, startup="10m", failures=1, since=utc_now())
        prober.watch("t", [young, probing("old", server.endpoint, startup="10m", failures=1)])
        prober.watch("t", [young, probing("old", server.endpoint, failures=1, since=datetime(2020, 1, 1, tzinfo=UTC))])
        before = until_up(prober, "old", up=False)
        for by in (timedelta(days=1), timedelta(days=-1)):
            step[0] = by
            asked = len(server.requests)
            until("more probes", lambda asked=asked: len(server.requests) > asked + 2)  # type: ignore[misc]
            after = prober.results("t")
            assert after["young"].up is None
            assert after["old"].up is False
            assert abs(after["old"].since - before.since - by) < timedelta(minutes=1)
        assert rung == ["t"]


def test_a_thousand_are_spread_over_their_interval_by_one_thread_and_when_half_die_each_is_seen() -> None:
    with crowd() as server, running() as (prober, rung):
        everyone = [probing(f"job-{number}", server.endpoint, interval="5s", failures=1) for number in range(1000)]
        prober.watch("t", everyone)
        until("all are up", lambda: sum(bool(one.up) for one in prober.results("t").values()) == 1000)
        assert sum("probe" in one.name for one in threading.enumerate()) == 1
        begin = time.monotonic()
        until("an interval", lambda: time.monotonic() > begin + 5)
        # The schedule wants 40 in a fifth of a second; a burst would be all thousand.
        parts = Counter(int((at - begin) * 5) for at in server.arrivals if begin < at < begin + 5)
        assert max(parts.values()) < 700
        assert 500 < sum(parts.values()) + sum(prober.dropped.values()) < 1500
        dead = "127.0.0.1:1"
        prober.watch("t", [replace(one, endpoints={"http": dead}) if n % 2 else one for n, one in enumerate(everyone)])
        until("500 are down", lambda: ups(prober) == {True: 500, False: 500})
        assert {one.why for one in prober.results("t").values()} == {"", f"connecting to {dead}: refused"}
        assert len(rung) == 1500


def ups(prober: Prober) -> dict[bool | None, int]:
    return Counter(one.up for one in prober.results("t").values())


def test_those_that_never_answer_delay_neither_the_others_nor_another_target() -> None:
    with crowd() as silent, crowd() as server, running(parallel=20) as (prober, _):
        silent.answers = False
        hanging = [probing(f"hangs-{number}", silent.endpoint, timeout="1s") for number in range(60)]
        good = [probing(f"good-{number}", server.endpoint) for number in range(5)]
        prober.watch("t", [*hanging, *good])
        prober.watch("u", good)
        until("some are left out", lambda: prober.dropped.get("t", 0) > 50)
        for target in ("t", "u"):
            until("all good ones", lambda target=target: len(good_ones(prober, target)) == 5)  # type: ignore[misc]
            ats = good_ones(prober, target)
            for _ in range(3):
                until("all once more", lambda target=target, ats=ats: newer(prober, target, ats))  # type: ignore[misc]
                ats = good_ones(prober, target)
            assert all(one.up for key, one in prober.results(target).items() if key.startswith("good"))
        assert prober.dropped.get("u", 0) == 0


def good_ones(prober: Prober, target: str) -> dict[str, datetime]:
    return {key: one.at for key, one in prober.results(target).items() if key.startswith("good")}


def newer(prober: Prober, target: str, ats: dict[str, datetime]) -> bool:
    return all(at > ats[key] for key, at in good_ones(prober, target).items())


@pytest.mark.parametrize("kind", ["http", "https", "grpc", "dead name"])
def test_it_ends_at_once_while_probes_hang(kind: str) -> None:
    with serving(servers.never) as server:
        how: dict[str, Any] = {"http": {"port": "http", "path": "/", "scheme": "https" if kind == "https" else "http"}}
        if kind == "grpc":
            how = {"http": None, "grpc": {"port": "http"}}
        endpoint = "no-such-host.invalid:80" if kind == "dead name" else server.endpoint
        prober = Prober(64, utc_now)
        prober.start(lambda _: None)
        prober.watch("t", [probing(str(number), endpoint, **how) for number in range(30)])
        until("they hang", lambda: kind == "dead name" or len(server.open) == 30)
        began = time.monotonic()
        prober.close()
        assert time.monotonic() - began < PATIENCE / 2  # their time-out is twice as long
        prober.close()
        prober.watch("t", [])
        assert prober.results("t") == {}


def test_what_is_missing_here_is_no_fault_of_the_service() -> None:
    assert isinstance(translate("connecting to n:1", OSError(errno.EMFILE, "")), ShortageError)
    assert isinstance(translate("connecting to n:1", OSError(errno.EHOSTUNREACH, "")), NoAnswerError)

"""Streams that break, hang and expire, and lists that lie: no change is lost, and nothing old stays."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from reconciler.kube import marks
from reconciler.kube.door.failures import SilentError
from reconciler.kube.kinds import CONFIG_MAP
from reconciler.kube.look.pulse import Pulse
from tests.kube.conftest import until
from tests.kube.look.conftest import View
from tests.kube.proxy import GOOD, Call, Decide, Fault

pytestmark = pytest.mark.controlplane


def _configs(fault: Fault, matches: Callable[[Call], bool] = lambda _: True, times: int = 1_000_000) -> Decide:
    """The fault for the first requests about ConfigMaps that match."""
    left = iter(range(times))

    def decide(call: Call) -> Fault:
        hit = call.path.endswith("/configmaps") and matches(call) and next(left, None) is not None
        return fault if hit else GOOD

    return decide


def _lists_configs(call: Call) -> bool:
    return call.list and call.path.endswith("/configmaps")


def test_changes_while_the_streams_were_cut_are_seen(view: View) -> None:
    view.config("a")
    gone = view.config("c")
    until(lambda: view.digest("a") == view.digest("c") == "d1")
    with view.proxy.playing(_configs(Fault(status=403))):
        view.proxy.cut()
        view.config("a", "d2")
        view.config("b")
        view.cluster.facts.kubectl("delete", "configmap", gone, "-n", "ai")
        until(lambda: any(gap.part == "ai/ConfigMap" for gap in view.observer.look().gaps))
        assert view.observer.look().complete
        assert view.digest("a") == "d1"
    until(lambda: view.digest("a") == "d2" and view.digest("b") == "d1" and view.whole)
    assert view.seen("c") is None


@pytest.mark.parametrize(
    "fault", [Fault(status=410), Fault(error=410), Fault(status=500), Fault(error=500), Fault(status=401)], ids=str
)
def test_a_watch_that_cannot_go_on_begins_with_a_list(view: View, fault: Fault) -> None:
    with view.proxy.playing(_configs(fault, lambda call: call.watch, times=2)):
        view.proxy.cut()
        view.config("a")
        until(lambda: view.digest("a") == "d1" and view.whole)
        view.config("a", "d2")
        until(lambda: view.digest("a") == "d2")


def test_a_list_that_has_expired_is_a_gap_until_there_is_one(view: View) -> None:
    with view.proxy.playing(_configs(Fault(status=410))):
        view.proxy.cut()
        until(lambda: [gap.part for gap in view.observer.look().gaps] == ["ai/ConfigMap"])
    until(lambda: view.whole)


def test_a_list_whose_later_page_has_expired_begins_again(view: View) -> None:
    names = {view.config(name) for name in "abc"}
    client = view.client(page=1)
    with view.proxy.playing(_configs(Fault(status=410), lambda call: "continue" in call.query, times=1)):
        items = client.list(CONFIG_MAP, "ai", marks.ours(view.cluster.owner)).items
    assert {item["metadata"]["name"] for item in items} == names
    assert client.calls == 5


def test_a_list_that_is_older_than_what_was_seen_moves_nothing_back(view: View) -> None:
    view.config("a")
    until(lambda: view.digest("a") == "d1")
    before = view.proxy.count(_lists_configs)
    view.proxy.cut()  # the list that follows is the one that is told again later, so it must come before the change
    until(lambda: view.proxy.count(_lists_configs) > before and view.whole)
    view.config("a", "d2")
    until(lambda: view.digest("a") == "d2")
    with view.proxy.playing(_configs(Fault(stale=True), lambda call: call.list, times=2)):
        view.proxy.cut()
        until(lambda: any("it lags" in gap.why for gap in view.observer.look().gaps))
        assert view.digest("a") == "d2"
        until(lambda: view.whole)
    assert view.digest("a") == "d2"


def test_an_older_list_is_believed_in_the_end(view: View) -> None:
    view.config("a")
    until(lambda: view.digest("a") == "d1")
    (reflector,) = (one for one in view.observer._reflectors if one.kind == CONFIG_MAP)
    reflector._newest = "999999999"
    reflector.relist()
    view.config("b")
    until(lambda: any("it lags" in gap.why for gap in view.observer.look().gaps))
    until(lambda: view.digest("b") == "d1" and view.whole)


def test_a_server_that_hangs_is_noticed_though_no_stream_breaks(view: View) -> None:
    rung: list[float] = []
    client, reflectors = view.client(), view.observer._reflectors
    pulse = Pulse(client, view.cluster.cache, reflectors, lambda: rung.append(time.monotonic()), quiet=0.3)
    pulse.start()
    view.cluster.stack.callback(pulse.join)
    view.cluster.stack.callback(pulse.stop)
    until(lambda: view.proxy.count(lambda call: call.query.get("limit") == ["1"]))
    assert (pulse.failure, rung, client.calls) == ("", [], 0)
    with view.proxy.frozen():
        until(lambda: pulse.failure, 15.0)
        assert pulse.failure.startswith("the API server does not answer: ask whether the API server answers: no answer")
    until(lambda: not pulse.failure and view.whole)
    assert len(rung) >= 2


def test_a_store_that_went_back_behind_the_streams_is_listed_anew(view: View) -> None:
    for reflector in view.observer._reflectors:
        reflector._newest = "999999999"
    pulse = Pulse(view.observer._api, view.cluster.cache, view.observer._reflectors, lambda: None, quiet=0.0)
    lists = view.proxy.count(lambda call: call.list)
    pulse.beat()
    until(lambda: view.proxy.count(lambda call: call.list) >= lists + 8)
    until(lambda: view.whole)


def test_a_stream_that_may_hang_is_given_up_with_nothing_lost(view: View) -> None:
    client = view.client()
    version = client.list(CONFIG_MAP, "ai", marks.ours(view.cluster.owner)).version
    name, names = view.config("a"), []
    with (
        pytest.raises(SilentError, match="nothing arrived"),
        client.watch(CONFIG_MAP, "ai", marks.ours(view.cluster.owner), version, silence=0.5) as stream,
    ):
        names.extend(item["metadata"]["name"] for _, item in stream.events())
    assert names == [name]

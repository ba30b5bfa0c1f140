"""Which runs of which containers are read."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.kube.output.pods import sources
from reconciler.models.workload import Phase

RUNS, ENDED, WAITS = {"running": {}}, {"terminated": {"exitCode": 1}}, {"waiting": {"reason": "CrashLoopBackOff"}}


def status(name: str = "main", state: Any = RUNS, last: Any = None, count: int = 0) -> dict[str, Any]:
    return {"name": name, "state": state, "lastState": last or {}, "restartCount": count}


def pod(name: str, *containers: dict[str, Any], first: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    states = {"containerStatuses": list(containers), "initContainerStatuses": list(first)}
    return {"metadata": {"namespace": "ai", "name": name}, "status": states}


def chosen(
    *pods: dict[str, Any], replica: int | None = None, known: tuple[str, ...] = (), previous: bool = False
) -> Any:
    found = sources(list(pods), replica, dict.fromkeys(known, 0), previous=previous)
    return [(one.id, one.phase is Phase.RUNNING, one.previous) for one in found]


def test_every_container_of_every_pod_in_the_order_of_names() -> None:
    two = (pod("b", status(), status("side")), pod("a", status()))
    assert chosen(*two) == [("ai/a/main/0", True, False), ("ai/b/main/0", True, False), ("ai/b/side/0", True, False)]
    assert chosen(*two, replica=1) == [("ai/b/main/0", True, False), ("ai/b/side/0", True, False)]
    assert chosen(*two, replica=2) == []


@pytest.mark.parametrize(
    ("one", "now", "before"),
    [
        (status(), [("ai/a/main/0", True, False)], []),
        (status(count=2, last=ENDED), [("ai/a/main/2", True, False)], [("ai/a/main/1", False, True)]),
        (status(state=ENDED), [("ai/a/main/0", False, False)], [("ai/a/main/0", False, False)]),
        (
            status(state=ENDED, last=ENDED, count=1),
            [("ai/a/main/1", False, False)],
            [("ai/a/main/1", False, False)],
        ),
        (status(state=WAITS, last=ENDED, count=3), [("ai/a/main/3", False, False)], [("ai/a/main/3", False, False)]),
        (status(state=WAITS), [], []),
        ({"name": "main"}, [], []),
    ],
)
def test_what_runs_or_ended_last(one: dict[str, Any], now: Any, before: Any) -> None:
    assert chosen(pod("a", one)) == now
    assert chosen(pod("a", one), previous=True) == before


def test_a_run_that_is_followed_is_read_to_its_end() -> None:
    one = pod("a", status(count=2, last=ENDED))
    assert chosen(one, known=("ai/a/main/1",)) == [("ai/a/main/1", False, True), ("ai/a/main/2", True, False)]
    assert chosen(one, known=("ai/a/main/0",)) == [("ai/a/main/2", True, False)]


def test_what_prepares_a_pod_is_read_until_the_pod_begins() -> None:
    waits = {"waiting": {"reason": "PodInitializing"}}
    first = (status("fetch"),)
    assert chosen(pod("a", status(state=waits), first=first)) == [("ai/a/fetch/0", True, False)]
    assert chosen(pod("a", status(), first=(status("fetch", ENDED),))) == [("ai/a/main/0", True, False)]
    assert chosen({"metadata": {"namespace": "ai", "name": "a"}}) == []

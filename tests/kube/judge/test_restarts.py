"""How often in a row a container ended soon after its start: what makes a crash loop."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.kube.judge.judge import judge
from reconciler.kube.kinds import POD

_BEGUN = "2026-11-24T07:00:00Z"
_SOON, _LATE = "2026-11-24T07:00:05Z", "2026-11-24T07:30:00Z"


def _container(count: int, *, ready: bool = False, ended: str = _SOON, **state: Any) -> dict[str, Any]:
    last = {"terminated": {"exitCode": 1, "startedAt": _BEGUN, "finishedAt": ended}}
    return {"name": "main", "ready": ready, "restartCount": count, "state": state, "lastState": last}


def _restarts(*containers: dict[str, Any], kind: str = "containerStatuses") -> int:
    item = {"metadata": {"name": "a", "creationTimestamp": _BEGUN}, "status": {"phase": "Pending", kind: [*containers]}}
    return judge(POD, item).restarts


def test_a_container_that_ends_soon_again_and_again_is_counted_while_it_waits_and_while_it_runs() -> None:
    assert _restarts(_container(4, waiting={"reason": "CrashLoopBackOff"})) == 4
    assert _restarts(_container(4, running={"startedAt": _SOON})) == 4
    assert _restarts(_container(2), _container(5)) == 5
    assert _restarts(_container(3), kind="initContainerStatuses") == 3


@pytest.mark.parametrize(
    "container",
    [
        _container(4, ready=True),
        _container(4, ended=_LATE),
        _container(0),
        _container(4) | {"lastState": {}},
        _container(4) | {"lastState": {"terminated": {"exitCode": 1}}},
    ],
)
def test_one_that_is_ready_or_ran_for_long_is_not(container: dict[str, Any]) -> None:
    assert _restarts(container) == 0

"""The simulated API server and the real one are given the same random requests, and have to answer the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from lab.lab import Lab
from reconciler.kube.door.api import Api
from reconciler.kube.door.client import Client
from reconciler.kube.door.failures import AbsentError
from reconciler.kube.kinds import Kind, Object
from tests.kube.services import target
from tests.sim.kubernetes.api import SimApi
from tests.sim.kubernetes.garbage import collect
from tests.sim.kubernetes.honesty import KINDS, NAMESPACE, QUIET, Player, Step, difference, script
from tests.sim.kubernetes.server import SimServer

pytestmark = pytest.mark.controlplane
_STEPS = 90
#: Seconds that the real controllers may need to let go of what is being deleted.
_SECONDS = 20.0
_SELECTORS = ("team=1", "team!=1", "team", "!team,tier=0")
_SPECS: dict[str, Object] = {
    "NetworkPolicy": {"spec": {"podSelector": {}}},
    "Service": {"spec": {"ports": [{"port": 80}], "selector": {"app": "a"}}},
}
Event = tuple[str, str, str]


@pytest.fixture
def real(lab_control_plane: Lab) -> Iterator[Client]:
    """As the administrator: what is compared is the server, and not what the daemon may do."""
    client = Client(target(kubeconfig=str(lab_control_plane.kubernetes.kubeconfig), timeout="10s"), 4)
    yield client
    client.close()


@pytest.fixture
def simulated() -> SimApi:
    return SimApi(SimServer({kind.name for kind in KINDS}, {NAMESPACE}, lambda: datetime(2026, 1, 1, tzinfo=UTC)))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_requests_are_answered_alike(real: Client, simulated: SimApi, seed: int) -> None:
    one, other = Player(simulated), Player(real)
    begun = {kind: (_version(simulated, kind), _version(real, kind)) for kind in QUIET}
    told: list[Step] = []
    try:
        for step in script(seed, _STEPS):
            told.append(step)
            _play(one, other, step, told)
        for kind, (mine, theirs) in begun.items():
            assert _events(simulated, kind, mine, seed) == _events(real, kind, theirs, seed)
            assert _selected(simulated, kind, seed) == _selected(real, kind, seed)
    finally:
        _remove(other, told)


def _play(one: Player, other: Player, step: Step, told: list[Step]) -> None:
    before = one.live(step), other.live(step)
    (mine, made), (theirs, really) = one.play(step), other.play(step)
    assert mine == theirs, _words(told, f"simulated: {mine}, real: {theirs}")
    assert not difference(made, really), _words(told, f"the answers: {difference(made, really)}")
    deadline = time.monotonic() + _SECONDS
    while (differs := _compare(one, other, step)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not differs, _words(told, differs)
    after = one.live(step), other.live(step)
    if step.kind in QUIET:
        changed = [_changed(*pair) for pair in zip(before, after, strict=True)]
        assert changed[0] == changed[1], _words(told, f"a new version: simulated {changed[0]}, real {changed[1]}")


def _compare(one: Player, other: Player, step: Step) -> str:
    collect(one.api.server)  # type: ignore[attr-defined]  # it is the simulated one
    mine, theirs = (player.api.get(step.kind, NAMESPACE, step.name) for player in (one, other))
    return difference(mine, theirs)


def _changed(before: Object | None, after: Object | None) -> bool:
    versions = [item["metadata"]["resourceVersion"] if item else "" for item in (before, after)]
    return versions[0] != versions[1]


def _version(api: Api, kind: Kind) -> str:
    return api.list(kind, NAMESPACE, "").version


def _selected(api: Api, kind: Kind, seed: int) -> list[set[str]]:
    """The names of the script's objects that selectors find."""
    found = [api.list(kind, NAMESPACE, selector).items for selector in _SELECTORS]
    names = [{item["metadata"]["name"] for item in items} for items in found]
    return [{name for name in some if name.startswith(f"h{seed}-")} for some in names]


def _events(api: Api, kind: Kind, version: str, seed: int) -> list[Event]:
    """What a watch with a selector tells of the script's objects since a version, until a last change."""
    metadata = {"name": f"h{seed}-last", "namespace": NAMESPACE, "labels": {"team": "1"}}
    api.apply({"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata} | _SPECS.get(kind.name, {}))
    found: list[Event] = []
    with api.watch(kind, NAMESPACE, "team=1", version) as stream:
        for event, item in stream.events():
            name = item["metadata"].get("name", "")
            if name.startswith(f"h{seed}-"):
                found.append((event, name, "deleting" if "deletionTimestamp" in item["metadata"] else ""))
            if name == f"h{seed}-last":
                break
    return found


def _remove(player: Player, told: list[Step]) -> None:
    """Nothing of the script stays on the real server."""
    for kind, name in {(step.kind, step.name) for step in told} | {
        (kind, f"h{told[0].name[1]}-last") for kind in QUIET
    }:
        found = player.api.get(kind, NAMESPACE, name)
        if found is None:
            continue
        if found["metadata"].get("finalizers"):
            player.api.patch(kind, NAMESPACE, name, [{"op": "remove", "path": "/metadata/finalizers"}])
        with suppress(AbsentError):
            player.api.delete(kind, NAMESPACE, name, found["metadata"]["uid"], foreground=False)


def _words(told: list[Step], why: str) -> str:
    return "\n".join([*map(str, told[-8:]), why])

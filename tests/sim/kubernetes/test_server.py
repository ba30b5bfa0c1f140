"""What the honesty test cannot compare on a real API server within its time: policies, faults, the past."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime

import pytest

from reconciler.errors import DeniedError, LookError, RefusedError, UncertainError, UnreachableError
from reconciler.kube.door.failures import AbsentError, ExpiredError, FixedError, UnservedError
from reconciler.kube.kinds import ALWAYS, CONFIG_MAP, DEPLOYMENT, POD, SERVICE_MONITOR, Object
from tests.sim.kubernetes.api import SimApi
from tests.sim.kubernetes.garbage import collect
from tests.sim.kubernetes.scenario import Scenario
from tests.sim.kubernetes.server import SimServer
from tests.sim.kubernetes.weather import DeathError, Fault


@pytest.fixture
def api() -> SimApi:
    return SimApi(SimServer({kind.name for kind in ALWAYS}, {"ai"}, lambda: datetime(2026, 1, 1, tzinfo=UTC)))


def config(name: str = "one", **data: str) -> Object:
    metadata = {"name": name, "namespace": "ai", "labels": {"app": name}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def deployment(app: str = "a") -> Object:
    labels = {"app": app}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "example.org/a"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod}
    metadata = {"name": "web", "namespace": "ai"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def test_a_kind_that_is_not_served_is_told_from_an_object_that_is_not_there(api: SimApi) -> None:
    with pytest.raises(UnservedError):
        api.list(SERVICE_MONITOR, "ai", "")
    with pytest.raises(AbsentError) as absent:
        api.delete(CONFIG_MAP, "ai", "none", "", foreground=False)
    assert not isinstance(absent.value, UnservedError)


def test_the_past_is_listed_and_followed_until_it_is_forgotten(api: SimApi) -> None:
    api.apply(config(a="1"))
    version = str(api.server.store.version)
    api.apply(config(a="2"))
    api.apply(config("two"))
    assert [item["data"] for item in api.list_at(CONFIG_MAP, "ai", "", 2).items] == [{"a": "1"}]
    with api.watch(CONFIG_MAP, "ai", "app=one", version) as stream:
        kinds = [kind for kind, _ in stream.events()]
    assert kinds == ["MODIFIED", "BOOKMARK"]
    api.server.store.forget_events()
    with pytest.raises(ExpiredError), api.watch(CONFIG_MAP, "ai", "", version):
        pass


def test_a_selector_cannot_be_changed(api: SimApi) -> None:
    api.apply(deployment())
    with pytest.raises(FixedError):
        api.apply(deployment("b"))


def test_policies_refuse_in_the_words_of_an_api_server(api: SimApi) -> None:
    admission = api.server.admission
    admission.quota["ConfigMap"] = 0
    with pytest.raises(DeniedError, match="exceeded quota"):
        api.apply(config())
    admission.quota.clear()
    made = api.apply(config())
    admission.denied.add(("delete", "ConfigMap"))
    with pytest.raises((RefusedError, DeniedError), match="denied the request"):
        api.delete(CONFIG_MAP, "ai", "one", made["metadata"]["uid"], foreground=False)
    admission.terminating.add("ai")
    with pytest.raises(UnreachableError):
        api.apply(config("two"))


@pytest.mark.parametrize(("foreground", "orphan", "pods"), [(True, False, 0), (False, False, 0), (False, True, 1)])
def test_what_was_made_of_an_object_goes_or_stays_with_it(
    api: SimApi, *, foreground: bool, orphan: bool, pods: int
) -> None:
    made = api.apply(deployment())
    uid = made["metadata"]["uid"]
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": uid, "controller": True}
    metadata = {"name": "web-1", "namespace": "ai", "ownerReferences": [owner]}
    api.server.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}}, "controller")
    api.delete(DEPLOYMENT, "ai", "web", uid, foreground=foreground, orphan=orphan)
    assert (api.get(DEPLOYMENT, "ai", "web") is None) is not (foreground or orphan)
    collect(api.server)
    collect(api.server)
    assert api.get(DEPLOYMENT, "ai", "web") is None
    assert len(api.list(POD, "ai", "").items) == pods


@pytest.mark.parametrize(
    ("fault", "error", "there"),
    [
        (Fault.UNREACHED, UnreachableError, False),
        (Fault.LOST, UncertainError, True),
        (Fault.LATE, UncertainError, False),
        (Fault.BUSY, UnreachableError, False),
        (Fault.BROKEN, UncertainError, False),
        (Fault.KILLED_BEFORE, DeathError, False),
        (Fault.KILLED_AFTER, DeathError, True),
    ],
)
def test_a_fault_of_a_write_is_as_it_is_on_a_network(fault: Fault, error: type[BaseException], *, there: bool) -> None:
    scenario = Scenario()
    scenario.rules.begin(scenario.daemon)
    api = scenario.daemon.api
    api.begin({0: fault}, 3)
    with pytest.raises(error):
        api.apply(config())
    assert (("ConfigMap", "ai", "one") in scenario.server.store.objects) is there
    scenario.wait(3)
    assert (("ConfigMap", "ai", "one") in scenario.server.store.objects) is (there or fault is Fault.LATE)
    scenario.close()


@pytest.mark.parametrize(("fault", "seen"), [(Fault.DOUBLED, 6), (Fault.LAGS, 1), (Fault.CUT, 1)])
def test_a_stream_gives_events_twice_late_or_breaks(fault: Fault, seen: int) -> None:
    scenario = Scenario()
    scenario.rules.begin(scenario.daemon)
    api = scenario.daemon.api
    api.begin({2: fault}, 1)
    api.apply(config())
    api.apply(config("two"))
    found = []
    broken = pytest.raises(LookError) if fault is Fault.CUT else nullcontext()
    with api.watch(CONFIG_MAP, "ai", "", "1") as stream, broken:
        for event in stream.events():
            found.append(event)  # noqa: PERF402 - what came before it broke is kept
    assert len(found) == seen
    scenario.close()

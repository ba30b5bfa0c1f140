"""The proxy of the tests does what they rely on, for a client that follows real objects through it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.errors import LookError, UncertainError, UnreachableError
from reconciler.kube.door.client import Client
from reconciler.kube.door.failures import ClashError, ExpiredError
from reconciler.kube.kinds import CONFIG_MAP, Object
from tests.kube.conftest import Cluster, until
from tests.kube.proxy import Call, Fault, Proxy, proxied
from tests.kube.services import target

pytestmark = pytest.mark.controlplane


@pytest.fixture
def proxy(cluster: Cluster) -> Iterator[Proxy]:
    with proxied(cluster.facts) as made:
        yield made


@pytest.fixture
def client(cluster: Cluster, proxy: Proxy, tmp_path: Path) -> Client:
    path = tmp_path / "kubeconfig"
    path.write_text(proxy.kubeconfig())
    made = Client(target(kubeconfig=str(path), timeout="2s"), 4)
    cluster.stack.callback(made.close)
    return made


def config(cluster: Cluster) -> Object:
    metadata = {"name": f"{cluster.owner}-a", "namespace": "ai", "labels": {"reconciler/owner": cluster.owner}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


@pytest.mark.parametrize(
    ("fault", "error", "written"),
    [
        (Fault(status=409), ClashError, "before"),
        (Fault(status=429), UnreachableError, "before"),
        (Fault(status=500), UncertainError, "before"),
        (Fault(lost=True), UncertainError, "after"),
        (Fault(seconds=2.5, status=500), UncertainError, "before"),
    ],
)
def test_a_write_is_refused_comes_late_or_loses_its_answer(
    cluster: Cluster, proxy: Proxy, client: Client, fault: Fault, error: type[Exception], written: str
) -> None:
    client.apply(config(cluster) | {"data": {"word": "before"}})
    assert [(call.method, call.write, call.list) for call in proxy.calls] == [("PATCH", True, False)]
    with proxy.playing(lambda _: fault), pytest.raises(error):
        client.apply(config(cluster) | {"data": {"word": "after"}})
    assert cluster.get("configmap", f"{cluster.owner}-a", ".data.word") == written


def test_a_list_is_answered_as_it_was(cluster: Cluster, proxy: Proxy, client: Client) -> None:
    before = client.list(CONFIG_MAP, "ai", f"reconciler/owner={cluster.owner}")
    client.apply(config(cluster))
    with proxy.playing(lambda _: Fault(stale=True)):
        assert client.list(CONFIG_MAP, "ai", f"reconciler/owner={cluster.owner}") == before
    assert len(client.list(CONFIG_MAP, "ai", f"reconciler/owner={cluster.owner}").items) == 1
    assert proxy.count(lambda call: call.list) == 3


def test_streams_break_expire_and_stand_still(cluster: Cluster, proxy: Proxy, client: Client) -> None:
    version = client.list(CONFIG_MAP, "ai", "").version
    with proxy.playing(expired), client.watch(CONFIG_MAP, "ai", "", version) as stream, pytest.raises(ExpiredError):
        list(stream.events())
    seen: list[str] = []
    broken = threading.Event()

    def follow() -> None:
        with client.watch(CONFIG_MAP, "ai", f"reconciler/owner={cluster.owner}", version) as stream:
            try:
                seen.extend(event for event, _ in stream.events())
            except LookError:
                broken.set()

    thread = threading.Thread(target=follow)
    thread.start()
    until(lambda: proxy.streams)
    with proxy.frozen():
        cluster.facts.kubectl("create", "configmap", f"{cluster.owner}-x", "-n", "ai")
        assert seen == []
    assert proxy.cut() == 1
    thread.join(10)
    assert broken.is_set()


def expired(call: Call) -> Fault:
    return Fault(error=410 if call.watch else 0)

"""A real node: pods run, this machine reaches them, and nothing is left of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path
from urllib.error import URLError

import psycopg
import pytest

from lab import runs
from lab.host import LabError
from lab.images import faiss, postgres
from lab.images.catalogue import BUSYBOX
from lab.kubernetes import KubernetesFacts
from lab.kubernetes_sandbox import PARAMETERS
from lab.lab import Lab
from lab.wait import until
from tests.lab.traces import mounts, processes

pytestmark = pytest.mark.node

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
WEB = "mkdir /tmp/www && echo hello >/tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www"
FAISS = ["python3", "-m", "reconciler.faiss_server", "--host=0.0.0.0", "--port=8080", "--dimension=4"]
Mapping = dict[str, object]


@pytest.fixture
def facts(lab_node: Lab) -> KubernetesFacts:
    """The node that all tests share."""
    return lab_node.kubernetes


def pod(name: str, image: str, port: int, volumes: dict[str, Mapping], **container: object) -> list[Mapping]:
    """A pod as a careful deployer makes it, and its service. `volumes`: where → what."""
    mounts = [{"name": f"v{number}", "mountPath": path} for number, path in enumerate(volumes)]
    sources = [{"name": f"v{number}", **source} for number, source in enumerate(volumes.values())]
    probe = {"tcpSocket": {"port": port}, "periodSeconds": 1}
    main = {"name": "main", "image": image, "imagePullPolicy": "IfNotPresent", "securityContext": RESTRICTED}
    spec = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "containers": [main | {"readinessProbe": probe, "volumeMounts": mounts} | container],
        "volumes": sources,
    }
    metadata = {"name": name, "namespace": "ai", "labels": {"app": name}}
    ports = {"selector": {"app": name}, "ports": [{"port": port}]}
    return [
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": ports},
    ]


def web(name: str) -> list[Mapping]:
    """A small web server."""
    security = RESTRICTED | {"runAsUser": 4711}
    return pod(name, BUSYBOX, 8080, {"/tmp": {"emptyDir": {}}}, command=["sh", "-c", WEB], securityContext=security)


def run(facts: KubernetesFacts, name: str, items: list[Mapping]) -> str:
    """Make objects, wait until the pod `name` is ready, and return the address of its service."""
    facts.kubectl("create", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    try:
        facts.kubectl("wait", "-n", "ai", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")
    except LabError as error:
        pytest.fail(f"{error}\n{facts.kubectl('describe', 'pod', '-n', 'ai', name)}")
    return facts.kubectl("get", "service", "-n", "ai", name, "-o", "jsonpath={.spec.clusterIP}")


def listens(address: str, port: int) -> bool:
    with socket.socket() as wire:
        return wire.connect_ex((address, port)) == 0


def get(url: str) -> str:
    """The answer, "" while kube-proxy does not know yet that the pod is ready and refuses."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())
    except URLError:
        return ""


def test_every_image_is_there(facts: KubernetesFacts) -> None:
    assert facts.missing_images == {}


def test_an_image_that_nobody_can_make_is_not_asked_for_in_silence(facts: KubernetesFacts) -> None:
    with pytest.raises(LabError, match="no image for `lamma` to ask for; there are chroma, minio, sea"):
        facts.give_images("lamma")


def test_a_pod_answers_this_machine_by_its_own_and_its_services_address(facts: KubernetesFacts) -> None:
    service = run(facts, "web", web("web"))
    own = facts.kubectl("get", "pod", "-n", "ai", "web", "-o", "jsonpath={.status.podIP}")
    until(lambda: get(f"http://{own}:8080/") == "hello\n", 5, "the pod answers")
    until(lambda: get(f"http://{service}:8080/") == "hello\n", 5, "the service answers")
    assert "uid=4711" in facts.kubectl("exec", "-n", "ai", "web", "--", "id")


def test_the_faiss_server_runs_as_a_pod_and_reaches_another_one(facts: KubernetesFacts) -> None:
    volumes: dict[str, Mapping] = {"/tmp": {"emptyDir": {}}}
    address = run(facts, "faiss", pod("faiss", faiss.REFERENCE, 8080, volumes, command=FAISS))
    until(lambda: "ok" in get(f"http://{address}:8080/healthz"), 5, "the service answers")
    other = run(facts, "asked", web("asked"))
    until(lambda: get(f"http://{other}:8080/") == "hello\n", 5, "the other one answers")
    ask = f"from urllib.request import urlopen; print(urlopen('http://{other}:8080/', timeout=5).read().decode())"
    assert facts.kubectl("exec", "-n", "ai", "faiss", "--", "python3", "-c", ask) == "hello\n\n"


def test_postgres_runs_as_a_pod_on_a_claim(facts: KubernetesFacts) -> None:
    claim: Mapping = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "ai"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}},
    }
    volumes: dict[str, Mapping] = {
        "/var/lib/postgresql/data": {"persistentVolumeClaim": {"claimName": "data"}},
        "/var/run/postgresql": {"emptyDir": {}},
        "/tmp": {"emptyDir": {}},
    }
    said = {"POSTGRES_PASSWORD": "lab", "POSTGRES_DB": "app", "PGDATA": "/var/lib/postgresql/data/pgdata"}
    env = [{"name": name, "value": value} for name, value in said.items()]
    address = run(facts, "pg", [claim, *pod("pg", postgres.REFERENCE, 5432, volumes, env=env)])
    until(lambda: listens(address, 5432), 5, "the service answers")
    with psycopg.connect(host=address, user="postgres", password="lab", dbname="app", connect_timeout=5) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host=address, user="postgres", password="wrong", dbname="app", connect_timeout=5)


@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "keeper killed"])
def test_nothing_is_left_of_a_node(facts: KubernetesFacts, *, killed: bool) -> None:
    before = machine()
    with Lab.start(slurm=False, kubernetes="node") as lab:
        lab.wait("kubernetes", 120)
        name = lab.kubernetes.network
        assert name != facts.network, "two nodes side by side"
        service = run(lab.kubernetes, "web", web("web"))
        until(lambda: get(f"http://{service}:8080/") == "hello\n", 5, "the service answers")
        assert len(traces(lab, name)) > 10
        if killed:
            keeper = runs.keeper(lab.folder)
            assert keeper
            os.kill(keeper.pid, signal.SIGKILL)
            until(lambda: runs.keeper(lab.folder) is None, 5, "the keeper is dead")
            assert runs.clean_dead() == []
    until(lambda: traces(lab, name) == [], 15, "all is put back, be it by a lab that starts at this moment")
    assert machine() == before
    assert facts.ready(), "the other node is untouched"


def traces(lab: Lab, network: str) -> list[str]:
    """What is left of a lab with a node whose network has that name."""
    listings = (("link", "show"), ("route", "show", "table", "all"), ("netns", "list"))
    lines = [line for words in listings for line in ip(*words) if network in line.split() or f"{network}@" in line]
    groups = [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/{network}")]
    folders = [str(lab.folder)] if lab.folder.exists() else []
    return [*lines, *groups, *processes(str(lab.folder)), *mounts(str(lab.folder)), *folders]


def ip(*words: str) -> list[str]:
    return subprocess.run(["ip", "-o", *words], capture_output=True, text=True, check=True).stdout.splitlines()


def machine() -> dict[str, str]:
    """Kernel parameters and files outside of its own folder that a node usually changes."""
    parameters = {name: Path("/proc/sys", name).read_text() for name in PARAMETERS}
    names = ("/run/containerd", "/var/lib/cni", "/var/lib/kubelet", "/var/log/containers", "/var/log/pods")
    return parameters | {name: str(Path(name).exists()) for name in names}

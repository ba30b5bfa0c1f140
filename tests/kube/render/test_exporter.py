"""The exporter in a pod, and the lines that keep it."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from lab import host
from reconciler.kube.render import exporter
from reconciler.kube.render.manifests import render
from reconciler.models.wanted import ResolvedService
from tests.kube.golden import TARGET
from tests.kube.services import changed, resolved
from tests.slurm.test_exporter import is_alive

SECRET = {"name": "vault", "key": "word"}
IMAGE = "example.org/exporter:1"


def database(service: dict[str, Any] | None = None, **own: Any) -> ResolvedService:
    """PostgreSQL with another exporter."""
    made = resolved("db", "postgresql", secrets={"POSTGRES_PASSWORD": SECRET})
    return changed(made, service, exporter={"image": IMAGE, **own})


def pod(service: ResolvedService, kind: str = "StatefulSet") -> dict[str, Any]:
    objects = render(service, TARGET, "factory").objects
    spec: dict[str, Any] = next(one for one in objects if one["kind"] == kind)["spec"]["template"]["spec"]
    return spec


def beside(service: ResolvedService) -> dict[str, Any]:
    main, found = pod(service)["containers"]
    assert main["name"] == "main"
    return dict(found)


def test_it_knows_no_secret_but_those_that_it_is_told() -> None:
    found = beside(database(secrets={"WORD": "POSTGRES_PASSWORD", "OTHER": "NOT_SET"}))
    assert found["env"] == [{"name": "WORD", "valueFrom": {"secretKeyRef": SECRET}}]
    assert "volumeMounts" not in found


def test_a_file_that_its_words_refer_to_is_there_for_it_alone() -> None:
    service = database(container={"args": ["--file=${secretfile.POSTGRES_PASSWORD}", "--price=$(HOME)"]})
    found, spec = beside(service), pod(service)
    assert found["args"] == ["--file=/run/reconciler/secrets/POSTGRES_PASSWORD", "--price=$$(HOME)"]
    (mount,) = found["volumeMounts"]
    assert mount["name"] not in [one["name"] for one in spec["containers"][0]["volumeMounts"]]
    (volume,) = [one for one in spec["volumes"] if one["name"] == mount["name"]]
    assert volume["projected"]["defaultMode"] == 0o440


def test_where_the_servers_user_is_not_known_anybody_in_its_container_may_read_the_file() -> None:
    service = database(container={"args": ["--file=${secretfile.POSTGRES_PASSWORD}"]})
    start = service.recipe.spec.start.model_dump(mode="json", exclude_unset=True)
    del start["container"]["user"]
    volumes = {one["name"]: one for one in pod(changed(service, start=start))["volumes"]}
    assert volumes["reconciler-exporter"]["projected"]["defaultMode"] == 0o444


def test_it_has_a_port_of_its_own_and_no_probe() -> None:
    main, found = pod(database())["containers"]
    assert [one["containerPort"] for one in main["ports"]] == [5432]
    assert [one["containerPort"] for one in found["ports"]] == [9187]
    assert [key for key in found if key.endswith("Probe")] == []


def test_of_several_machines_the_one_that_answers_has_it() -> None:
    service = resolved("web", "faiss", nodes=2)
    ports = {"http": {"container": 8080}, "metrics": {"container": 9000}}
    several = changed(service, multiNode=True, ports=ports, metrics={"port": "metrics"}, exporter={"image": IMAGE})
    objects = render(several, TARGET, "factory").objects
    sets = {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in objects if one["kind"] == "StatefulSet"}
    assert {name: len(spec["containers"]) for name, spec in sets.items()} == {"web": 2, "web-0": 1}


@pytest.fixture
def keeper() -> list[str]:
    """The lines that keep it, as the container runs them, in the shell of small images."""
    host.install("shells")
    command = beside(database(container={"command": ["no"], "shell": True}))["command"]
    assert exporter.own_words(command) == ["no"]
    return [host.program("busybox"), *(word.replace("$$", "$") for word in command[:-1])]


def wait_for(path: Path, lines: int) -> list[int]:
    deadline = time.monotonic() + 15
    while not path.exists() or len(path.read_text().split()) < lines:
        assert time.monotonic() < deadline, path
        time.sleep(0.02)
    return [int(word) for word in path.read_text().split()]


def test_what_ends_is_started_again_ever_less_often(keeper: list[str], tmp_path: Path) -> None:
    line = f"echo $$ >>{tmp_path}/pids; exit 3"
    kept = subprocess.Popen([*keeper, "sh", "-c", line], stderr=subprocess.PIPE, text=True)
    wait_for(tmp_path / "pids", 3)
    kept.send_signal(signal.SIGTERM)
    _, log = kept.communicate(timeout=5)
    assert log.splitlines() == [f"ended with 3; starts again in {pause} s" for pause in (1, 2, 4)]


def test_asked_to_end_it_ends_at_once_with_what_it_keeps(keeper: list[str], tmp_path: Path) -> None:
    kept = subprocess.Popen([*keeper, "sh", "-c", f"echo $$ >>{tmp_path}/pids; exec sleep 60"])
    (pid,) = wait_for(tmp_path / "pids", 1)
    kept.send_signal(signal.SIGTERM)
    assert kept.wait(timeout=5) == 0
    assert not is_alive(pid)

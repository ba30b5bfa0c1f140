"""What the end-to-end tests say about the clusters, asked from the clusters themselves, not from the daemon."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.kubernetes import KubernetesFacts
from lab.slurm import SlurmFacts

RECIPE = """\
apiVersion: reconciler/v1
kind: Recipe
metadata: {name: web, category: inference, description: Serves a folder over HTTP.}
spec:
  image: docker.io/library/python:3
  parameters:
    greeting: {type: string, default: hello, description: Shown by nobody; a change of it replaces the service.}
  ports:
    http: {container: 8080}
  resources: {cpus: 1, memory: 64Mi}
  env: {GREETING: "${config.greeting}"}
  start:
    container: {args: [python3, -m, http.server, "${port.http}"]}
    process: {command: [python3, -m, http.server, --bind, "${host}", "${port.http}"]}
  health:
    http: {port: http, path: /}
    startup: 30s
    interval: 1s
    timeout: 1s
  stop: {grace: 2s}
"""
RECIPE_PATH = "recipes/inference/web.yaml"


def service(name: str, target: str = "slurm", recipe: str = "web", **spec: Any) -> str:
    """The text of a service's file."""
    content = {
        "apiVersion": "reconciler/v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"recipe": recipe, "target": target, **spec},
    }
    return json.dumps(content, indent=2) + "\n"


def files(*names: str, target: str = "slurm", **spec: Any) -> dict[str, str | bytes | None]:
    """The recipe and one file for each service."""
    texts = {f"desired/{name}.yaml": service(name, target, **spec) for name in names}
    return {RECIPE_PATH: RECIPE, **texts}


def until(what: str, check: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until `check` holds; fails when time is up."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)


@dataclass(frozen=True)
class Job:
    """A job as squeue shows it."""

    id: str
    name: str
    state: str
    comment: str

    @property
    def alive(self) -> bool:
        return self.state in {"PENDING", "RUNNING", "CONFIGURING"}


def jobs(slurm: SlurmFacts, owner: str) -> list[Job]:
    """All jobs that bear the owner's mark, ended ones too."""
    text = slurm.command("squeue", "--noheader", "--states=all", "--format=%i\t%j\t%T\t%k")
    # A hostile comment of another test may have newlines in it; none of ours has.
    rows = [line.split("\t", 3) for line in text.split("\n")]
    found = [Job(*row) for row in rows if len(row) == 4]
    return [job for job in found if f" o={owner} " in f" {job.comment} "]


def alive(slurm: SlurmFacts, owner: str) -> dict[str, list[str]]:
    """Job name to the ids of its jobs that are pending or run."""
    found: dict[str, list[str]] = {}
    for job in jobs(slurm, owner):
        if job.alive:
            found.setdefault(job.name, []).append(job.id)
    return found


def deployments(kubernetes: KubernetesFacts, owner: str, kind: str = "deployments") -> dict[str, str]:
    """Name to uid of the owner's objects of a kind in namespace `ai`."""
    selector = f"--selector=reconciler/owner={owner}"
    text = kubernetes.kubectl("get", kind, "--namespace=ai", selector, "--output=json")
    return {item["metadata"]["name"]: item["metadata"]["uid"] for item in json.loads(text)["items"]}


def remove_all(kubernetes: KubernetesFacts, owner: str) -> None:
    """Delete everything of an owner."""
    kinds = "deployments,statefulsets,services,configmaps,persistentvolumeclaims,secrets"
    kubernetes.kubectl("delete", kinds, "--namespace=ai", f"--selector=reconciler/owner={owner}", "--wait=false")


def metric(text: str, name: str, **labels: str) -> float | None:
    """The value of one series of a metrics page; None when it is not there."""
    for line in text.splitlines():
        if line.startswith(name) and all(f'{key}="{value}"' in line for key, value in labels.items()):
            return float(line.rsplit(" ", 1)[1])
    return None


def page(state: Path, path: str) -> str:
    """A page of the daemon that works with a state folder."""
    address = (state / "http").read_text().strip()
    with urllib.request.urlopen(f"{address}{path}", timeout=10) as answer:
        text: str = answer.read().decode()
    return text

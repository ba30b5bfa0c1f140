"""The two kinds of cluster on which the shipped recipes run, asked and disturbed behind the daemon's back."""

from __future__ import annotations

import base64
import json
import subprocess
from dataclasses import dataclass
from typing import Protocol

from lab.factory import Factory, is_healthy, line_of
from lab.kubernetes import KubernetesFacts
from lab.slurm import SlurmFacts
from reconciler.shapes.status import StatusShape
from tests.e2e.world import jobs, service


class Place(Protocol):
    """A factory and the one target that it has."""

    factory: Factory
    target: str

    def secret(self, name: str, key: str, value: str) -> None:
        """Keep a secret where services of this target find it."""
        ...

    def made(self, service: str, key: str) -> str:
        """The value of a secret that was made for a service."""
        ...

    def running(self, name: str) -> list[str]:
        """Identities of what runs for a service now, as the cluster itself says."""
        ...

    def kill(self, identity: str) -> None:
        """End one of them by hand."""
        ...

    def records(self, name: str) -> dict[str, str]:
        """Everything that the cluster shows of a service to whoever may look, by where it is shown."""
        ...


@dataclass
class SlurmPlace:
    """The lab's Slurm, programs without containers."""

    factory: Factory
    slurm: SlurmFacts
    target: str = "slurm"

    def secret(self, name: str, key: str, value: str) -> None:
        self.factory.secret(name, key, value)

    def made(self, service: str, key: str) -> str:
        return (self.slurm.secrets / f"{service}-generated" / key).read_text()

    def running(self, name: str) -> list[str]:
        named = f"{name}.0"
        return [job.id for job in jobs(self.slurm, self.factory.owner) if (job.name, job.state) == (named, "RUNNING")]

    def kill(self, identity: str) -> None:
        self.slurm.command("scancel", identity)

    def records(self, name: str) -> dict[str, str]:
        (job,) = self.running(name)
        logs = [
            path.read_text(errors="replace") for path in sorted(self.slurm.logs.rglob(f"{name}*")) if path.is_file()
        ]
        return {
            "scontrol show job": self.slurm.command("scontrol", "--details", "show", "job", job),
            "squeue": self.slurm.command("squeue", "--noheader", f"--jobs={job}", "--format=%j %k %o"),
            "the batch script": self.slurm.command("scontrol", "write", "batch_script", job, "-"),
            "the job's log": "\n".join([name, *logs]),
            "the process table": _command_lines(),
        }


@dataclass
class KubernetesPlace:
    """The lab's Kubernetes node, real pods."""

    factory: Factory
    kubernetes: KubernetesFacts
    target: str = "kubernetes"

    def secret(self, name: str, key: str, value: str) -> None:
        self.kubernetes.kubectl("create", "secret", "generic", name, "--namespace=ai", f"--from-literal={key}={value}")

    def made(self, service: str, key: str) -> str:
        path = f"jsonpath={{.data.{key}}}"
        secret = ("secret", f"{service}-generated", "--namespace=ai", f"--output={path}")
        return base64.b64decode(self.kubernetes.kubectl("get", *secret)).decode()

    def running(self, name: str) -> list[str]:
        found = json.loads(self._get("pods", "json"))["items"]
        pods = [pod["metadata"] for pod in found if pod["status"]["phase"] == "Running"]
        return [f"{one['name']}/{one['uid']}" for one in pods if one["name"].startswith(f"{name}-")]

    def kill(self, identity: str) -> None:
        self.kubernetes.kubectl("delete", "pod", identity.partition("/")[0], "--namespace=ai", "--wait=false")

    def records(self, name: str) -> dict[str, str]:
        pod = self.running(name)[0].partition("/")[0]
        kinds = "deployments,statefulsets,services,configmaps,pods,persistentvolumeclaims"
        return {
            "the objects": self._get(kinds, "yaml"),
            "the events": self.kubernetes.kubectl("get", "events", "--namespace=ai", "--output=yaml"),
            "the pod's log": f"{name}\n{self.kubernetes.kubectl('logs', pod, '--all-containers', '--namespace=ai')}",
        }

    def _get(self, kinds: str, form: str) -> str:
        owner = f"--selector=reconciler/owner={self.factory.owner}"
        return self.kubernetes.kubectl("get", kinds, "--namespace=ai", owner, f"--output={form}")


def _command_lines() -> str:
    return subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout


def wanted(place: Place, name: str, recipe: str, **spec: object) -> dict[str, str | bytes | None]:
    """The file of a small service of a shipped recipe."""
    small = {"cpus": 1, "memory": "256Mi"}
    return {f"desired/{name}.yaml": service(name, place.target, recipe, resources=small, **spec)}


def endpoint(place: Place, name: str, port: str) -> str:
    """host:port of a healthy service, from the daemon's status."""

    def one_address(shape: StatusShape) -> bool:
        line = line_of(shape, name)
        return is_healthy(shape, name) and line is not None and len(line.endpoints.get(port, ())) == 1

    line = line_of(place.factory.wait(f"{name} healthy, at one address", one_address, 90), name)
    assert line is not None
    return line.endpoints[port][0]


def moved(place: Place, name: str, before: list[str]) -> bool:
    """Whether exactly one instance runs and it is another than before."""
    now = place.running(name)
    return len(now) == 1 and now != before

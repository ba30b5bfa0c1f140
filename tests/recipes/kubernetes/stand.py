"""The stand of the stories on the lab's Kubernetes node: real pods of the images that the recipes name."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex
from typing import Any, ClassVar

from lab.factory import Factory
from lab.images.catalogue import SERVERS
from lab.lab import Lab
from reconciler.kube.render.container import CONTAINER
from tests.e2e.world import remove_all, until
from tests.recipes.stories.stand import Files, Stand
from tests.slurm.services import shipped

#: Where services have the files of a claim.
INSIDE = "/files"
_NAMESPACE = "--namespace=ai"
_ANY_PORT = 9  # nothing is sent


class KubernetesStand(Stand):
    """A daemon with a Kubernetes target whose node has the images of all servers."""

    platform: ClassVar[str] = "kubernetes"
    runtime: ClassVar[str] = "containerd"
    small: ClassVar[dict[str, Any]] = {"cpus": 0.1, "memory": "1Gi", "gpus": 0}

    def __init__(self, lab: Lab, images: Sequence[str] = tuple(SERVERS)) -> None:
        owner = f"r{token_hex(4)}"
        super().__init__(Factory(lab, owner, owner=owner))
        self.kubernetes = lab.kubernetes
        self.kubernetes.give_images(*images)
        self.factory.configure(slurm=False, kubeconfig=self.kubernetes.daemon_kubeconfig)
        self._own: list[str] = []

    @property
    def address(self) -> str:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            wire.connect((self.kubernetes.node, _ANY_PORT))
            return str(wire.getsockname()[0])

    @property
    def numpy(self) -> str:
        return ""

    def secrets(self, name: str, **values: str) -> dict[str, dict[str, str]]:
        literals = [f"--from-literal={key}={value}" for key, value in values.items()]
        if f"secret/{name}" not in self._own:
            self._own.append(f"secret/{name}")
            self.kubernetes.kubectl("create", "secret", "generic", name, _NAMESPACE, *literals)
        return {key: {"name": name, "key": key} for key in values}

    def files(self, name: str) -> Files:
        """A claim, as somebody keeps it who has models; the lab's volumes are folders of this machine."""
        claim = self.name(name)
        self._own.append(f"persistentvolumeclaim/{claim}")
        spec = {"accessModes": ["ReadOnlyMany"], "resources": {"requests": {"storage": "1Gi"}}}
        made = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": claim}, "spec": spec}
        self.kubernetes.kubectl("create", _NAMESPACE, "--filename=-", text=json.dumps(made))
        until(f"{claim} has a volume", lambda: bool(self._field(f"pvc/{claim}", "{.spec.volumeName}")))
        volume = self._field(f"pvc/{claim}", "{.spec.volumeName}")
        place = Path(self._field(f"pv/{volume}", "{.spec.hostPath.path}"))
        return Files(place, INSIDE, {"kubernetes": {"mounts": [{"claim": claim, "path": INSIDE}]}})

    def running(self, name: str) -> list[str]:
        found = [
            state["containerID"].removeprefix("containerd://")
            for pod in self._pods(name)
            for state in pod["status"].get("containerStatuses", ())
            if state["name"] == CONTAINER and "running" in state["state"]
        ]
        return sorted(found)

    def kill_server(self, name: str, port: str) -> None:
        """The first process of its container, which is the server; the kubelet starts the container again."""
        del port
        (container,) = self.running(name)
        os.kill(first_process(container), signal.SIGKILL)

    def direct(self, name: str, port: str) -> str:
        addresses = [pod["status"]["podIP"] for pod in self._pods(name) if pod["status"].get("podIP")]
        line = self.line(name)
        return f"{addresses[0]}:{shipped(line.recipe).spec.ports[port].container}" if addresses and line else ""

    def say(self, name: str, *argv: str, text: str = "") -> str:
        (pod,) = self._pods(name)
        where = (_NAMESPACE, pod["metadata"]["name"], f"--container={CONTAINER}")
        return self.kubernetes.kubectl("exec", "--stdin", *where, "--", *argv, text=text)

    def close(self) -> None:
        self.factory.stop()
        remove_all(self.kubernetes, self.factory.owner)
        if self._own:
            self.kubernetes.kubectl("delete", _NAMESPACE, "--wait=false", *self._own)

    def _pods(self, name: str) -> list[dict[str, Any]]:
        chosen = f"--selector=reconciler/owner={self.factory.owner},reconciler/service={name}"
        text = self.kubernetes.kubectl("get", "pods", _NAMESPACE, chosen, "--output=json")
        found: list[dict[str, Any]] = json.loads(text)["items"]
        return found

    def _field(self, what: str, field: str) -> str:
        return self.kubernetes.kubectl("get", _NAMESPACE, what, f"--output=jsonpath={field}")


def first_process(container: str) -> int:
    """The process of this machine that a container sees as its first."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            numbers = next(line for line in status.read_text().splitlines() if line.startswith("NSpid:")).split()
            if numbers[-1] == "1" and container in (status.parent / "cgroup").read_text():
                return int(status.parent.name)
        except OSError:  # it ended
            continue
    raise AssertionError(f"no process of container {container}")

"""Pods of one service, made by hand on a real node, and what reads their output."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from reconciler.kube import marks
from reconciler.kube.output.reader import PodOutput
from reconciler.models.health import Health
from reconciler.models.output import Output, Question
from reconciler.models.workload import Mark, Phase, Workload
from tests.kube.conftest import Cluster

_IMAGE = "docker.io/library/busybox:1.36"


@dataclass
class Room:
    """Pods of one service, made by hand, and a reader of the daemon's."""

    cluster: Cluster
    pods: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reader = PodOutput(self.cluster.target)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reader.close()
        if self.pods:
            self.cluster.facts.kubectl("delete", "pod", "-n", "ai", "--wait=false", *self.pods)

    @property
    def name(self) -> str:
        return f"{self.cluster.owner}-out"

    @property
    def group(self) -> Workload:
        mark = Mark(self.cluster.owner, self.name, 0, "d")
        return Workload("cloud", f"ai/{self.name}", mark, Phase.RUNNING, Health.HEALTHY)

    def run(self, pod: str, *scripts: str, restart: str = "Never", first: str = "") -> None:
        """A pod with a container for each script."""
        name = f"{self.name}-{pod}"
        spec = {
            "restartPolicy": restart,
            "terminationGracePeriodSeconds": 0,
            "containers": [_container(f"c{number}", script) for number, script in enumerate(scripts)],
            "initContainers": [_container("first", first)] if first else [],
        }
        labels = marks.labels(self.cluster.owner, self.name, "web")
        item = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec}
        self.cluster.facts.kubectl("apply", "-n", "ai", "-f", "-", text=json.dumps(item))
        self.pods.append(name)

    def read(self, starts: dict[str, int] | None = None, lines: int = 100, **more: Any) -> dict[str, Output]:
        """The answer, by `pod/container/run`."""
        found = self.reader.read(self.group, Question(lines, starts=starts or {}, **more))
        assert [one.error for one in found if one.error] == []
        return {one.id.removeprefix(f"ai/{self.name}-"): one for one in found}

    def texts(self, **more: Any) -> dict[str, str]:
        return {name: one.text for name, one in self.read(**more).items()}


def _container(name: str, script: str) -> dict[str, Any]:
    return {"name": name, "image": _IMAGE, "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", script]}

"""The desired-state repository of a walk: services as plain values, written as files into commits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.errors import SourceError
from reconciler.models.revision import Change, File, Revision, Snapshot, Trust
from reconciler.ports import Bell
from tests.desired.world import Repository

_RECIPE = """\
apiVersion: reconciler/v1
kind: Recipe
metadata: {name: %(name)s, category: inference, description: For the simulation.}
spec:
  image: example.org/%(name)s:1
  stateful: %(stateful)s
  parameters:
    version: {type: string, default: v0, description: Shown by nobody.}
  ports:
    http: {container: 8080}
  storage: %(storage)s
  start:
    process: {command: [serve, "${config.version}", "${port.http}"]}
  health:
    http: {port: http, path: /}
    startup: 30s
    interval: 2s
    timeout: 1s
  stop: {grace: 5s}
"""
RECIPES = {
    "recipes/inference/web.yaml": _RECIPE % {"name": "web", "stateful": "false", "storage": "{}"},
    "recipes/inference/db.yaml": _RECIPE
    % {"name": "db", "stateful": "true", "storage": "{data: {path: /data, size: 1Gi}}"},
}
#: Content with this in its version never becomes healthy.
BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Spec:
    """What is wanted of one service."""

    recipe: str = "web"
    replicas: int = 1
    version: str = "v0"
    restart: str = ""
    suspend: bool = False
    time: str = ""
    partition: str = ""
    surge: int = 1
    unavailable: int = 0
    depends_on: tuple[str, ...] = ()

    @property
    def stateful(self) -> bool:
        """Whether two of one replica must never run at once."""
        return self.recipe == "db"

    @property
    def broken(self) -> bool:
        """Whether it never becomes healthy."""
        return BROKEN in self.version

    def text(self, name: str) -> str:
        """The file of a service."""
        slurm = {key: value for key, value in (("time", self.time), ("partition", self.partition)) if value}
        spec = {
            "recipe": self.recipe,
            "replicas": self.replicas,
            "config": {"version": self.version},
            "rollout": {"maxSurge": self.surge, "maxUnavailable": self.unavailable},
            **({"restart": self.restart} if self.restart else {}),
            **({"suspend": True} if self.suspend else {}),
            **({"slurm": slurm} if slurm else {}),
            **({"dependsOn": list(self.depends_on)} if self.depends_on else {}),
        }
        content = {"apiVersion": "reconciler/v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}
        return json.dumps(content)


class SimSource:
    """Implements Source over commits in memory. `broken`: it cannot be read."""

    def __init__(self) -> None:
        self.repository = Repository()
        self.broken = False
        self.trust = Trust()

    def commit(self, files: Mapping[str, str | None], message: str = "a commit") -> None:
        """A new head; None removes a file."""
        self.repository.commit(files, message)

    def refresh(self) -> Revision:
        self._check()
        return self.repository.commits[-1][0]

    def read(self, revision: Revision) -> Snapshot:
        del revision
        self._check()
        return self.repository.snapshot()

    def earlier(self, revision: Revision, path: str) -> Iterator[tuple[Revision, File]]:
        del revision
        self._check()
        return self.repository.earlier(path)

    def history(self, revision: Revision) -> Iterator[Change]:
        del revision
        self._check()
        return self.repository.history()

    def messages(self, revision: Revision, since: Revision) -> Iterator[str]:
        del revision
        self._check()
        return self.repository.messages(since)

    def watch(self, bell: Bell) -> None:
        del bell

    def close(self) -> None:
        pass

    def _check(self) -> None:
        if self.broken:
            raise SourceError("the repository cannot be reached")

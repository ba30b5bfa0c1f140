"""What is wanted on a simulated Kubernetes: the services of `tests.sim.repository` with what only Kubernetes has."""

from __future__ import annotations

import json
from dataclasses import dataclass

from reconciler.kube.kinds import Kind
from tests.sim import repository
from tests.sim.repository import Spec

NAMES = ("web-a", "web-b", "files-a", "db-a", "db-b", "gadget-a")
#: A kind of others, which the cluster may lack.
GADGET = Kind("Gadget", "example.com/v1", "gadgets")
DATABASE = "recipes/inference/db.yaml"
_OBJECTS = """\
  kubernetes:
    objects:
      - apiVersion: example.com/v1
        kind: Gadget
        metadata: {name: "${service.name}"}
        spec: {version: "${config.version}", size: 1}
"""
RECIPES = {
    **repository.RECIPES,
    "recipes/inference/files.yaml": repository._RECIPE
    % {"name": "files", "stateful": "false", "storage": "{data: {path: /data, size: 1Gi}}"},
    "recipes/inference/gadget.yaml": repository._RECIPE % {"name": "gadget", "stateful": "false", "storage": "{}"}
    + _OBJECTS,
}


@dataclass(frozen=True, slots=True)
class KubeSpec(Spec):
    """What is wanted of one service. `ignored` are pointers; `budget`: it has a PodDisruptionBudget."""

    drift: str = ""
    ignored: tuple[str, ...] = ()
    budget: bool = False
    policy: bool = False

    def text(self, name: str) -> str:
        """The file of a service."""
        content = json.loads(Spec.text(self, name))
        spec = content["spec"]
        options = {
            **({"podDisruptionBudget": {"maxUnavailable": 1}} if self.budget else {}),
            **({"networkPolicy": {}} if self.policy else {}),
        }
        spec |= {"kubernetes": options} if options else {}
        spec |= {"drift": self.drift} if self.drift else {}
        spec |= {"ignore": list(self.ignored)} if self.ignored else {}
        return json.dumps(content)


def new_spec(name: str) -> KubeSpec:
    """What a service of this name is when it is added."""
    return KubeSpec(name.partition("-")[0])


def path(name: str) -> str:
    """The file of a service."""
    return f"desired/{name}.yaml"

"""The kinds of objects that Reconciler handles: where the API server keeps them, and the order of application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.models.kinds import group_of

#: An object as the API server sends and takes it. Its shape is the API's (https://kubernetes.io/docs/reference/).
Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind; `api_version` is `v1` or `group/version`, `plural` the word in its path."""

    name: str
    api_version: str
    plural: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        """The API group; "" for the core."""
        return group_of(self.api_version)

    @property
    def full(self) -> str:
        """The full name, as in `KubernetesTarget.kinds`: `apps/v1/Deployment`."""
        return f"{self.api_version}/{self.name}"

    def path(self, namespace: str, name: str = "") -> str:
        """The path of one object, or of all of them in a namespace when `name` is "".

        `namespace` counts for nothing where the kind lives in none.
        """
        root = "apis" if "/" in self.api_version else "api"
        place = f"namespaces/{namespace}/{self.plural}" if self.namespaced else self.plural
        return f"/{root}/{self.api_version}/{place}" + (f"/{name}" if name else "")


NAMESPACE = Kind("Namespace", "v1", "namespaces", namespaced=False)
CONFIG_MAP = Kind("ConfigMap", "v1", "configmaps")
CLAIM = Kind("PersistentVolumeClaim", "v1", "persistentvolumeclaims")
SERVICE = Kind("Service", "v1", "services")
DEPLOYMENT = Kind("Deployment", "apps/v1", "deployments")
STATEFUL_SET = Kind("StatefulSet", "apps/v1", "statefulsets")
POD = Kind("Pod", "v1", "pods")
#: What a pod writes: a part of it, which rights name as if it were a kind.
OUTPUT = Kind("PodLog", "v1", "pods/log")
NETWORK_POLICY = Kind("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies")
DISRUPTION_BUDGET = Kind("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets")
LEADER_WORKER_SET = Kind("LeaderWorkerSet", "leaderworkerset.x-k8s.io/v1", "leaderworkersets")
SERVICE_MONITOR = Kind("ServiceMonitor", "monitoring.coreos.com/v1", "servicemonitors")
POD_MONITOR = Kind("PodMonitor", "monitoring.coreos.com/v1", "podmonitors")
#: Made, and never read.
SECRET = Kind("Secret", "v1", "secrets")
LEASE = Kind("Lease", "coordination.k8s.io/v1", "leases")
EVENT = Kind("Event", "v1", "events")

#: Watched on every cluster: what services are made of, and the pods, which know why something does not start.
ALWAYS = (NETWORK_POLICY, CONFIG_MAP, CLAIM, DEPLOYMENT, STATEFUL_SET, SERVICE, DISRUPTION_BUDGET, POD)
#: Watched, and made use of, where the cluster has them.
OPTIONAL = (LEADER_WORKER_SET, SERVICE_MONITOR, POD_MONITOR)
#: The kinds that run pods of ours.
WORKLOADS = (DEPLOYMENT, STATEFUL_SET, LEADER_WORKER_SET)

_KNOWN = {kind.full: kind for kind in (NAMESPACE, *ALWAYS, *OPTIONAL, LEASE, SECRET)}

#: Kinds by group and name, a stage to a line: what a stage refers to is applied before it, and removed after it.
_STAGES = (
    ("/Namespace",),
    ("networking.k8s.io/NetworkPolicy",),
    ("/ServiceAccount", "/ConfigMap"),
    ("/PersistentVolumeClaim",),
    (),  # whatever is not named here, such as custom resources
    (
        "apps/Deployment",
        "apps/StatefulSet",
        "leaderworkerset.x-k8s.io/LeaderWorkerSet",
        "apps/DaemonSet",
        "batch/Job",
        "batch/CronJob",
    ),
    ("/Service",),
    ("networking.k8s.io/Ingress",),
    (
        "autoscaling/HorizontalPodAutoscaler",
        "policy/PodDisruptionBudget",
        "monitoring.coreos.com/ServiceMonitor",
        "monitoring.coreos.com/PodMonitor",
    ),
)
_STAGE_OF = {name: stage for stage, names in enumerate(_STAGES) for name in names}
_OTHERS = _STAGES.index(())


def full_name(item: Object) -> str:
    """The full name of an object's kind: `apps/v1/Deployment`."""
    return f"{item['apiVersion']}/{item['kind']}"


def kind_of(item: Object, more: Mapping[str, Kind] | None = None) -> Kind:
    """The kind of an object by its own words; `more` are kinds that were discovered, by their full names.

    Raises KeyError for one that is not known.
    """
    full = full_name(item)
    return _KNOWN[full] if full in _KNOWN or more is None else more[full]


def order_of(item: Object) -> int:
    """The stage in which an object is applied, counted from 0; stages are removed in reverse."""
    return stage_of(item["apiVersion"], item["kind"])


def stage_of(api_version: str, kind: str) -> int:
    """As `order_of`, for a kind."""
    return _STAGE_OF.get(f"{group_of(api_version)}/{kind}", _OTHERS)

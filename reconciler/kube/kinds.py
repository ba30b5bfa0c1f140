"""The kinds of objects that Reconciler handles, and where the API server keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: An object as the API server sends and takes it. Its shape is the API's (https://kubernetes.io/docs/reference/).
Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind; `api_version` is `v1` or `group/version`, `plural` the word in its path."""

    name: str
    api_version: str
    plural: str

    def path(self, namespace: str, name: str = "") -> str:
        """The path of one object of this kind, or of all of them in a namespace when `name` is ""."""
        root = "apis" if "/" in self.api_version else "api"
        return f"/{root}/{self.api_version}/namespaces/{namespace}/{self.plural}" + (f"/{name}" if name else "")


CONFIG_MAP = Kind("ConfigMap", "v1", "configmaps")
CLAIM = Kind("PersistentVolumeClaim", "v1", "persistentvolumeclaims")
SERVICE = Kind("Service", "v1", "services")
DEPLOYMENT = Kind("Deployment", "apps/v1", "deployments")
STATEFUL_SET = Kind("StatefulSet", "apps/v1", "statefulsets")
POD = Kind("Pod", "v1", "pods")
LEASE = Kind("Lease", "coordination.k8s.io/v1", "leases")

#: What a service is made of, in the order of application: nothing refers to what comes after it.
APPLIED = (CONFIG_MAP, CLAIM, SERVICE, DEPLOYMENT, STATEFUL_SET)
#: The kinds that run pods; a service has one of them.
WORKLOADS = (DEPLOYMENT, STATEFUL_SET)
#: What is watched: what we apply, and the pods made of it, because they know why something does not start.
WATCHED = (*APPLIED, POD)

_BY_NAME = {kind.name: kind for kind in (*APPLIED, POD, LEASE)}


def kind_of(item: Object) -> Kind:
    """The kind of an object that we made. Raises KeyError for one that we do not make."""
    return _BY_NAME[item["kind"]]

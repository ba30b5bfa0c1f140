"""PURE. Objects as the API server sends them → what is kept of them.

An object is judged when it arrives and then dropped: what is kept is a fiftieth of what the official models need.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from sys import intern

from reconciler.kube import marks
from reconciler.kube.judge.judge import Verdict, deleted, judge
from reconciler.kube.kinds import CLAIM, CONFIG_MAP, DEPLOYMENT, POD, SERVICE, STATEFUL_SET, Kind, Object
from reconciler.kube.render import labels
from reconciler.models.health import Health
from reconciler.models.workload import Drift, Phase

_OF_A_RECIPE = (CLAIM, CONFIG_MAP, DEPLOYMENT, STATEFUL_SET)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is kept of one object of ours. `deleted` is when its deletion was asked for; `ports`: name and number.

    `address` is that of a Service or a pod (a worker of a replica of several machines, which answers nobody, has none),
    and `node` where a pod is. `version` is its resource version, `generation` counts changes of its spec (0: its kind
    does not count them).
    `child`: a controller made it out of an object of ours. `managers` are those who own fields of it by an update,
    other than controllers' statuses and ourselves. `drift` is what differs from what is declared, as far as it could
    be compared; otherwise `raw` is what is needed to do that later. Neither version nor raw make it another one.
    `recipe` is what a kept claim says of the data in it, and what a configuration or what runs pods is labelled with
    ("": it does not say; other kinds are not asked).
    """

    kind: str
    namespace: str
    name: str
    stamp: marks.Stamp
    verdict: Verdict
    deleted: datetime | None = None
    address: str = ""
    ports: tuple[tuple[str, int], ...] = ()
    uid: str = ""
    version: str = field(default="", compare=False)
    generation: int = field(default=0, compare=False)
    finalizers: tuple[str, ...] = ()
    child: bool = False
    managers: tuple[str, ...] = ()
    drift: tuple[Drift, ...] = ()
    raw: bytes = field(default=b"", compare=False, repr=False)
    node: str = ""
    recipe: str = ""

    @property
    def service(self) -> str:
        """The service that it belongs to."""
        return self.stamp.mark.service

    @property
    def is_named_by_us(self) -> bool:
        """Whether a claim or a pod, which bears no id, has the name that our StatefulSet gives; others always.

        Those that a copy of it makes have our labels as well, but other names.
        """
        if self.stamp.objects or self.kind not in (CLAIM.name, POD.name):
            return True
        volume = "[^-]+-" if self.kind == CLAIM.name else ""
        return re.fullmatch(rf"{volume}{re.escape(self.service)}-[0-9]+", self.name) is not None

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


def see(kind: Kind, item: Object, owner: str) -> Seen | None:
    """What is kept of an object, without its drift; None when it is not one of `owner`'s."""
    stamp = marks.read(item, kind.name)
    if stamp is None or stamp.mark.owner != owner:
        return None
    metadata = item["metadata"]
    seen = Seen(
        kind=kind.name,
        namespace=intern(metadata["namespace"]),
        name=intern(metadata["name"]),
        stamp=stamp,
        verdict=_judged(kind, item),
        deleted=deleted(item),
        uid=metadata.get("uid", ""),
        version=metadata.get("resourceVersion", ""),
        generation=metadata.get("generation", 0),
        finalizers=tuple(metadata.get("finalizers") or ()),
        child=any(reference.get("controller") for reference in metadata.get("ownerReferences") or ()),
        managers=_managers(metadata),
    )
    if kind == POD:
        return _with_place(seen, item)
    if kind in _OF_A_RECIPE:
        return replace(seen, recipe=marks.recipe(item, kind.name))
    return _with_ports(seen, item) if kind == SERVICE else seen


def _judged(kind: Kind, item: Object) -> Verdict:
    """Its verdict.

    The status of a kind that is not Kubernetes' own may have any shape; an odd one must not hide the other objects.
    """
    try:
        return judge(kind, item)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return Verdict(Phase.PENDING, Health.UNKNOWN, f"its status is not one of a {kind.name}: {type(error).__name__}")


def _managers(metadata: Mapping[str, object]) -> tuple[str, ...]:
    """Who has set fields by hand or by `kubectl apply`, by the API server's own record."""
    entries = metadata.get("managedFields")
    found = {
        str(entry.get("manager", ""))
        for entry in (entries if isinstance(entries, list) else [])
        if not entry.get("subresource") and entry.get("manager") != marks.MANAGER
    }
    return tuple(sorted(found))


def _with_ports(seen: Seen, item: Object) -> Seen:
    spec = item.get("spec", {})
    address = spec.get("clusterIP") or f"{seen.name}.{seen.namespace}.svc"
    ports = tuple((port.get("name", ""), port["port"]) for port in spec.get("ports", []))
    return replace(seen, address=_host(address), ports=ports)


def _with_place(seen: Seen, item: Object) -> Seen:
    worker = item["metadata"].get("labels", {}).get(labels.ROLE) == labels.WORKER
    address = "" if worker else item.get("status", {}).get("podIP", "")
    return replace(seen, address=_host(address), node=intern(item.get("spec", {}).get("nodeName", "")))


def _host(address: str) -> str:
    """As it stands before a port."""
    return f"[{address}]" if ":" in address else address

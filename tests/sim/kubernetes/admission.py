"""What stands between a request and the store: namespaces, webhooks, quota, and fields that cannot be changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from reconciler.kube.kinds import CLAIM, DEPLOYMENT, STATEFUL_SET, Object
from tests.sim.kubernetes import fields, status
from tests.sim.kubernetes.store import Store

#: What of a StatefulSet's spec may be changed (pkg/apis/apps/validation).
_MUTABLE = frozenset(
    {
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    }
)


@dataclass
class Admission:
    """`terminating` and `namespaces` name namespaces; `denied` holds (verb, kind) that a webhook refuses.

    `mutators` change what is written; `quota` is how many objects of a kind a namespace may have.
    """

    store: Store
    namespaces: set[str]
    terminating: set[str] = field(default_factory=set)
    denied: set[tuple[str, str]] = field(default_factory=set)
    mutators: list[Callable[[Object], Object]] = field(default_factory=list)
    quota: dict[str, int] = field(default_factory=dict)

    def admit(self, before: Object | None, item: Object) -> Object:
        """What is written in the place of `before` (None: it is new). Raises StatusError."""
        kind, metadata = item["kind"], item["metadata"]
        what = f'{kind} "{metadata["name"]}"'
        if before is None:
            self._admit_new(kind, metadata["namespace"], what)
        elif ("update", kind) in self.denied:
            raise status.denied("guard.example.com")
        for mutate in self.mutators:
            item = mutate(item)
        for wrong, why in _wrong(before, item):
            raise status.invalid(what, wrong, why)
        return item

    def admit_delete(self, kind: str) -> None:
        """Raises StatusError when a webhook refuses it."""
        if ("delete", kind) in self.denied:
            raise status.denied("guard.example.com")

    def _admit_new(self, kind: str, namespace: str, what: str) -> None:
        if namespace not in self.namespaces:
            raise status.absent("namespaces", namespace)
        if namespace in self.terminating:
            raise status.terminating(what, namespace)
        if ("create", kind) in self.denied:
            raise status.denied("guard.example.com")
        most = self.quota.get(kind)
        if most is not None and sum(1 for _ in self.store.of(kind, namespace)) >= most:
            used = f"exceeded quota: lab, requested: count/{kind}=1, used: {most}, limited: {most}"
            raise status.forbidden(what, used)


def is_fixed(live: Object, item: Object) -> bool:
    """Whether an apply of `item` would change a field of `live` that cannot be changed."""
    spec = fields.merged(live.get("spec", {}), item.get("spec", {}))
    return any(_wrong(live, {**live, "spec": spec}))


def _wrong(before: Object | None, item: Object) -> Iterator[tuple[str, str]]:
    """Fields that cannot be changed, and what the API server says of them."""
    old, new = (before or {}).get("spec") or {}, item.get("spec") or {}
    if before is None:
        return
    if item["kind"] == DEPLOYMENT.name and old.get("selector") != new.get("selector"):
        yield "spec.selector", f"Invalid value: {new.get('selector')}: field is immutable"
    if item["kind"] == STATEFUL_SET.name and _fixed(old) != _fixed(new):
        yield "spec", f"Forbidden: updates to statefulset spec for fields other than {sorted(_MUTABLE)} are forbidden"
    if item["kind"] == CLAIM.name and _without(old, "resources") != _without(new, "resources"):
        yield "spec", "Forbidden: spec is immutable after creation except resources.requests"


def _fixed(spec: Object) -> Object:
    return {key: value for key, value in spec.items() if key not in _MUTABLE}


def _without(spec: Object, key: str) -> Object:
    return {name: value for name, value in spec.items() if name not in (key, "volumeName")}

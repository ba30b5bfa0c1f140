"""PURE. The rights that a target needs, and no more, as Roles and their bindings (`reconciler rbac`).

Every verb below has a request behind it; tests/kube/rights compares what is granted with what an API server's own
audit log says was used. Discovery and /version need no rights: everybody who is known to the cluster has them
(`system:discovery`). Secrets are made and never read, and of the cluster as a whole nothing is touched but, where they
may be made, the namespaces.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from reconciler.kube.kinds import ALWAYS, CLAIM, EVENT, LEASE, NAMESPACE, OPTIONAL, OUTPUT, POD, SECRET, Kind, Object
from reconciler.settings import KubernetesTarget

_RBAC = "rbac.authorization.k8s.io"
_SUBJECT = re.compile(r"user:(?P<user>[^\s].*)|serviceaccount:(?P<namespace>[-a-z0-9]+)/(?P<name>[-.a-z0-9]+)")
_FOLLOW = ("list", "watch")
#: Server-side apply is a patch, and a create where nothing is there.
_APPLY = ("create", "patch")


@dataclass(frozen=True, slots=True)
class Need:
    """What is done with one kind: by the daemon itself, and by the account that writes."""

    kind: Kind
    reads: tuple[str, ...] = ("get", *_FOLLOW)
    writes: tuple[str, ...] = (*_APPLY, "delete")


#: Everything that is looked at or applied in a namespace; claims beside it, and the kinds that the operator adds.
NEEDS = (
    *(Need(kind) for kind in (*ALWAYS, *OPTIONAL) if kind not in (CLAIM, POD)),
    # Pods that nothing runs any more: left by a StatefulSet that was being made anew when its service was removed.
    Need(POD, _FOLLOW, ("delete",)),
    Need(EVENT, _FOLLOW, ("create",)),
    # With passwords that were made; one that is there is neither read nor changed.
    Need(SECRET, (), ("create",)),
)


@dataclass(frozen=True, slots=True)
class Subject:
    """Who gets rights: a user, or with `namespace` a service account."""

    name: str
    namespace: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The subject of `user:NAME` or `serviceaccount:NAMESPACE/NAME`. Raises ValueError for anything else."""
        found = _SUBJECT.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is neither user:NAME nor serviceaccount:NAMESPACE/NAME")
        return cls(found["user"] or found["name"], found["namespace"] or "")

    @property
    def user(self) -> str:
        """The user name that an API server knows it by."""
        return f"system:serviceaccount:{self.namespace}:{self.name}" if self.namespace else self.name

    def reference(self) -> Object:
        """As a binding names it."""
        if self.namespace:
            return {"kind": "ServiceAccount", "name": self.name, "namespace": self.namespace}
        return {"apiGroup": _RBAC, "kind": "User", "name": self.name}


def roles(
    target: KubernetesTarget,
    owner: str,
    *subjects: Subject,
    keep_data: bool = True,
    cluster_wide: bool = False,
    plurals: Mapping[str, str] | None = None,
) -> list[Object]:
    """The objects that give `subjects` the rights of a daemon with this target and owner id, in order of creation.

    With `impersonate` the daemon itself may only read, keep its lease and speak as that account, and the account gets
    the rights to write. `keep_data`: claims are never deleted. `plurals`: the words for `target.kinds` in paths where
    they are known; the others are made as Kubernetes' own tools make them (meta.UnsafeGuessKindToResource).

    A Role cannot be there before its namespace. With `createNamespaces` the namespaces are therefore among the objects;
    only with `cluster_wide` the rights hold in namespaces that the daemon makes itself, and then in all others too.
    """
    needs = [*NEEDS, Need(CLAIM, writes=_APPLY) if keep_data else Need(CLAIM)]
    needs += [Need(OUTPUT, ("get",), ())] if target.logs == "daemon" else []
    needs += [Need(kind) for kind in _more(target, plurals or {}) if kind not in {need.kind for need in needs}]
    writer = _writer(target)
    name = f"reconciler-{owner}"
    making = list(target.namespaces) if target.create_namespaces else []
    made = [] if cluster_wide else [_namespace(each) for each in making]
    if making:
        rule = _rule(NAMESPACE.group, [NAMESPACE.plural], [*_APPLY], making)
        made += _bound(f"{name}-namespaces", "", [rule], (writer,) if writer else subjects)
    for namespace in [""] if cluster_wide else target.namespaces:
        lease = _lease(name) if namespace in ("", target.namespaces[0]) else []
        verbs = {need: need.reads if writer else (*need.reads, *need.writes) for need in needs}
        made += _bound(name, namespace, [*_rules(verbs), *lease], subjects)
        if writer:
            written = {need: need.writes for need in needs if need.writes}
            made += _bound(f"{name}-writer", namespace, _rules(written), (writer,))
    if writer:
        speak = [_rule("", ["serviceaccounts"], ["impersonate"], [writer.name])]
        made += _bound(f"{name}-impersonate", writer.namespace, speak, subjects)
    return made


def data_roles(target: KubernetesTarget, owner: str, *subjects: Subject) -> list[Object]:
    """The objects that let people list and remove kept claims, and the secrets that were made (`reconciler data`).

    Not for the daemon, which never does either of them by itself.
    """
    rules = [
        _rule(CLAIM.group, [CLAIM.plural], ["delete", "list"]),
        _rule(SECRET.group, [SECRET.plural], ["deletecollection"]),
    ]
    made = (_bound(f"reconciler-{owner}-data", namespace, rules, subjects) for namespace in target.namespaces)
    return [item for pair in made for item in pair]


def plural(kind: str) -> str:
    """The word for a kind in paths, by the rule that Kubernetes' own tools guess with."""
    word = kind.lower()
    if word.endswith("s"):
        return f"{word}es"
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def _more(target: KubernetesTarget, plurals: Mapping[str, str]) -> Iterator[Kind]:
    """The kinds that the operator lets recipes carry."""
    for full in target.kinds:
        api_version, _, name = full.rpartition("/")
        yield Kind(name, api_version, plurals.get(full) or plural(name))


def _writer(target: KubernetesTarget) -> Subject | None:
    if target.impersonate is None:
        return None
    namespace, _, name = target.impersonate.partition("/")
    return Subject(name, namespace)


def _namespace(name: str) -> Object:
    return {"apiVersion": NAMESPACE.api_version, "kind": NAMESPACE.name, "metadata": {"name": name}}


def _lease(name: str) -> list[Object]:
    """A create cannot be limited to one name: the API server does not know the name yet when it decides."""
    group, leases = LEASE.group, [LEASE.plural]
    return [_rule(group, leases, ["create"]), _rule(group, leases, ["get", "update", "watch"], [name])]


def _rules(verbs: Mapping[Need, tuple[str, ...]]) -> list[Object]:
    """One rule for all resources of a group with the same verbs."""
    shared: defaultdict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for need, allowed in verbs.items():
        if allowed:
            shared[need.kind.group, allowed].append(need.kind.plural)
    return [_rule(group, sorted(found), sorted(allowed)) for (group, allowed), found in sorted(shared.items())]


def _rule(group: str, resources: list[str], verbs: list[str], names: list[str] | None = None) -> Object:
    rule: Object = {"apiGroups": [group], "resources": resources, "verbs": verbs}
    return rule | {"resourceNames": names} if names else rule


def _bound(name: str, namespace: str, rules: list[Object], subjects: Sequence[Subject]) -> list[Object]:
    """A Role and its binding; a ClusterRole where `namespace` is ""."""
    kind = "Role" if namespace else "ClusterRole"
    metadata: Object = {"name": name, "labels": {"app.kubernetes.io/part-of": "reconciler"}}
    if namespace:
        metadata["namespace"] = namespace
    version, reference = f"{_RBAC}/v1", {"apiGroup": _RBAC, "kind": kind, "name": name}
    bound = {"roleRef": reference, "subjects": [subject.reference() for subject in subjects]}
    return [
        {"apiVersion": version, "kind": kind, "metadata": metadata, "rules": rules},
        {"apiVersion": version, "kind": f"{kind}Binding", "metadata": metadata, **bound},
    ]

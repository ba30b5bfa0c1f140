"""What Roles grant, as a set that can be compared with what was used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.kube.kinds import Object


@dataclass(frozen=True, slots=True)
class Grant:
    """One verb on one resource. `namespace` is "" for the whole cluster, `name` "" for every object."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""


def grants(items: Iterable[Object], user: str) -> set[Grant]:
    """Everything that the roles in `items` let a user do (`system:serviceaccount:NAMESPACE:NAME` for an account)."""
    found = list(items)
    roles = {(item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]): item for item in found}
    bindings = [item for item in found if item["kind"].endswith("Binding")]
    return {
        grant
        for binding in bindings
        if user in map(_user, binding["subjects"])
        for namespace in [binding["metadata"].get("namespace", "")]
        for grant in _of(roles[binding["roleRef"]["kind"], namespace, binding["roleRef"]["name"]], namespace)
    }


def _of(role: Object, namespace: str) -> Iterator[Grant]:
    for rule in role["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                for name in rule.get("resourceNames", [""]):
                    yield from (Grant(verb, group, resource, namespace, name) for verb in rule["verbs"])


def _user(subject: Object) -> str:
    if subject["kind"] == "ServiceAccount":
        return f"system:serviceaccount:{subject['namespace']}:{subject['name']}"
    return str(subject["name"])

"""What the scripts of the honesty test write: random objects whose optional parts come and go, and changes by hand."""

from __future__ import annotations

from functools import cache
from random import Random

from reconciler.kube.kinds import CONFIG_MAP, NETWORK_POLICY, SERVICE, Kind, Object
from tests.sim.kubernetes.fields import Value

_ENV = ("A", "B", "C")
_PORTS = (80, 81, 82)


def make(kind: Kind, name: str, variant: int) -> Object:
    """An object to apply; equal variants give equal objects."""
    chance = Random(variant)
    metadata: Object = {"name": name, "namespace": "ai"}
    if labels := {key: str(chance.randrange(2)) for key in ("team", "tier") if chance.random() < 0.6}:
        metadata["labels"] = labels
    if chance.random() < 0.3:
        metadata["annotations"] = {"note": str(chance.randrange(3))}
    if chance.random() < 0.15:
        metadata["finalizers"] = ["example.com/guard"]
    head: Object = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata}
    if kind is CONFIG_MAP:
        data = {key: str(chance.randrange(3)) for key in ("one", "two", "three") if chance.random() < 0.6}
        return {**head, **({"data": data} if data or chance.random() < 0.5 else {})}
    if kind is NETWORK_POLICY:
        return {**head, "spec": _policy(chance)}
    return {**head, "spec": _service(chance) if kind is SERVICE else _stateful_set(chance)}


def hand(kind: Kind, variant: int) -> list[Object]:
    """A change as people make it with kubectl edit."""
    chance = Random(variant)
    value = str(chance.randrange(3))
    if chance.random() < 0.15:
        return [{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}]
    if chance.random() < 0.2:
        return [{"op": "test", "path": "/metadata/labels/team", "value": value}]
    if kind is CONFIG_MAP and chance.random() < 0.7:
        return [{"op": "add", "path": "/data/one", "value": value}]
    if kind is CONFIG_MAP:
        return [{"op": "remove", "path": "/data/two"}]
    if kind is SERVICE:
        return [{"op": "add", "path": "/spec/ports/0/targetPort", "value": int(value) + 9000}]
    if kind is NETWORK_POLICY:
        return [{"op": "replace", "path": "/spec/podSelector", "value": {"matchLabels": {"app": value}}}]
    return [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": f"hand/{value}"}]


@cache
def declarable(kind: str) -> frozenset[str]:
    """The names of all fields that come and go in scripts, and that no default fills in."""
    del kind
    known = {"labels", "annotations", "finalizers", "team", "tier", "note", "by", "data", "one", "two", "three"}
    return frozenset(known | {"env", "args", "limits", "cpu", "memory", "ingress", "app", "nodeSelector"})


def _policy(chance: Random) -> Object:
    spec: Object = {"podSelector": {"matchLabels": {"app": str(chance.randrange(2))}}, "policyTypes": ["Ingress"]}
    if chance.random() < 0.5:
        spec["ingress"] = [{"ports": [{"port": chance.choice(_PORTS), "protocol": "TCP"}]}]
    return spec


def _service(chance: Random) -> Object:
    ports = chance.sample(_PORTS, chance.randint(1, 3))
    made: Value = [{"name": f"p{port}", "port": port, "targetPort": port + chance.randrange(2)} for port in ports]
    for port in made:
        if chance.random() < 0.5:
            port["protocol"] = "TCP"
    return {"selector": {"app": str(chance.randrange(2))}, "ports": made}


def _stateful_set(chance: Random) -> Object:
    env = [{"name": name, "value": str(chance.randrange(2))} for name in _ENV if chance.random() < 0.6]
    chance.shuffle(env)
    container: Object = {"name": "main", "image": f"example.org/{chance.randrange(3)}"}
    if env:
        container["env"] = env
    if chance.random() < 0.5:
        container["args"] = [str(chance.randrange(3)) for _ in range(chance.randint(1, 3))]
    if chance.random() < 0.5:
        names = [name for name in ("cpu", "memory") if chance.random() < 0.7]
        container["resources"] = {"limits": dict.fromkeys(names, "1")} if names else {}
    pod: Object = {"containers": [container]}
    if chance.random() < 0.3:
        pod["nodeSelector"] = {"zone": str(chance.randrange(2))}
    if chance.random() < 0.3:
        pod["containers"].append({"name": "side", "image": "example.org/side"})
    labels = {"app": "a", **({"tier": str(chance.randrange(2))} if chance.random() < 0.5 else {})}
    selector = {"app": "b" if chance.random() < 0.05 else "a"}
    template = {"metadata": {"labels": labels | selector}, "spec": pod}
    return {"replicas": 0, "serviceName": "none", "selector": {"matchLabels": selector}, "template": template}

"""PURE. How a service is reached: its Service, the names of its pods, and who may connect."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from reconciler.kube import marks
from reconciler.kube.kinds import LEADER_WORKER_SET, NETWORK_POLICY, SERVICE, Object
from reconciler.kube.render import labels
from reconciler.kube.render.objects import made
from reconciler.models.kubernetes import Peer
from reconciler.models.wanted import ResolvedService

#: The label that the API server puts on each namespace.
_NAMESPACE_NAME = "kubernetes.io/metadata.name"


def network(service: ResolvedService, owner: str, served: AbstractSet[str]) -> Iterator[Object]:
    """The Services of a service, and its NetworkPolicy when it asks for one."""
    if service.service.spec.kubernetes.network_policy is not None:
        yield _policy(service, owner)
    if service.recipe.spec.ports:
        yield _service(service, owner)
    if has_governing_service(service, served):
        yield _governing(service, owner)


def has_governing_service(service: ResolvedService, served: AbstractSet[str]) -> bool:
    """Whether its pods have names in the DNS that we give; a LeaderWorkerSet gives them itself."""
    several = service.service.spec.nodes > 1
    return LEADER_WORKER_SET.name not in served if several else service.recipe.spec.stateful


def governing_name(service: ResolvedService) -> str:
    """The headless Service in which the pods of its StatefulSets have names: `<pod>.<service>-nodes`.

    It is not the one that clients use: `clusterIP: None` cannot be given to a Service later, nor taken away.
    """
    return f"{service.name}-nodes"


def _service(service: ResolvedService, owner: str) -> Object:
    ports = [
        {"name": name, "port": port.container, "targetPort": port.container, "protocol": "TCP"}
        for name, port in service.recipe.spec.ports.items()
    ]
    return made(SERVICE, service.name, spec={"selector": labels.answering(service, owner), "ports": ports})


def _governing(service: ResolvedService, owner: str) -> Object:
    """Without ports, so that nothing takes it for an endpoint; pods find each other before they are ready."""
    spec = {
        "clusterIP": "None",
        "publishNotReadyAddresses": True,
        "selector": marks.identity(owner, service.name),
    }
    return made(SERVICE, governing_name(service), spec=spec)


def _policy(service: ResolvedService, owner: str) -> Object:
    """Who may connect. A node always reaches its own pods (Kubernetes, "Network Policies"), so that probes go on."""
    wanted = service.service.spec.kubernetes.network_policy
    peers = [_peer(one) for one in wanted.allow] if wanted is not None else []
    ports = [{"port": port.container, "protocol": "TCP"} for port in service.recipe.spec.ports.values()]
    rule: Object = {"from": peers or [{"podSelector": {}}]} | ({"ports": ports} if ports else {})
    identity = {"matchLabels": marks.identity(owner, service.name)}
    # The machines of one replica talk to each other over ports that no recipe names.
    among = [{"from": [{"podSelector": identity}]}] if service.service.spec.nodes > 1 else []
    spec = {"podSelector": identity, "policyTypes": ["Ingress"], "ingress": [rule, *among]}
    return made(NETWORK_POLICY, service.name, spec=spec)


def _peer(peer: Peer) -> Object:
    if peer.cidr is not None:
        return {"ipBlock": {"cidr": peer.cidr}}
    pods: Object = {"podSelector": {"matchLabels": peer.pods} if peer.pods else {}}
    if peer.namespace is None:
        return pods
    namespace = {"namespaceSelector": {"matchLabels": {_NAMESPACE_NAME: peer.namespace}}}
    return namespace | pods if peer.pods else namespace

"""PURE. Replicas that span several machines: one pod for each machine, the first of which leads and answers.

Where the cluster has LeaderWorkerSets (https://lws.sigs.k8s.io), that is what is made: it starts a replica's machines
together, and again together when one of them fails. Elsewhere there is a StatefulSet with the leaders, and one with the
workers of each replica: the same pods under like names, but each of them is started again by itself.

Each container is told its place as a job's tasks are by Slurm: RECONCILER_NODES (how many machines), RECONCILER_RANK
(which one, from 0) and RECONCILER_LEADER (the address of rank 0). Only rank 0 is probed and gets requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from reconciler.errors import RefusedError
from reconciler.kube.kinds import LEADER_WORKER_SET, STATEFUL_SET, Object
from reconciler.kube.render import pods
from reconciler.kube.render.labels import LEADER, REPLICA, ROLE, WORKER
from reconciler.kube.render.network import governing_name
from reconciler.kube.render.objects import made
from reconciler.models.wanted import ResolvedService
from reconciler.settings import KubernetesTarget

#: The label that the controller of StatefulSets puts on its pods: which one it is.
_INDEX = "apps.kubernetes.io/pod-index"


def groups(
    service: ResolvedService, target: KubernetesTarget, owner: str, served: AbstractSet[str]
) -> Iterator[Object]:
    """What runs replicas of several machines. Raises RefusedError for a service that cannot run so."""
    _check(service)
    if LEADER_WORKER_SET.name in served:
        yield _leader_worker_set(service, target, owner)
        return
    yield _leaders(service, target, owner)
    for replica in range(service.service.spec.replicas):
        yield _workers(service, target, owner, replica)


def _check(service: ResolvedService) -> None:
    spec, recipe = service.service.spec, service.recipe
    if not recipe.spec.multi_node:
        raise RefusedError(
            f"{service.file}: spec.nodes: recipe {recipe.metadata.name} runs on one machine; found {spec.nodes}, "
            "expected 1"
        )


def _set_name(service: ResolvedService) -> str:
    """Not the service's name: a LeaderWorkerSet makes a headless Service of its own name for its pods."""
    return f"{service.name}-lws"


def _leader_worker_set(service: ResolvedService, target: KubernetesTarget, owner: str) -> Object:
    rollout = service.service.spec.rollout
    # Its webhook puts the variables with LWS_ before all others, so that others may refer to them.
    env = _env(service, {"value": "$(LWS_WORKER_INDEX)"}, "$(LWS_LEADER_ADDRESS)")
    leader = pods.Role(((ROLE, LEADER),), env)
    worker = pods.Role(((ROLE, WORKER),), env, answers=False)
    spec = {
        "replicas": service.service.spec.replicas,
        "rolloutStrategy": {
            "type": "RollingUpdate",
            "rollingUpdateConfiguration": {"maxSurge": rollout.max_surge, "maxUnavailable": rollout.missing},
        },
        "startupPolicy": "LeaderCreated",
        "leaderWorkerTemplate": {
            "size": service.service.spec.nodes,
            "restartPolicy": "RecreateGroupOnPodRestart",
            "leaderTemplate": pods.template(service, target, owner, leader),
            "workerTemplate": pods.template(service, target, owner, worker),
        },
    }
    return made(LEADER_WORKER_SET, _set_name(service), spec=spec)


def _leaders(service: ResolvedService, target: KubernetesTarget, owner: str) -> Object:
    name: Object = {"name": "RECONCILER_POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    env = (name, *_env(service, {"value": "0"}, _address(service, "$(RECONCILER_POD)")))
    role = pods.Role(((ROLE, LEADER),), env)
    return _stateful_set(service, target, owner, role, service.name, {"replicas": service.service.spec.replicas})


def _workers(service: ResolvedService, target: KubernetesTarget, owner: str, replica: int) -> Object:
    """The machines of one replica but the first; their ordinals are their ranks."""
    rank = {"valueFrom": {"fieldRef": {"fieldPath": f"metadata.labels['{_INDEX}']"}}}
    env = _env(service, rank, _address(service, f"{service.name}-{replica}"))
    role = pods.Role(((ROLE, WORKER), (REPLICA, str(replica))), env, answers=False)
    size: Object = {"replicas": service.service.spec.nodes - 1, "ordinals": {"start": 1}}
    return _stateful_set(service, target, owner, role, f"{service.name}-{replica}", size)


def _stateful_set(
    service: ResolvedService, target: KubernetesTarget, owner: str, role: pods.Role, name: str, size: Object
) -> Object:
    spec = {
        **size,
        "revisionHistoryLimit": 3,
        "serviceName": governing_name(service),
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": pods.selector(service, owner, role)},
        "template": pods.template(service, target, owner, role),
    }
    return made(STATEFUL_SET, name, spec=spec)


def _env(service: ResolvedService, rank: Object, leader: str) -> tuple[Object, ...]:
    return (
        {"name": "RECONCILER_NODES", "value": str(service.service.spec.nodes)},
        {"name": "RECONCILER_RANK", **rank},
        {"name": "RECONCILER_LEADER", "value": leader},
    )


def _address(service: ResolvedService, pod: str) -> str:
    return f"{pod}.{governing_name(service)}.{service.namespace}.svc"

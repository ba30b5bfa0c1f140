"""PURE. One small judge for each kind: the object as the API server sends it → how it stands.

The rules are those of kstatus (sigs.k8s.io/cli-utils v0.37.2, pkg/kstatus/status/{generic,core}.go) and of Argo CD
(github.com/argoproj/argo-cd/gitops-engine, pkg/health, September 2026). In words that compare: Healthy and Suspended
are kstatus' Current, Progressing and Pending its InProgress, Degraded and Failed its Failed, and what is being deleted
its Terminating; Argo CD has the same words but Pending (its Progressing) and Failed (its Degraded), and no rule of its
own for the kinds that are not named here. Where the two disagree:

| object                             | kstatus           | Argo CD     | here        | because                         |
|------------------------------------|-------------------|-------------|-------------|---------------------------------|
| Deployment, paused                 | by its counts     | Suspended   | Suspended   | it was stopped on purpose       |
| StatefulSet, too many pods         | InProgress        | Healthy     | Progressing | it is not yet as declared       |
| StatefulSet OnDelete, not ready    | Current           | Progressing | Progressing | it does not serve               |
| DaemonSet OnDelete, old pods       | InProgress        | Healthy     | Healthy     | they are to stay old            |
| ReplicaSet, ReplicaFailure         | InProgress        | Degraded    | Degraded    | it does not go on by itself     |
| Job, under way                     | Current           | Progressing | Progressing | what it is for is not done      |
| Job, resumed                       | Current           | Healthy     | Progressing | its Suspended is false          |
| Job, suspended                     | InProgress        | Suspended   | Suspended   | as a paused Deployment          |
| Pod, failed                        | Current           | Degraded    | Degraded    | it does not serve               |
| Pod, crashed or without its image  | only crash loops  | Degraded    | Degraded    | the cause is seen at once       |
| Pod OnFailure, crash loop          | Failed            | Progressing | Degraded    | as kstatus                      |
| Pod, unschedulable                 | Failed after 15 s | Progressing | Pending     | it starts when there is room    |
| Pod that is to end, ready          | Current           | Progressing | Healthy     | it does what it is for          |
| claim that lost its volume         | InProgress        | Degraded    | Failed      | nobody brings the data back     |
| LoadBalancer, Ingress: no address  | Current           | Progressing | Progressing | nobody is served there          |
| HorizontalPodAutoscaler            | Current           | conditions  | as Argo CD  | without figures it does nothing |

And where we say what neither says:

| object                                    | both        | here        | because                                      |
|-------------------------------------------|-------------|-------------|----------------------------------------------|
| Deployment, ReplicaFailure (quota, ...)   | in progress | Degraded    | the cause is seen before the deadline        |
| Pod, an init container crashes            | in progress | Degraded    | as for other containers                      |
| Pod, the image's name is none             | in progress | Degraded    | it never becomes one                         |
| Pod, its node does not answer             | in progress | Degraded    | as for its own troubles                      |
| CronJob, suspended                        | well        | Suspended   | as a paused Deployment                       |
| PodDisruptionBudget, SyncFailed           | well        | Degraded    | it protects nothing                          |
| LeaderWorkerSet                           | well        | by counts   | it has no condition Ready                    |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.kube.judge import batch, others, pods, workloads
from reconciler.kube.judge.fields import created, deleted
from reconciler.kube.judge.generic import by_being_there, by_conditions, overruled
from reconciler.kube.judge.verdict import Verdict
from reconciler.kube.kinds import Kind, Object

__all__ = ["Verdict", "created", "deleted", "judge"]

#: By group and name: a custom resource may have the name of a kind of Kubernetes.
_JUDGES: Mapping[tuple[str, str], Callable[[Object], Verdict]] = {
    ("", "ConfigMap"): by_being_there,
    ("", "Namespace"): by_being_there,
    ("", "PersistentVolumeClaim"): others.claim,
    ("", "Pod"): pods.pod,
    ("", "Secret"): by_being_there,
    ("", "Service"): others.service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): others.definition,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("autoscaling", "HorizontalPodAutoscaler"): others.autoscaler,
    ("batch", "CronJob"): batch.cron_job,
    ("batch", "Job"): batch.job,
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"): workloads.leader_worker_set,
    ("networking.k8s.io", "Ingress"): others.ingress,
    ("networking.k8s.io", "NetworkPolicy"): by_being_there,
    ("policy", "PodDisruptionBudget"): others.disruption_budget,
}


def judge(kind: Kind, item: Object) -> Verdict:
    """The verdict on an object; a kind that has no judge is judged by its conditions. Objects in lists name no kind."""
    rule = _JUDGES.get((kind.group, kind.name), by_conditions)
    return overruled(item, rule(item))

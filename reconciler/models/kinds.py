"""Which kinds of Kubernetes objects a recipe may carry; their names are `group/version/Kind`, or `v1/Kind`."""

from __future__ import annotations

#: What every recipe may carry; others are for the operator to allow (`KubernetesTarget.kinds`).
COMMON = frozenset(
    {
        "v1/ConfigMap",
        "v1/PersistentVolumeClaim",
        "v1/Service",
        "apps/v1/Deployment",
        "apps/v1/StatefulSet",
        "networking.k8s.io/v1/NetworkPolicy",
        "policy/v1/PodDisruptionBudget",
        "leaderworkerset.x-k8s.io/v1/LeaderWorkerSet",
        "monitoring.coreos.com/v1/ServiceMonitor",
        "monitoring.coreos.com/v1/PodMonitor",
    }
)

_NEVER = {
    "/Secret": "secrets never come from a repository",
    "/Pod": "a pod by itself is not started again when its node fails; use a Deployment or a Job",
}
_NEVER_GROUPS = {"rbac.authorization.k8s.io": "a repository never gives rights"}
#: Kinds of Kubernetes itself that live in no namespace; those of others are found out by discovery.
_CLUSTER_SCOPED = frozenset(
    {
        "/Namespace",
        "/Node",
        "/PersistentVolume",
        "admissionregistration.k8s.io/MutatingAdmissionPolicy",
        "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding",
        "admissionregistration.k8s.io/MutatingWebhookConfiguration",
        "admissionregistration.k8s.io/ValidatingAdmissionPolicy",
        "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding",
        "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
        "apiextensions.k8s.io/CustomResourceDefinition",
        "apiregistration.k8s.io/APIService",
        "certificates.k8s.io/CertificateSigningRequest",
        "networking.k8s.io/IngressClass",
        "scheduling.k8s.io/PriorityClass",
        "storage.k8s.io/CSIDriver",
        "storage.k8s.io/CSINode",
        "storage.k8s.io/StorageClass",
        "storage.k8s.io/VolumeAttachment",
    }
)


def group_of(api_version: str) -> str:
    """The API group of an `apiVersion`; "" for the core."""
    return api_version.rpartition("/")[0]


def why_never(full: str) -> str:
    """Why objects of this kind are never applied, whatever the operator allows; "" when they may be."""
    api_version, _, kind = full.rpartition("/")
    group = group_of(api_version)
    if f"{group}/{kind}" in _CLUSTER_SCOPED:
        return "it lives in no namespace"
    return _NEVER_GROUPS.get(group) or _NEVER.get(f"{group}/{kind}", "")

"""Objects for tests of drift: one of each kind that is handled, with most of the fields that people change by hand."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from reconciler.kube.kinds import Object

_LABELS = {"app": "a"}


def meta(name: str = "a", namespace: str = "ai", **more: Any) -> Object:
    return {"name": name, "namespace": namespace, "labels": {"app": "a", "team": "nlp"}, **more}


def pod_spec() -> Object:
    return {
        "containers": [
            {
                "name": "main",
                "image": "docker.io/library/busybox:1",
                "imagePullPolicy": "IfNotPresent",
                "command": ["sleep"],
                "args": ["1000"],
                "env": [
                    {"name": "A", "value": "1"},
                    {"name": "EMPTY", "value": ""},
                    {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                    {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
                    {"name": "WORD", "valueFrom": {"secretKeyRef": {"name": "vault", "key": "word"}}},
                ],
                "ports": [{"containerPort": 8080, "protocol": "TCP"}, {"containerPort": 9090, "name": "metrics"}],
                "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                "readinessProbe": {"httpGet": {"path": "/health", "port": 8080}, "periodSeconds": 5},
                "livenessProbe": {"exec": {"command": ["true"]}, "initialDelaySeconds": 0},
                "volumeMounts": [
                    {"name": "data", "mountPath": "/data"},
                    {"name": "tmp", "mountPath": "/tmp", "readOnly": False},
                ],
            },
            {"name": "side", "image": "docker.io/library/busybox:1"},
        ],
        "initContainers": [{"name": "first", "image": "docker.io/library/busybox:1", "command": ["true"]}],
        "volumes": [
            {"name": "data", "emptyDir": {"sizeLimit": "1Gi"}},
            {"name": "tmp", "emptyDir": {}},
            {
                "name": "token",
                "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}, {"secret": {"name": "vault"}}]},
            },
        ],
        "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": _LABELS},
            }
        ],
        "hostAliases": [{"ip": "10.0.0.9", "hostnames": ["db"]}],
        "imagePullSecrets": [{"name": "registry"}],
        "securityContext": {"runAsUser": 999, "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "affinity": {
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "weight": 1,
                        "podAffinityTerm": {
                            "topologyKey": "kubernetes.io/hostname",
                            "labelSelector": {"matchLabels": _LABELS},
                        },
                    }
                ]
            }
        },
        "terminationGracePeriodSeconds": 30,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "hostNetwork": False,
    }


def template() -> Object:
    return {"metadata": {"labels": dict(_LABELS), "annotations": {"note": "1"}}, "spec": pod_spec()}


def deployment() -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta(annotations={"note": "x"}),
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": dict(_LABELS)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "25%"}},
            "template": template(),
        },
    }


def stateful_set() -> Object:
    claim = {
        "metadata": {"name": "data", "labels": dict(_LABELS)},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": meta(),
        "spec": {
            "replicas": 0,
            "serviceName": "a",
            "podManagementPolicy": "Parallel",
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
            "selector": {"matchLabels": dict(_LABELS)},
            "template": template(),
            "volumeClaimTemplates": [claim],
        },
    }


def others() -> list[Object]:
    """Small objects of the other kinds."""
    selector = {"matchLabels": dict(_LABELS)}
    peer = {"podSelector": {}, "namespaceSelector": {"matchLabels": {"team": "nlp"}}}
    backend = {"service": {"name": "a", "port": {"number": 80}}}
    job = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}
    return [
        _of("v1", "ConfigMap", data={"size": "10", "word": "x"}, binaryData={"b": "AAEC"}),
        _of(
            "v1",
            "Service",
            spec={
                "selector": dict(_LABELS),
                "ports": [
                    {"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"},
                    {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP"},
                ],
            },
        ),
        _of(
            "v1",
            "PersistentVolumeClaim",
            spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        ),
        _of("v1", "ServiceAccount", automountServiceAccountToken=False, imagePullSecrets=[{"name": "registry"}]),
        _of(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            spec={
                "podSelector": selector,
                "policyTypes": ["Ingress"],
                "ingress": [{"from": [peer, {"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 8080}]}],
            },
        ),
        _of("policy/v1", "PodDisruptionBudget", spec={"maxUnavailable": "50%", "selector": selector}),
        _of(
            "networking.k8s.io/v1",
            "Ingress",
            spec={
                "ingressClassName": "nginx",
                "rules": [
                    {"host": "a.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
                ],
            },
        ),
        _of(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            spec={
                "minReplicas": 1,
                "maxReplicas": 3,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"},
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}},
                    }
                ],
            },
        ),
        _of("batch/v1", "CronJob", spec={"schedule": "0 0 * * *", "suspend": True, "jobTemplate": {"spec": job}}),
        _of("batch/v1", "Job", spec={"suspend": True, "backoffLimit": 2, **job}),
    ]


def everything() -> list[Object]:
    """One object of each kind."""
    daemon_set = deployment()
    daemon_set["kind"] = "DaemonSet"
    del daemon_set["spec"]["replicas"], daemon_set["spec"]["strategy"]
    return [deployment(), stateful_set(), daemon_set, *others()]


def changed(item: Object, **paths: Any) -> Object:
    """A copy; for scripts of small changes see `edited`."""
    return {**deepcopy(item), **paths}


def managed(item: Object, *entries: Object) -> Object:
    """A copy with records of its managers."""
    return {**item, "metadata": {**item["metadata"], "managedFields": list(entries)}}


def entry(manager: str, fields: Any, time: str = "2026-01-01T00:00:00Z", **more: str) -> Object:
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": "apps/v1",
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        **more,
    }


def text(item: Object) -> str:
    return json.dumps(item)


def _of(api_version: str, kind: str, **content: Any) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": meta(), **content}

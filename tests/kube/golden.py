"""What each recipe becomes on Kubernetes, as files; written anew only by `python -m tests.kube.golden`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.kube.render import manifests
from reconciler.kube.render.manifests import Manifest
from reconciler.kube.render.text import dump
from reconciler.models.wanted import ResolvedService
from tests.kube.services import changed, resolved, target

FOLDER = Path(__file__).parent / "golden"
#: As an operator of a cluster with all that is optional would set it.
TARGET = target(
    gpu_resource="nvidia.com/gpu",
    gpu_types={"a100": {"nvidia.com/gpu.product": "A100"}},
    gpu_tolerations=({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},),
    storage_class="fast",
    access_mode="ReadWriteMany",
    service_accounts=("builder",),
    kinds=("batch/v1/CronJob",),
)
_SECRET = {"name": "vault", "key": "word"}


@dataclass(frozen=True, slots=True)
class Sample:
    """A service, and the optional kinds of the cluster that it is rendered for."""

    service: ResolvedService
    served: frozenset[str] = frozenset()

    def manifest(self, owner: str = "factory") -> Manifest:
        """What it becomes."""
        return manifests.render(self.service, TARGET, owner, self.served)


def samples(namespace: str = "ai") -> Mapping[str, Sample]:
    """One service of each recipe, and one of each further shape, by the name of its file."""
    return {**_recipes(namespace), **_shapes(namespace)}


def _recipes(namespace: str) -> dict[str, Sample]:
    users = {"MINIO_ROOT_USER": _SECRET, "MINIO_ROOT_PASSWORD": _SECRET}
    made = {
        "vllm": resolved(
            "llama",
            "vllm",
            namespace,
            replicas=2,
            config={"model": "meta-llama/Llama-3.1-8B-Instruct"},
            resources={"gpus": 4, "gpuType": "a100", "memory": "64Gi"},
            secrets={"HF_TOKEN": _SECRET},
            kubernetes={"tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]},
        ),
        "triton": resolved(
            "triton", "triton", namespace, config={"modelRepository": "s3://models"}, env={"PRICE": "$(HOME) $5"}
        ),
        "minio": resolved("minio", "minio", namespace, secrets=users),
        "seaweedfs": resolved("weed", "seaweedfs", namespace),
        "postgresql": resolved("pg", "postgresql", namespace, replicas=2, secrets={"POSTGRES_PASSWORD": _SECRET}),
        "chroma": resolved("chroma", "chroma", namespace),
        "faiss": resolved("index", "faiss", namespace, rollout={"maxSurge": 0}, ignore=["/spec/replicas"]),
    }
    return {name: Sample(service) for name, service in made.items()}


def _shapes(namespace: str) -> dict[str, Sample]:
    kubernetes: dict[str, Any] = {
        "serviceAccount": "builder",
        "topologySpread": {"key": "topology.kubernetes.io/zone", "mode": "hard"},
        "networkPolicy": {
            "allow": [
                {"pods": {"app": "gateway"}},
                {"namespace": "monitoring", "pods": {"app.kubernetes.io/name": "prometheus"}},
                {"namespace": "clients"},
                {"cidr": "10.0.0.0/8"},
            ]
        },
        "podDisruptionBudget": {"minAvailable": "50%"},
    }
    several = changed(resolved("ray", "faiss", namespace, replicas=2, nodes=3), multiNode=True)
    guarded = changed(
        several,
        service={"kubernetes": {"networkPolicy": {}, "podDisruptionBudget": {"minAvailable": 1}}},
    )
    return {
        "several-machines": Sample(several),
        "several-machines-lws": Sample(guarded, frozenset({"LeaderWorkerSet"})),
        "guarded": Sample(resolved("guarded", "faiss", namespace, replicas=3, kubernetes=kubernetes)),
        "monitored": Sample(
            resolved("monitored", "seaweedfs", namespace, kubernetes={"topologySpread": {"mode": "none"}}),
            frozenset({"ServiceMonitor", "PodMonitor"}),
        ),
        "monitored-pods": Sample(resolved("pods", "faiss", namespace), frozenset({"PodMonitor"})),
        "mounted": Sample(_mounted(namespace)),
        "probed": Sample(_probed(namespace)),
        "custom": Sample(_custom(namespace)),
    }


def _mounted(namespace: str) -> ResolvedService:
    """Claims that are there already, one of them at two places."""
    mounts = [
        {"claim": "models", "path": "/models", "subPath": "search/production"},
        {"claim": "cache", "path": "/cache", "readOnly": False},
        {"claim": "models", "path": "/tokenizers", "subPath": "tokenizers"},
    ]
    config = {"indexFile": "/models/demo.faiss"}
    return resolved("mounted", "faiss", namespace, config=config, kubernetes={"mounts": mounts})


def _probed(namespace: str) -> ResolvedService:
    """All that the kubelet can be told of health: gRPC, more than one good answer, a first request, no restart."""
    health = {
        "grpc": {"port": "http", "service": "search.Index"},
        "startup": "1m",
        "interval": "5s",
        "timeout": "2s",
        "successes": 2,
        "firstRequest": {"port": "http", "path": "/first", "timeout": "20s"},
        "restartAfter": None,
    }
    return changed(resolved("probed", "faiss", namespace), health=health)


def _custom(namespace: str) -> ResolvedService:
    service = resolved(
        "custom",
        "faiss",
        namespace,
        kubernetes={
            "patches": [
                {"target": {"kind": "Service"}, "patch": {"spec": {"sessionAffinity": "ClientIP"}}},
                {
                    "target": {"kind": "Deployment", "name": "custom"},
                    "patch": [
                        {"op": "add", "path": "/metadata/annotations/example.com~1team", "value": "search"},
                        {"op": "add", "path": "/spec/template/spec/priorityClassName", "value": "batch"},
                        {"op": "remove", "path": "/spec/revisionHistoryLimit"},
                    ],
                },
            ]
        },
    )
    return changed(
        service,
        kubernetes={
            "objects": [
                {
                    "apiVersion": "batch/v1",
                    "kind": "CronJob",
                    "metadata": {"name": "${service.name}-backup", "labels": {"part": "backup"}},
                    "spec": {
                        "schedule": "0 3 * * *",
                        "jobTemplate": {"spec": {"template": {"spec": _backup()}}},
                    },
                },
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": "${service.name}-notes"},
                    "data": {"dimension": "has ${config.dimension} numbers", "price": "$5"},
                },
            ],
            "patches": [
                {
                    "target": {"kind": "Service"},
                    "patch": {"spec": {"sessionAffinity": "None", "externalTrafficPolicy": None}},
                }
            ],
        },
    )


def _backup() -> dict[str, Any]:
    container = {
        "name": "backup",
        "image": "example.com/backup:1",
        "args": ["--from=http://${service.name}:${port.http}"],
        "ports": [{"containerPort": "${port.http}"}],
    }
    return {"restartPolicy": "Never", "containers": [container]}


def text(sample: Sample) -> str:
    """The objects of a service as YAML."""
    return dump(sample.manifest().objects)


def main() -> None:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    for name, sample in samples().items():
        (FOLDER / f"{name}.yaml").write_text(text(sample))


if __name__ == "__main__":
    main()

"""What each recipe becomes on Kubernetes, as files; written anew only by `python -m tests.kube.golden`."""

from __future__ import annotations

from pathlib import Path

from reconciler.kube.render import manifests
from reconciler.kube.render.text import dump
from reconciler.models.wanted import ResolvedService
from tests.kube.services import resolved, target

FOLDER = Path(__file__).parent / "golden"
_TARGET = target(
    gpu_resource="nvidia.com/gpu", gpu_types={"a100": {"nvidia.com/gpu.product": "A100"}}, storage_class="fast"
)


def samples() -> dict[str, ResolvedService]:
    """One service of each recipe, by the name of its file."""
    secrets = {"name": "vault", "key": "word"}
    return {
        "vllm": resolved(
            "llama",
            "vllm",
            replicas=2,
            config={"model": "meta-llama/Llama-3.1-8B-Instruct"},
            resources={"gpus": 4, "gpuType": "a100", "memory": "64Gi"},
            secrets={"HF_TOKEN": secrets},
            kubernetes={"tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]},
        ),
        "triton": resolved("triton", "triton", config={"modelRepository": "s3://models"}, env={"PRICE": "$(HOME) $5"}),
        "minio": resolved("minio", "minio", secrets={"MINIO_ROOT_USER": secrets, "MINIO_ROOT_PASSWORD": secrets}),
        "seaweedfs": resolved("weed", "seaweedfs"),
        "postgresql": resolved("pg", "postgresql", replicas=2, secrets={"POSTGRES_PASSWORD": secrets}),
        "chroma": resolved("chroma", "chroma"),
        "faiss": resolved("index", "faiss", rollout={"maxSurge": 0}, ignore=["/spec/replicas"]),
    }


def text(service: ResolvedService) -> str:
    """The objects of a service as YAML."""
    return dump(manifests.render(service, _TARGET, "factory").objects)


def main() -> None:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    for name, service in samples().items():
        (FOLDER / f"{name}.yaml").write_text(text(service))


if __name__ == "__main__":
    main()

"""What each recipe becomes on Slurm, as files; written anew only by `python -m tests.slurm.golden`."""

from __future__ import annotations

from pathlib import Path

from reconciler.models.wanted import ResolvedService
from reconciler.settings import SlurmTarget
from reconciler.slurm.job.sbatch import template
from reconciler.slurm.job.script import SUPERVISOR
from tests.slurm.services import resolved, shipped, target

FOLDER = Path(__file__).parent / "golden"
TARGETS: dict[str, SlurmTarget] = {
    "none": target(
        path=("/opt/services/bin",), setup=("module load env/release",), transport={"bin": "/opt/slurm/bin"}
    ),
    "apptainer": target(runtime="apptainer"),
}


def samples() -> dict[str, ResolvedService]:
    """One service of each recipe, by the recipe's name."""
    secrets = {"name": "vault", "key": "word"}
    slurm = {"partition": "gpu", "account": "p200", "qos": "default", "time": "24h"}
    return {
        "vllm": resolved(
            "llama",
            shipped("vllm"),
            config={"model": "meta-llama/Llama-3.1-8B-Instruct", "extraArgs": ("--seed=1", "it's; $(rm -rf /)")},
            resources={"gpus": 4, "gpuType": "a100", "memory": "64Gi"},
            secrets={"HF_TOKEN": secrets},
            slurm={**slurm, "reservation": "course", "constraint": "a100&nvlink"},
        ),
        "triton": resolved("triton", shipped("triton"), config={"modelRepository": "s3://m"}, env={"PRICE": "$5 `id`"}),
        "minio": resolved(
            "minio", shipped("minio"), secrets={"MINIO_ROOT_USER": secrets, "MINIO_ROOT_PASSWORD": secrets}
        ),
        "seaweedfs": resolved("weed", shipped("seaweedfs"), slurm=slurm),
        "postgresql": resolved("pg", shipped("postgresql"), secrets={"POSTGRES_PASSWORD": secrets}, slurm=slurm),
        "chroma": resolved("chroma", shipped("chroma")),
        "faiss": resolved("index", shipped("faiss"), config={"indexFile": "/data/a.index"}),
    }


def text(recipe: str, runtime: str) -> str:
    """Options and script of a recipe's service, without the supervisor, which is the same everywhere."""
    made = template(samples()[recipe], TARGETS[runtime])
    return "\n".join([*made.all, made.body.removeprefix(SUPERVISOR)])


def cases() -> list[tuple[str, str]]:
    """Each recipe with each runtime."""
    return [(recipe, runtime) for recipe in sorted(samples()) for runtime in TARGETS]


def main() -> None:
    """Write all files."""
    for recipe, runtime in cases():
        (FOLDER / f"{recipe}.{runtime}.txt").write_text(text(recipe, runtime))


if __name__ == "__main__":
    main()

"""A service's folders in a job, as words of bash for `data.sh`. Pure."""

from __future__ import annotations

from reconciler.models.recipe import Volume
from reconciler.models.units import quantity_bytes
from reconciler.models.wanted import ResolvedService
from reconciler.settings import SlurmTarget
from reconciler.slurm.job import shell


def assignments(service: ResolvedService, target: SlurmTarget) -> list[str]:
    """What `data.sh` wants to know; sizes are in bytes."""
    return [
        f"data_folder={shell.quote(str(target.folders.data))}",
        f"recipe_name={shell.quote(service.recipe.metadata.name)}",
        f"stateful={int(service.recipe.spec.stateful)}",
        shell.table("volumes", {name: _kind(volume) for name, volume in service.storage.items()}),
        shell.table("sizes", {name: str(quantity_bytes(volume.size)) for name, volume in service.storage.items()}),
    ]


def _kind(volume: Volume) -> str:
    return "memory" if volume.memory else "persistent" if volume.persistent else "scratch"

"""A service's folders in a job, as words of bash for `data.sh`. Pure."""

from __future__ import annotations

from reconciler.models.recipe import Volume
from reconciler.models.wanted import ResolvedService
from reconciler.settings import SlurmTarget
from reconciler.slurm.job import shell


def assignments(service: ResolvedService, target: SlurmTarget) -> list[str]:
    """What `data.sh` wants to know."""
    spec = service.recipe.spec
    return [
        f"data_folder={shell.quote(str(target.folders.data))}",
        f"stateful={int(spec.stateful)}",
        shell.table("volumes", {name: _kind(volume) for name, volume in spec.storage.items()}),
    ]


def _kind(volume: Volume) -> str:
    return "memory" if volume.memory else "persistent" if volume.persistent else "scratch"

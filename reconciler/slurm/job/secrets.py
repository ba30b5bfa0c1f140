"""Where the secrets of a service are on a Slurm site, as words of bash for `secrets.sh`. Pure."""

from __future__ import annotations

from reconciler.errors import RefusedError
from reconciler.models.service import SecretReference
from reconciler.models.wanted import ResolvedService
from reconciler.settings import SlurmTarget
from reconciler.slurm.job import shell


def assignments(service: ResolvedService, target: SlurmTarget) -> list[str]:
    """What `secrets.sh` wants to know. Raises RefusedError."""
    return [shell.table("secret_files", secret_files(service, target))]


def secret_files(service: ResolvedService, target: SlurmTarget) -> dict[str, str]:
    """The file of each secret that the service refers to. Raises RefusedError when the target has no such folder."""
    secrets = service.service.spec.secrets
    if secrets and target.folders.secrets is None:
        raise RefusedError(
            f"{service.file}: spec.secrets: target {service.target} has no secrets; set folders.secrets in the settings"
        )
    return {name: _secret_file(reference, target) for name, reference in secrets.items()}


def _secret_file(reference: SecretReference, target: SlurmTarget) -> str:
    return f"{target.folders.secrets}/{reference.name}/{reference.key}"

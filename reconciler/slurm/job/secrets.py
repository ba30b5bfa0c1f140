"""Where the secrets of a service are on a Slurm site, as words of bash for `secrets.sh`. Pure.

They are files of the operator, or come from the operator's command, which the job asks. What is made for a service is
always a file, and so is what another service names of it: the command does not know it.
"""

from __future__ import annotations

from reconciler.desired.secrets import MADE
from reconciler.errors import RefusedError
from reconciler.models.service import SecretReference
from reconciler.models.wanted import ResolvedService
from reconciler.settings import SlurmTarget
from reconciler.slurm.job import shell


def assignments(service: ResolvedService, target: SlurmTarget) -> list[str]:
    """What `secrets.sh` wants to know. Raises RefusedError."""
    asked = secret_words(service, target)
    lengths = {name: str(length) for name, length in service.generated.items()}
    command = " ".join(map(shell.quote, target.secret_command)) if asked else ""
    return [
        shell.table("secret_files", secret_files(service, target)),
        shell.table("secret_lengths", lengths),
        shell.table("secret_words", asked),
        f"secret_command=({command})",
    ]


def secret_files(service: ResolvedService, target: SlurmTarget) -> dict[str, str]:
    """The file of each secret of the service that is in one. Raises RefusedError when the target has no such folder."""
    asked = secret_words(service, target)
    found = {name: one for name, one in service.service.spec.secrets.items() if name not in asked}
    if found and target.folders.secrets is None:
        raise RefusedError(
            f"{service.file}: spec.secrets: target {service.target} has no secrets; set folders.secrets in the settings"
        )
    return {name: f"{target.folders.secrets}/{one.name}/{one.key}" for name, one in found.items()}


def secret_words(service: ResolvedService, target: SlurmTarget) -> dict[str, str]:
    """The last two words of the operator's command for each secret that comes from it; neither has a blank."""
    if not target.secret_command:
        return {}
    secrets = service.service.spec.secrets.items()
    return {name: f"{one.name} {one.key}" for name, one in secrets if not _is_made(one, name, service, target)}


def bound_files(service: ResolvedService, target: SlurmTarget) -> list[str]:
    """The secrets of the service whose files are on all machines of a job: answers of the command are on the first."""
    files = secret_files(service, target)
    return [name for name in service.service.spec.secrets if service.service.spec.nodes == 1 or name in files]


def readable(name: str, service: ResolvedService, target: SlurmTarget) -> str:
    """The same name, of a secret that is read as a file. Raises RefusedError when not all machines have that file."""
    if name in service.service.spec.secrets and name not in bound_files(service, target):
        raise RefusedError(
            f"{service.file}: spec.secrets.{name}: the recipe reads it as a file, and on several machines there is "
            "none of what `secretCommand` answers; put it into `folders.secrets`, or ask for one machine"
        )
    return name


def _is_made(reference: SecretReference, name: str, service: ResolvedService, target: SlurmTarget) -> bool:
    return name in service.generated or (target.folders.secrets is not None and reference.name.endswith(MADE))

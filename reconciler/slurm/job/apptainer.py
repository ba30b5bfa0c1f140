"""How `apptainer` is called in a job, as words of bash: for the server, what runs beside it, and its exporter. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.models.arguments import Argument
from reconciler.settings import SlurmTarget
from reconciler.slurm.job import shell

#: Where a container has the files of secrets.
SECRETS_INSIDE = "/run/secrets"
#: Apptainer's --env splits at commas and shows secrets in the process list; variables with this prefix do not.
INTO_CONTAINER = "APPTAINERENV_"
#: Without --no-eval a shell in the container would read values of the environment and arguments (apptainer-run(1)).
_CONTAINED = ("--containall", "--no-eval", '--workdir "$scratch"')


def call(verb: str, options: Iterable[str], image: str, arguments: str) -> str:
    """The words after `apptainer`; the container has nothing of the host but what `options` bind."""
    return " ".join([verb, *_CONTAINED, *options, shell.quote(image), arguments]).rstrip()


def verb_of(command: Sequence[Argument]) -> str:
    """How a container starts: with a command of the recipe, or as its image says."""
    return "exec" if command else "run"


def bind_volume(name: str, path: str) -> str:
    """The option for a volume of the service."""
    return f'--bind "${{storage[{name}]}}":{path}'


def bind_secret(name: str) -> str:
    """The option for the file of a secret."""
    return f'--bind "${{secret_files[{name}]}}":{SECRETS_INSIDE}/{name}:ro'


def image_of(image: str, target: SlurmTarget) -> str:
    """The image file under the name that `apptainer pull` gives it, or the registry's address.

    Apptainer takes a tag or a digest, not both: the digest goes to the registry, the file is named after the tag.
    """
    tagged, _, digest = image.partition("@")
    repository, slash, last = tagged.rpartition("/")
    name = last.partition(":")[0]
    if target.folders.images is None:
        return f"docker://{repository}{slash}{name}@{digest}" if digest else f"docker://{tagged}"
    tag = last if ":" in last or not digest else f"{last}_{digest}"
    return f"{target.folders.images}/{tag.replace(':', '_')}.sif"

"""The two forms in which a service runs in a job: programs of the site, or a container under Apptainer.

A form says how references are written, which commands start and probe the service, and under which prefix the
service's environment is exported.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.desired.arguments import Parts, Reference, environment, expand, of_machines
from reconciler.desired.inputs import inputs_of
from reconciler.errors import RefusedError
from reconciler.models.arguments import Argument
from reconciler.models.start import Process, Step
from reconciler.models.wanted import ResolvedService
from reconciler.settings import SlurmTarget
from reconciler.slurm.job import shell
from reconciler.slurm.job.home import home_of
from reconciler.slurm.job.secrets import bound_files, readable

#: Where a container has the files of secrets.
SECRETS_INSIDE = "/run/secrets"
_INTO_APPTAINER = "APPTAINERENV_"
#: Without --no-eval a shell in the container would read values of the environment and arguments (apptainer-run(1)).
CONTAINED = ("--containall", "--no-eval", '--workdir "$scratch"')
#: For a container. Where it is not set all are to be seen; an empty value would hide them.
CUDA = '[[ ! -v CUDA_VISIBLE_DEVICES ]] || export {prefix}CUDA_VISIBLE_DEVICES="$CUDA_VISIBLE_DEVICES"'
#: A container has one of its own, as large as half of the memory; nothing else can be bound there.
_SHM = "/dev/shm"  # noqa: S108 - a path of a volume, nothing is written here


@dataclass(frozen=True, slots=True)
class Form:
    """How one service runs: everything as words of bash.

    `start` and `wrap` are commands: the server's own, and what stands before a command that is to run beside it.
    `env_prefix` stands before the names of exported variables. `steps` are those of the recipe, in order. `programs`
    are those without which nothing of it starts, and `checks` lines of bash that look for what else it needs.
    """

    start: str
    wrap: str
    resolve: shell.Resolve
    env: Mapping[str, Parts]
    env_prefix: str = ""
    steps: tuple[Step, ...] = ()
    programs: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()


def form_of(service: ResolvedService, target: SlurmTarget) -> Form:
    """The form that the target's runtime asks for. Raises RefusedError when the service has no such form."""
    match target.runtime:
        case "none":
            return _programs(service, target)
        case "apptainer":
            return _apptainer(service, target)


def _resolver(storage: Callable[[str], str], secret: Callable[[str], str]) -> shell.Resolve:
    """How references are written; folders and secret files are elsewhere inside a container, ports are not."""

    def resolve(reference: Reference) -> str:
        match reference.kind:
            case "port":
                return f'"${{ports[{reference.name}]}}"'
            case "storage":
                return storage(reference.name)
            case "secretfile":
                return secret(reference.name)
            case "host":
                return "0.0.0.0"  # noqa: S104 - a service listens on all addresses of its node, to be reached
            case "nodes":
                raise ValueError("only a task knows its place; the batch script does not")

    return resolve


def _programs(service: ResolvedService, target: SlurmTarget) -> Form:
    process = service.recipe.spec.start.process
    if process is None:
        raise RefusedError(
            f"{service.file}: spec.recipe: {service.recipe.metadata.name} runs in containers only, and target "
            f"{service.target} has none; choose a target with a container runtime"
        )

    def secret(name: str) -> str:
        return f'"${{secret_files[{readable(name, service, target)}]}}"'

    resolve = _resolver(lambda name: f'"${{storage[{name}]}}"', secret)
    return Form(
        start=_srun(service, "") + shell.words(expand(process.command, service), resolve),
        wrap="",
        resolve=resolve,
        env=environment(process.env, service),
        steps=process.prepare,
        programs=_needed(service, process),
    )


def _needed(service: ResolvedService, process: Process) -> tuple[str, ...]:
    """The programs that its commands begin with, each once, as far as they are plain names."""
    probe = service.recipe.spec.health.exec
    commands = [process.command, *(step.command for step in process.prepare), probe.command if probe else ()]
    words = [next(iter(expand(command, service)), ()) for command in commands]
    return tuple(dict.fromkeys(word[0] for word in words if len(word) == 1 and isinstance(word[0], str)))


def _apptainer(service: ResolvedService, target: SlurmTarget) -> Form:
    container = service.recipe.spec.start.container
    volumes = service.recipe.spec.storage
    env = environment(container.env, service)

    def secret(name: str) -> str:
        return f"{SECRETS_INSIDE}/{readable(name, service, target)}"

    resolve = _resolver(lambda name: shell.quote(volumes[name].path), secret)
    home = home_of(parts, volumes) if (parts := env.pop("HOME", ())) else None
    options = " ".join([*CONTAINED, *([home.option] if home else []), *_options(service, target)])

    def command(verb: str, arguments: Sequence[Argument]) -> str:
        words = [verb, options, shell.quote(image_of(service.recipe.spec.image, target))]
        return " ".join([*words, shell.words(expand(arguments, service), resolve)]).rstrip()

    start = (
        command("apptainer exec", (*container.command, *container.args))
        if container.command
        else command("apptainer run", container.args)
    )
    return Form(
        start=_srun(service, _INTO_APPTAINER) + start,
        wrap=command("apptainer exec", ()) + " ",
        resolve=resolve,
        env=env,
        # Apptainer's --env splits at commas and shows secrets in the process list; variables with this prefix do not.
        env_prefix=_INTO_APPTAINER,
        programs=("apptainer",),
        checks=(*_checks(service, target), *([f"mkdir -p -- {home.folder}"] if home else [])),
    )


def _checks(service: ResolvedService, target: SlurmTarget) -> tuple[str, ...]:
    image = service.recipe.spec.image
    if target.folders.images is None:
        return ()
    registry = target.model_copy(update={"folders": target.folders.model_copy(update={"images": None})})
    return (f"needs_image {shell.quote(image_of(image, target))} {shell.quote(image_of(image, registry))}",)


def _options(service: ResolvedService, target: SlurmTarget) -> list[str]:
    """What every container of the service gets: of the host only its volumes, secret files, inputs and GPUs."""
    volumes = {name: one.path for name, one in service.recipe.spec.storage.items() if one.path != _SHM}
    binds = [f'--bind "${{storage[{name}]}}":{path}' for name, path in volumes.items()]
    secrets = bound_files(service, target)
    binds += [f'--bind "${{secret_files[{name}]}}":{SECRETS_INSIDE}/{name}:ro' for name in secrets]
    inputs = [one.path for one in inputs_of(service)]
    binds += [f"--bind {shell.quote(path)}:{shell.quote(path)}:ro" for path in dict.fromkeys(inputs)]
    folders = (target.folders.data, target.folders.secrets, *inputs)
    unsafe = [str(folder) for folder in folders if re.search("[,:]", str(folder))]
    if unsafe:
        raise RefusedError(f"Apptainer cannot bind {unsafe[0]}: it has a comma or a colon in its name")
    gpus = ["--nv"] if service.resources.gpus else []
    return [*gpus, *binds]


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


def _srun(service: ResolvedService, env_prefix: str) -> str:
    """One task of a job step on each machine, when there are several; each is told which one it is."""
    nodes = service.service.spec.nodes
    if nodes == 1:
        return ""
    if not service.recipe.spec.multi_node:
        raise RefusedError(
            f"{service.file}: spec.nodes: recipe {service.recipe.metadata.name} runs on one machine; found {nodes}, "
            "expected 1"
        )
    # Since 22.05, srun does not take --cpus-per-task over from sbatch by itself.
    cpus = f"--cpus-per-task={math.ceil(service.resources.cpus)} " if service.resources.cpus else ""
    task = f"bash -c {shell.quote(_task(service, env_prefix))} task "
    return f"srun --nodes={nodes} --ntasks={nodes} --ntasks-per-node=1 --kill-on-bad-exit=1 {cpus}{task}"


def _task(service: ResolvedService, env_prefix: str) -> str:
    """What one task does with its words: it adds what only it knows, and becomes the server."""

    def resolve(reference: Reference) -> str:
        return f'"${port_variable(reference.name)}"' if reference.kind == "port" else places[reference.name]

    leader = f'"${env_prefix}RECONCILER_LEADER"'
    places = {"count": str(service.service.spec.nodes), "rank": '"$SLURM_PROCID"', "leader": leader}
    each = shell.words(of_machines(service), resolve)
    others = shell.words(of_machines(service, leads=False), resolve)
    more = f'set -- "$@" {each}; ' if each else ""
    if others != each:
        more = f'if [ "$SLURM_PROCID" = 0 ]; then set -- "$@" {each}; else set -- "$@" {others}; fi; '
    # Slurm says on each machine which GPUs are the job's there.
    gpus = CUDA.format(prefix=env_prefix) + "; " if env_prefix and service.resources.gpus else ""
    return f'export {env_prefix}RECONCILER_RANK=$SLURM_PROCID; {gpus}{more}exec "$@"'


def ports_of_machines(service: ResolvedService) -> list[str]:
    """The ports that its tasks are to know, by name."""
    parts = (part for words in of_machines(service, leads=False) for part in words)
    return sorted({part.name for part in parts if isinstance(part, Reference) and part.kind == "port"})


def port_variable(name: str) -> str:
    """The variable by which the tasks of a job know a port that the job has found."""
    return f"RECONCILER_PORT_{name.upper().replace('-', '_')}"

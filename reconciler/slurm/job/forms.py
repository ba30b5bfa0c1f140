"""The two forms in which a service runs in a job: programs of the site, or a container under Apptainer.

A form says how references are written, which commands start and probe the service, and under which prefix the
service's environment is exported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reconciler.desired.arguments import Parts, Reference, environment, expand
from reconciler.desired.inputs import inputs_of
from reconciler.errors import RefusedError
from reconciler.models.start import Process, Step
from reconciler.models.wanted import ResolvedService
from reconciler.settings import SlurmTarget
from reconciler.slurm.job import shell
from reconciler.slurm.job.apptainer import (
    INTO_CONTAINER,
    SECRETS_INSIDE,
    bind_secret,
    bind_volume,
    call,
    image_of,
    verb_of,
)
from reconciler.slurm.job.home import home_of
from reconciler.slurm.job.machines import srun
from reconciler.slurm.job.secrets import bound_files, readable

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
        start=srun(service, "") + shell.words(expand(process.command, service), resolve),
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
    options = [*([home.option] if home else []), *_options(service, target)]
    image = image_of(service.recipe.spec.image, target)
    arguments = shell.words(expand((*container.command, *container.args), service), resolve)
    return Form(
        start=f"{srun(service, INTO_CONTAINER)}apptainer {call(verb_of(container.command), options, image, arguments)}",
        wrap=f"apptainer {call('exec', options, image, '')} ",
        resolve=resolve,
        env=env,
        env_prefix=INTO_CONTAINER,
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
    binds = [bind_volume(name, path) for name, path in volumes.items()]
    binds += [bind_secret(name) for name in bound_files(service, target)]
    inputs = [one.path for one in inputs_of(service)]
    binds += [f"--bind {shell.quote(path)}:{shell.quote(path)}:ro" for path in dict.fromkeys(inputs)]
    folders = (target.folders.data, target.folders.secrets, *inputs)
    unsafe = [str(folder) for folder in folders if re.search("[,:]", str(folder))]
    if unsafe:
        raise RefusedError(f"Apptainer cannot bind {unsafe[0]}: it has a comma or a colon in its name")
    gpus = ["--nv"] if service.resources.gpus else []
    return [*gpus, *binds]

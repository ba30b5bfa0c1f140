"""The exporter beside a server in a job, as words of bash for `exporter.sh`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.desired.arguments import Parts, Reference, expand, expand_env
from reconciler.desired.exporting import exporter_port
from reconciler.models.exporter import Exporter
from reconciler.models.wanted import ResolvedService
from reconciler.settings import SlurmTarget
from reconciler.slurm.job import shell
from reconciler.slurm.job.apptainer import bind_secret, bind_volume, call, image_of, verb_of
from reconciler.slurm.job.forms import Form

#: The first that is found of `exporter_names`, as `exporter.sh` says.
_PROGRAM = '"$exporter_program"'


@dataclass(frozen=True, slots=True)
class _Start:
    """How it starts: `names` of the program, all as words of bash; the words after it; the file of its image."""

    names: tuple[str, ...] = ()
    words: str = ""
    env: Mapping[str, Parts] = field(default_factory=dict)
    image: str = ""


def lines(service: ResolvedService, target: SlurmTarget, form: Form) -> list[str]:
    """What `exporter.sh` wants to know; nothing where the recipe has no exporter."""
    exporter = service.recipe.spec.exporter
    if exporter is None:
        return []
    start = _start(exporter, service, target, form)
    named = {variable: name for variable, name in exporter.secrets.items() if name in service.service.spec.secrets}
    exports = [f"export {form.env_prefix}{name}={shell.word(parts, form.resolve)}" for name, parts in start.env.items()]
    return [
        f"exporter_port={exporter_port(service.recipe.spec)}",
        f"exporter_names=({' '.join(start.names)})",
        f"exporter_image={shell.quote(start.image)}",
        shell.table("exporter_secrets", named),
        *shell.function("exporter_environment", exports),
        *shell.function("exporter_command", [f"exporter_argv=({_PROGRAM} {start.words})"]),
    ]


def command(service: ResolvedService, target: SlurmTarget, form: Form) -> list[str]:
    """Its command, for people; nothing where there is none."""
    exporter = service.recipe.spec.exporter
    start = _start(exporter, service, target, form) if exporter else _Start()
    return [f"{start.names[0]} {start.words}"] if start.names else []


def _start(exporter: Exporter, service: ResolvedService, target: SlurmTarget, form: Form) -> _Start:
    match target.runtime:
        case "none":
            return _program(exporter, service, form)
        case "apptainer":
            return _apptainer(exporter, service, target, form)


def _program(exporter: Exporter, service: ResolvedService, form: Form) -> _Start:
    process = exporter.process
    if process is None:
        return _Start()
    first, *arguments = expand(process.command, service)
    return _Start(
        names=(shell.word(first, form.resolve), *map(shell.quote, process.names)),
        words=shell.words(arguments, form.resolve),
        env=expand_env({**exporter.env, **process.env}, service),
    )


def _apptainer(exporter: Exporter, service: ResolvedService, target: SlurmTarget, form: Form) -> _Start:
    """Of the host, its container has only what its words refer to."""
    container = exporter.container
    arguments = expand((*container.command, *container.args), service)
    env = expand_env({**exporter.env, **container.env}, service)
    image = image_of(exporter.image, target)
    binds = _binds(service, [*arguments, *env.values()])
    return _Start(
        names=("apptainer",),
        words=call(verb_of(container.command), binds, image, shell.words(arguments, form.resolve)),
        env=env,
        image="" if image.startswith("docker://") else image,
    )


def _binds(service: ResolvedService, texts: Iterable[Parts]) -> list[str]:
    used = {part for parts in texts for part in parts if isinstance(part, Reference)}
    folders = {name: volume.path for name, volume in service.recipe.spec.storage.items()}
    binds = [bind_volume(name, path) for name, path in folders.items() if Reference("storage", name) in used]
    files = sorted(one.name for one in used if one.kind == "secretfile")
    return [*binds, *map(bind_secret, files)]

"""The exporter beside a server in a job, as words of bash for `exporter.sh`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.desired.arguments import Parts, Reference, expand, expand_env
from reconciler.desired.exporting import exporter_port
from reconciler.models.exporter import Exporter
from reconciler.models.wanted import ResolvedService
from reconciler.settings import SlurmTarget
from reconciler.slurm.job import shell
from reconciler.slurm.job.forms import CONTAINED, SECRETS_INSIDE, Form, image_of

#: The first that is found of `exporter_names`, as `exporter.sh` says.
_PROGRAM = '"$exporter_program"'


def lines(service: ResolvedService, target: SlurmTarget, form: Form) -> list[str]:
    """What `exporter.sh` wants to know; nothing where the recipe has no exporter."""
    exporter = service.recipe.spec.exporter
    if exporter is None:
        return []
    named = {variable: name for variable, name in exporter.secrets.items() if name in service.service.spec.secrets}
    match target.runtime:
        case "none":
            form_lines = _program(exporter, service, form)
        case "apptainer":
            form_lines = _apptainer(exporter, service, target, form)
    return [f"exporter_port={exporter_port(service.recipe.spec)}", shell.table("exporter_secrets", named), *form_lines]


def _program(exporter: Exporter, service: ResolvedService, form: Form) -> list[str]:
    process = exporter.process
    if process is None:
        return ["exporter_names=()", *shell.function("exporter_environment", [])]
    first, *arguments = expand(process.command, service)
    names = " ".join([shell.word(first, form.resolve), *map(shell.quote, process.names)])
    words = " ".join([_PROGRAM, shell.words(arguments, form.resolve)])
    return [
        f"exporter_names=({names})",
        *_environment(expand_env({**exporter.env, **process.env}, service), form),
        *_command(words),
    ]


def _apptainer(exporter: Exporter, service: ResolvedService, target: SlurmTarget, form: Form) -> list[str]:
    """Of the host, its container has only what its words refer to."""
    container = exporter.container
    arguments = expand((*container.command, *container.args), service)
    env = expand_env({**exporter.env, **container.env}, service)
    image = image_of(exporter.image, target)
    verb = "exec" if container.command else "run"
    options = " ".join([*CONTAINED, *_binds(service, [*arguments, *env.values()])])
    words = f"{_PROGRAM} {verb} {options} {shell.quote(image)} {shell.words(arguments, form.resolve)}"
    return [
        "exporter_names=(apptainer)",
        f"exporter_image={shell.quote('' if image.startswith('docker://') else image)}",
        *_environment(env, form),
        *_command(words),
    ]


def _binds(service: ResolvedService, texts: Iterable[Parts]) -> list[str]:
    used = {part for parts in texts for part in parts if isinstance(part, Reference)}
    folders = {name: volume.path for name, volume in service.recipe.spec.storage.items()}
    binds = [f'--bind "${{storage[{name}]}}":{folders[name]}' for name in folders if Reference("storage", name) in used]
    files = sorted(one.name for one in used if one.kind == "secretfile")
    return [*binds, *(f'--bind "${{secret_files[{name}]}}":{SECRETS_INSIDE}/{name}:ro' for name in files)]


def _environment(env: Mapping[str, Parts], form: Form) -> list[str]:
    exports = [f"export {form.env_prefix}{name}={shell.word(parts, form.resolve)}" for name, parts in env.items()]
    return shell.function("exporter_environment", exports)


def _command(words: str) -> list[str]:
    return shell.function("exporter_command", [f"exporter_argv=({words.rstrip()})"])

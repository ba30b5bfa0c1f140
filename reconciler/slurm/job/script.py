"""The batch script: the supervisor of `slurm/inside`, then what the recipe and the site add to it. Pure."""

from __future__ import annotations

import math
import re
from importlib import resources
from pathlib import Path

from reconciler.desired.arguments import expand, expand_text
from reconciler.desired.inputs import inputs_of
from reconciler.models.recipe import Recipe
from reconciler.models.wanted import ResolvedService
from reconciler.settings import SlurmTarget
from reconciler.slurm.job import data, exporter, probing, secrets, shell
from reconciler.slurm.job.forms import Form, form_of
from reconciler.slurm.job.machines import CUDA, port_variable, ports_of_machines

_COMMENTS = re.compile(r"^ *#.*\n", re.MULTILINE)


def _program(name: str) -> str:
    """A file of bash without its comments: they would go into every submit, and a change of one into every digest."""
    return _COMMENTS.sub("", resources.files("reconciler.slurm.inside").joinpath(name).read_text("utf-8"))


_PARTS = ("report", "probe", "ports", "children", "data", "secrets", "exporter", "job")
#: The supervisor, the same in every script.
SUPERVISOR = "".join(_program(f"{name}.sh") for name in _PARTS)

#: Seconds for which a service without data goes on after it said that it stops, for its clients to move on.
_DRAIN = 2


def drain(recipe: Recipe) -> int:
    """For how many seconds a service still serves after it was asked to stop."""
    return 0 if recipe.spec.stateful else _DRAIN


def own_part(service: ResolvedService, target: SlurmTarget) -> str:
    """What comes after SUPERVISOR, for all replicas. Raises RefusedError when the service cannot run on the target."""
    return "\n".join([*_own(service, target), ""])


def _own(service: ResolvedService, target: SlurmTarget) -> list[str]:
    """What belongs to this service and this site, and the call that starts it all."""
    form = form_of(service, target)
    return [
        *_assignments(service, target, form),
        *shell.function("environment", _environment(service, form)),
        *shell.function("inputs", [*form.checks, *_inputs(service)]),
        *shell.function("prepare", _prepare(service, form)),
        *shell.function("server_command", [f"argv=({form.start})"]),
        *probing.functions(service, form),
        *exporter.lines(service, target, form),
        *target.setup,
        *_path(target),
        "supervise",
    ]


def _assignments(service: ResolvedService, target: SlurmTarget, form: Form) -> list[str]:
    spec = service.recipe.spec
    low, high = target.ports
    return [
        f"service={shell.quote(service.name)}",
        f"logs_folder={shell.quote(str(target.folders.logs))}",
        f"port_range=({low} {high})",
        f"port_names=({' '.join(spec.ports)})",
        f"machines={service.service.spec.nodes}",
        f"inner_ports=({' '.join(spec.start.machines.ports) if service.service.spec.nodes > 1 else ''})",
        *data.assignments(service, target),
        *secrets.assignments(service, target),
        f"env_prefix={form.env_prefix}",
        f"stop_signal={spec.stop.signal}",
        f"stop_grace={math.ceil(spec.stop.grace.total_seconds())}",
        f"drain={drain(service.recipe)}",
        *probing.assignments(spec.health, form),
    ]


def _environment(service: ResolvedService, form: Form) -> list[str]:
    lines = [f"export {form.env_prefix}{name}={shell.word(parts, form.resolve)}" for name, parts in form.env.items()]
    if service.service.spec.nodes > 1:
        # As on Kubernetes. The batch script runs on the first machine of a job, and so does rank 0.
        lines.append(f"export {form.env_prefix}RECONCILER_NODES={service.service.spec.nodes}")
        lines.append(f'export {form.env_prefix}RECONCILER_LEADER="$leader"')
        lines += [f'export {port_variable(name)}="${{ports[{name}]}}"' for name in ports_of_machines(service)]
    if form.env_prefix and service.resources.gpus:
        lines.append(CUDA.format(prefix=form.env_prefix))
    return lines


def _prepare(service: ResolvedService, form: Form) -> list[str]:
    stale = [f"forget_stale {one.storage} {shell.quote(one.file)}" for one in service.recipe.spec.start.stale]
    steps = [
        f"step {shell.word(expand_text(step.unless, service), form.resolve)} "
        + shell.words(expand(step.command, service), form.resolve)
        for step in form.steps
    ]
    return [*stale, *steps]


def _inputs(service: ResolvedService) -> list[str]:
    return [f"needs {one.kind} {one.parameter} {shell.quote(one.path)}" for one in inputs_of(service)]


def _path(target: SlurmTarget) -> list[str]:
    """Where the job finds programs: the site's folders first, and Slurm's own commands last, for the report."""
    last = [target.transport.bin] if target.transport.bin else []
    folders = [*map(_quoted, target.path), '"$PATH"', *map(_quoted, last)]
    return [f"export PATH={':'.join(folders)}"] if len(folders) > 1 else []


def _quoted(folder: Path) -> str:
    return shell.quote(str(folder))

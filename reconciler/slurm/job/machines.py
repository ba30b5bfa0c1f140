"""A replica on several machines: one task of a job step on each, which knows its place. Pure."""

from __future__ import annotations

import math

from reconciler.desired.arguments import Reference, of_machines
from reconciler.errors import RefusedError
from reconciler.models.wanted import ResolvedService
from reconciler.slurm.job import shell

#: For a container. Where it is not set all are to be seen; an empty value would hide them.
CUDA = '[[ ! -v CUDA_VISIBLE_DEVICES ]] || export {prefix}CUDA_VISIBLE_DEVICES="$CUDA_VISIBLE_DEVICES"'


def srun(service: ResolvedService, env_prefix: str) -> str:
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

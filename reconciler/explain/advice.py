"""What a person can do about a service that is not as it should be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import PurePosixPath

from reconciler.desired.inputs import inputs_of
from reconciler.health import moment
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State
from reconciler.models.units import format_duration
from reconciler.models.wanted import ResolvedService
from reconciler.models.workload import Cause, PendingClass, Workload

#: What helps against an end of each cause; "" where there is nothing to be done, as it comes back by itself.
CAUSE_ADVICE = {
    Cause.STOPPED: "",
    Cause.EXPIRED: "",
    Cause.CANCELLED: "to keep it from coming back, set `suspend: true` in its file",
    Cause.EXIT: "read what it wrote last",
    Cause.SIGNAL: "read what it wrote last",
    Cause.MEMORY: "raise `spec.resources.memory`",
    Cause.UNHEALTHY: "read what it wrote last; if it needs longer to start, raise `health.startup` of the service",
    Cause.LAUNCH: "read what it wrote last; look at the secrets, folders and programs that it needs on the node",
    Cause.TIME_LIMIT: "raise `spec.slurm.time`, or `spec.renewal.lead`, so that a successor is there in time",
    Cause.NODE: "",
    Cause.PREEMPTED: "another `spec.slurm.qos` or `spec.slurm.partition` may not be preempted",
    Cause.SITE: "ask the site why it ended the job",
    Cause.FORGOTTEN: "",
}
#: What helps against each kind of waiting; `{job}` is the job's id.
PENDING_ADVICE = {
    PendingClass.WAITING: "",
    PendingClass.RESERVED: "a shorter `spec.slurm.time` or another `spec.slurm.partition` may start sooner",
    PendingClass.HELD: "`scontrol release {job}` frees it, if it was held by its own user; a hold is never fought",
    PendingClass.BLOCKED: "change what it asks for (`spec.slurm`, `spec.resources`): as it is, it never starts",
}

_IMAGE = "look at `image` in its recipe, and whether the nodes can reach its registry or have it already"
_LOOPS = "CrashLoopBackOff"
#: What helps against what keeps a pod from starting, by the kubelet's word for it.
POD_ADVICE = {
    "ErrImagePull": _IMAGE,
    "ImagePullBackOff": _IMAGE,
    "ErrImageNeverPull": _IMAGE,
    "InvalidImageName": "correct `image` in its recipe",
    "CreateContainerConfigError": "make the Secret that it names in its namespace, with that key",
    "StartError": "look at `start.container` in its recipe: the image has no such program",
    _LOOPS: "read what it wrote last: `reconciler logs {service} --previous`",
}
_POD = re.compile(rf"\b(?:{'|'.join(POD_ADVICE)})\b")


def advice_for(
    line: ServiceStatus,
    resolved: ResolvedService | None,
    there: Sequence[Workload],
    ended: Sequence[Workload],
    *,
    closes: datetime | None = None,
    now: datetime | None = None,
) -> Iterator[str]:
    """Sentences, the most important first, each once. `closes` is when the site closes for maintenance."""
    if resolved is not None and resolved.frozen:
        yield f"mend {resolved.file}: until then an older version of it is in force"
    if line.state is State.SUSPENDED and resolved is not None and resolved.service.spec.suspend:
        yield f"set `suspend: false` in {resolved.file} to start it"
    if line.state is State.UNKNOWN:
        yield "wait: nothing is started or ended on a target that does not answer"
    if line.state is State.HELD and line.health is Health.FAILED and not there:
        file = resolved.file if resolved else "its file"
        yield f"change {file}: what is refused is tried again when it or the site changes"
    yield from dict.fromkeys(_waiting(there))
    yield from dict.fromkeys(_in_pods(line.service, there))
    if resolved is not None and any(_LOOPS in one.reason for one in there):
        yield from _unmounted(resolved)
    if closes is not None and now is not None and any(one.pending is PendingClass.RESERVED for one in there):
        yield f"the site closes at {moment(closes, now)}: a job that would end before that may start now"
    yield from dict.fromkeys(_unwell(resolved, there))
    yield from _after(line, ended)


def _unwell(resolved: ResolvedService | None, there: Sequence[Workload]) -> Iterator[str]:
    """What runs, and was healthy, and is not any more."""
    if resolved is None or not any(one.unhealthy for one in there):
        return
    after = resolved.recipe.spec.health.restart_after
    comes = f"after {format_duration(after)} of that it is restarted" if after else "nothing restarts it"
    yield f"{comes} (`health.restartAfter` in its recipe); a new value of `restart` in {resolved.file} does so now"


def _in_pods(service: str, there: Sequence[Workload]) -> Iterator[str]:
    for workload in there:
        for word in _POD.findall(workload.reason):
            yield POD_ADVICE[word].format(service=service)


def _unmounted(resolved: ResolvedService) -> Iterator[str]:
    """Paths that its parameters name, and that its pods have only if the image or a patch brings them."""
    mounts = [PurePosixPath(mount.path) for mount in resolved.service.spec.kubernetes.mounts]
    for one in inputs_of(resolved):
        if not any(PurePosixPath(one.path).is_relative_to(mount) for mount in mounts):
            yield f"`config.{one.parameter}` is {one.path}: mount the claim that has it (`spec.kubernetes.mounts`)"


def _waiting(there: Sequence[Workload]) -> Iterator[str]:
    for workload in there:
        if workload.pending and PENDING_ADVICE[workload.pending]:
            yield PENDING_ADVICE[workload.pending].format(job=workload.id)


def _after(line: ServiceStatus, ended: Sequence[Workload]) -> Iterator[str]:
    """What is well again needs no advice about its past."""
    last = ended[0] if ended else None
    unwell = line.attempt or line.health is not Health.HEALTHY
    if last is not None and last.cause and unwell and CAUSE_ADVICE[last.cause]:
        yield CAUSE_ADVICE[last.cause]

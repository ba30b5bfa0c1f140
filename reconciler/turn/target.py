"""The line of a target: what of ours is there, and what holds it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from reconciler.models.wanted import ResolvedService, Wanted
from reconciler.models.workload import Observed, Phase


def jobs_of(seen: Observed) -> dict[Phase, int]:
    """How many workloads there are in each phase of those that have not ended."""
    counted = Counter(one.phase for one in seen.workloads)
    return {phase: counted[phase] for phase in Phase if phase is not Phase.ENDED}


def gpus_of(services: Iterable[tuple[ResolvedService, Wanted]], seen: Observed) -> tuple[int, int]:
    """GPUs that are used by what runs, and asked for by what waits; by the present version where a look says none."""
    known = {one.name: _each(one, wanted) for one, wanted in services if one.resources.gpus}
    used = asked = 0
    for workload in seen.workloads if known else ():
        count = workload.gpus or known.get(workload.mark.service, 0)
        used += count if workload.phase in (Phase.RUNNING, Phase.STOPPING) else 0
        asked += count if workload.phase is Phase.PENDING else 0
    return used, asked


def _each(service: ResolvedService, wanted: Wanted) -> int:
    """GPUs of one workload: a job has one replica, a group of Kubernetes objects all of them."""
    spec = service.service.spec
    return (service.resources.gpus or 0) * spec.nodes * (spec.replicas if wanted.in_place else 1)

"""Which pending job may start where (job_scheduler.c of Slurm 22.05)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.sim.job import PENDING, RUNNING, Job
from tests.sim.site import Node, Site


def obstacle(job: Job, live: Mapping[int, Job], site: Site, now: int) -> str:
    """Why it may not start even on empty nodes, "" when it may ("_job_runnable_test1")."""
    waits = depends(job, live)
    if job.held:
        return job.held
    if waits:
        return "Dependency"
    if job.begin > now:
        return "BeginTime"
    if not site.partitions[job.partition]:
        return "PartitionDown"
    if job.limit is not None and job.limit > site.max_time.get(job.partition, job.limit):
        return "PartitionTimeLimit"
    return ""


def depends(job: Job, live: Mapping[int, Job]) -> bool:
    """Whether it waits for another: afterany for the end of the last process, singleton not for one that completes.

    What was fulfilled once is fulfilled for good.
    """
    job.after = {number for number in job.after if number in live}
    job.singleton = job.singleton and any(_blocks(other, job) for other in live.values())
    return bool(job.after) or job.singleton


def _blocks(other: Job, job: Job) -> bool:
    """Whether `other` keeps the singleton `job` waiting ("_find_singleton_job")."""
    if other is job or other.name != job.name:
        return False
    return other.state == RUNNING or (other.state == PENDING and other.id < job.id)


def place(job: Job, live: Iterable[Job], nodes: Mapping[str, Node], site: Site) -> tuple[str, ...]:
    """Nodes with room for it; () when there are not enough."""
    used = dict.fromkeys(nodes, 0)
    for other in live:
        for name in other.where:
            used[name] += other.request.cpus
    fit = [
        name
        for name, node in nodes.items()
        if not (node.drained or node.down) and used[name] + job.request.cpus <= site.slots
    ]
    return tuple(fit[: job.request.nodes]) if len(fit) >= job.request.nodes else ()

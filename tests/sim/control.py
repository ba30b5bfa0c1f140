"""What users ask slurmctld for, job by job; refusals are SlurmErrors in its own words."""

from __future__ import annotations

from tests.sim.cluster import Cluster
from tests.sim.errors import (
    ALREADY_DONE,
    BAD_PARTITION,
    DENIED,
    DISABLED,
    FINISHED,
    INVALID_JOB,
    NOT_NOW,
    NOT_PENDING,
    SlurmError,
)
from tests.sim.job import PENDING, RUNNING, Job, Request


def submit(cluster: Cluster, request: Request) -> Job:
    """A new job at the end of the queue."""
    if request.partition not in cluster.site.partitions:
        raise SlurmError(BAD_PARTITION)
    cluster.last_id += 1
    job = Job(
        id=cluster.last_id,
        request=request,
        name=request.name,
        comment=request.comment,
        partition=request.partition,
        limit=request.limit or cluster.site.max_time.get(request.partition),
        submit=cluster.now,
        begin=cluster.now + request.delay,
        after=set(request.after),
        singleton=request.singleton,
        held="JobHeldUser" if request.hold else "",
    )
    cluster.jobs[job.id] = cluster.live[job.id] = job
    return job


def find(cluster: Cluster, number: int) -> Job:
    """A job that slurmctld knows."""
    if number not in cluster.jobs:
        raise SlurmError(INVALID_JOB)
    return cluster.jobs[number]


def cancel(cluster: Cluster, job: Job) -> None:
    """scancel(1) without a signal; it says nothing of a job that has ended."""
    if job.requeued:
        job.requeued, job.state = False, "CANCELLED"
    elif job.alive and not job.completing:
        cluster.terminate(job, "CANCELLED")


def signal(cluster: Cluster, job: Job, name: str) -> None:
    """scancel --batch --signal; lost on the way to a node that does not answer."""
    if job.completing or not job.alive:
        raise SlurmError(ALREADY_DONE)
    if job.state == PENDING or job.process is None:
        raise SlurmError(NOT_NOW)
    if cluster.reaches(job):
        job.process.signal(name, cluster.now)
        cluster.settle()


def hold(job: Job) -> None:
    """scontrol hold by the owner."""
    _check_alive(job)
    job.held = "JobHeldUser"
    if job.state == PENDING and not job.completing:
        job.reason = job.held


def release(job: Job) -> None:
    """scontrol release."""
    _check_alive(job)
    job.held = ""


def requeue(cluster: Cluster, job: Job, *, held: str = "") -> None:
    """scontrol requeue; with `held` what slurmctld does after a launch that failed."""
    if not job.request.requeue:
        raise SlurmError(DISABLED)
    if job.state == PENDING or job.completing:
        raise SlurmError(NOT_NOW)
    job.held = held
    if job.alive:
        cluster.terminate(job, "CANCELLED", requeue=True)
    else:
        cluster.revive(job)


def preempt(cluster: Cluster, job: Job) -> None:
    """A job of a higher partition takes the place of a running one."""
    cluster.terminate(job, "PREEMPTED", requeue=job.request.requeue)


def set_comment(job: Job, text: str) -> None:
    """scontrol update Comment=."""
    _check_alive(job)
    job.comment = text


def set_limit(job: Job, minutes: int) -> None:
    """scontrol update TimeLimit= by the owner, who may not raise that of a running job."""
    _check_alive(job)
    if job.state == RUNNING and job.limit is not None and minutes > job.limit:
        raise SlurmError(DENIED)
    job.limit = minutes


def set_partition(cluster: Cluster, job: Job, name: str) -> None:
    """scontrol update Partition=."""
    if name not in cluster.site.partitions:
        raise SlurmError(BAD_PARTITION)
    _check_alive(job)
    if name != job.partition and job.state != PENDING:
        raise SlurmError(NOT_PENDING)
    job.partition = name


def set_begin(job: Job, moment: int) -> None:
    """scontrol update StartTime=."""
    if job.state != PENDING:
        raise SlurmError(NOT_PENDING)
    job.begin = moment


def _check_alive(job: Job) -> None:
    if not job.alive or (job.completing and not job.requeued):
        raise SlurmError(FINISHED)

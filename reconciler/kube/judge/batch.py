"""PURE. What runs to its end: Job and CronJob."""

from __future__ import annotations

from reconciler.kube.judge.fields import conditions, created, holds, since, status_of, told
from reconciler.kube.judge.verdict import Stage, Verdict
from reconciler.kube.kinds import Object
from reconciler.models.health import Health
from reconciler.models.workload import Phase


def job(item: Object) -> Verdict:
    """Under way until it is complete; one that is sure to fail has failed."""
    known, status = conditions(item), status_of(item)
    for kind in ("Failed", "FailureTarget"):
        if holds(known.get(kind)):
            return Verdict(Phase.ENDED, Health.FAILED, told(known[kind]), since(known[kind], item))
    if holds(known.get("Complete")):
        return Verdict(Phase.ENDED, Health.HEALTHY, since=since(known["Complete"], item))
    if holds(known.get("Suspended")):
        return Verdict(Phase.PENDING, Health.SUSPENDED, "the job is suspended", since(known["Suspended"], item))
    if status.get("active"):
        return Verdict(Phase.RUNNING, Health.PROGRESSING, "the job is under way", created(item))
    return Verdict(Phase.PENDING, Health.PROGRESSING, "the job has not begun", created(item), stage=Stage.CREATING)


def cron_job(item: Object) -> Verdict:
    """There, or suspended; how its jobs end is theirs."""
    if item.get("spec", {}).get("suspend"):
        return Verdict(Phase.RUNNING, Health.SUSPENDED, "the cron job is suspended", created(item))
    return Verdict(Phase.RUNNING, Health.HEALTHY, since=created(item))

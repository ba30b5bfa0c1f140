"""PURE. What holds for every kind (kstatus' generic rules), and kinds that have no judge of their own."""

from __future__ import annotations

from dataclasses import replace

from reconciler.kube.judge.fields import conditions, created, deleted, holds, since, told, unseen
from reconciler.kube.judge.verdict import Verdict
from reconciler.kube.kinds import Object
from reconciler.models.health import Health
from reconciler.models.workload import Phase

#: Said of a spec that its controller has not seen yet.
UNSEEN = "waiting for Kubernetes to see the change"


def overruled(item: Object, own: Verdict) -> Verdict:
    """The verdict of a kind's own judge, unless a rule that holds for all kinds says otherwise.

    An object that is being deleted is going, whatever its status says. A status is old until the present spec was
    seen. The conditions Reconciling and Stalled are for all to use, and come before what a kind's own fields say.
    """
    if since_when := deleted(item):
        return Verdict(Phase.STOPPING, Health.PROGRESSING, "being deleted", since_when, template=own.template)
    if unseen(item):
        return _instead(own, Health.PROGRESSING, UNSEEN)
    known = conditions(item)
    for kind, health in (("Reconciling", Health.PROGRESSING), ("Stalled", Health.DEGRADED)):
        if holds(known.get(kind)):
            return _instead(own, health, told(known[kind]))
    return own


def by_conditions(item: Object) -> Verdict:
    """A kind without a judge of its own: by its condition Ready, and healthy by being there when it has none."""
    ready = conditions(item).get("Ready")
    if ready is None or ready.get("status") not in ("False", "Unknown"):
        return Verdict(Phase.RUNNING, Health.HEALTHY, since=since(ready or {}, item))
    return Verdict(Phase.PENDING, Health.PROGRESSING, told(ready), since(ready, item))


def by_being_there(item: Object) -> Verdict:
    """A kind that nothing has to be done about."""
    return Verdict(Phase.RUNNING, Health.HEALTHY, since=created(item))


def _instead(own: Verdict, health: Health, reason: str) -> Verdict:
    return replace(own, health=health, reason=reason, pending=None, stage=None)

"""Which stored data somebody wants or uses. Pure: what lies there, what is wanted and what is seen give the answer."""

from __future__ import annotations

from reconciler.desired.load import Desired
from reconciler.models.data import DataLine, DataState, Stored
from reconciler.models.workload import Observed, Phase


def judge_data(stored: Stored, desired: Desired, seen: Observed) -> DataLine:
    """What becomes of it. Unknown is not absent: without a whole look at its target, nothing of it is `kept`."""
    if stored.held:
        return DataLine(stored, DataState.IN_USE, stored.held)
    if alive := _alive(stored, desired, seen):
        return DataLine(stored, DataState.IN_USE, alive)
    if unseen := unknown(seen):
        return DataLine(stored, DataState.UNKNOWN, unseen)
    if why := _wanted(stored, desired):
        return DataLine(stored, DataState.WANTED, why)
    if stored.removing:
        return DataLine(stored, DataState.REMOVING, "somebody began to remove it")
    if not stored.marked:
        return DataLine(stored, DataState.UNMARKED, "it bears no mark of ours, and is left alone")
    return DataLine(stored, DataState.KEPT)


def unknown(seen: Observed) -> str:
    """Why nothing may be concluded from a look; "" when it was whole."""
    return "" if seen.complete and not seen.gaps else seen.why or "; ".join(gap.why for gap in seen.gaps) or "no look"


def _alive(stored: Stored, desired: Desired, seen: Observed) -> str:
    """What lives of its replica, in words. On Kubernetes one workload stands for all replicas that are wanted."""
    for one in seen.workloads:
        if one.mark.service != stored.service or one.phase is Phase.ENDED:
            continue
        if stored.replica is None or one.mark.replica == stored.replica or _covers(one.id, stored, desired):
            return f"{one.id} is {one.phase.value}"
    return ""


def _covers(identity: str, stored: Stored, desired: Desired) -> bool:
    """Whether a workload of many replicas (`namespace/service`) has this one; one that nobody wants may have any."""
    if "/" not in identity:
        return False
    wanted = desired.services.get(stored.service)
    here = wanted is not None and wanted.target == stored.target
    return wanted is None or not here or (stored.replica or 0) < wanted.service.spec.replicas


def _wanted(stored: Stored, desired: Desired) -> str:
    """Who wants it, in words; "" for nobody."""
    if stored.service in desired.held:
        return "the repository has this service, in a version that cannot be read"
    wanted = desired.services.get(stored.service)
    if wanted is None or wanted.target != stored.target:
        return ""
    count = wanted.service.spec.replicas  # with none of them it is paused, as a suspended one is
    if count and stored.replica is not None and stored.replica >= count:
        return ""
    return f"{wanted.file} wants it"

"""PURE. Why a service is not well: the verdicts on all of its objects, and what events say of them → one verdict.

A cause has to be seen within seconds, not when a roll-out misses its deadline. Most causes stand in a pod's own status;
some are told by events alone: that pods are refused (of a StatefulSet or a Job), that a volume cannot be mounted, that
a probe fails and with which words, that a claim gets no volume.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

from reconciler.kube.judge.fields import time
from reconciler.kube.judge.verdict import Stage, Verdict, line, refusal
from reconciler.kube.kinds import CLAIM, POD, WORKLOADS, Object
from reconciler.kube.look.seen import Seen
from reconciler.models.health import Health
from reconciler.models.workload import Phase

_WORKLOADS = frozenset(kind.name for kind in WORKLOADS)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_WELL = (Health.HEALTHY, Health.SUSPENDED)


class Telling(NamedTuple):
    """What a kind of event is about, and how bad it is; None: no worse than without it."""

    stage: Stage
    health: Health | None = None


#: Reason of an event → what it tells. A probe that fails is the usual course of a start, and so is a claim that waits
#: for its first pod; the reasons that are not here say nothing that a status does not say better.
TELLING: Mapping[str, Telling] = {
    "FailedCreate": Telling(Stage.CREATING, Health.DEGRADED),
    "ExternalProvisioning": Telling(Stage.BINDING),
    "FailedBinding": Telling(Stage.BINDING),
    "ProvisioningFailed": Telling(Stage.BINDING, Health.DEGRADED),
    "WaitForFirstConsumer": Telling(Stage.BINDING),
    "FailedAttachVolume": Telling(Stage.PREPARING, Health.DEGRADED),
    "FailedCreatePodSandBox": Telling(Stage.PREPARING, Health.DEGRADED),
    "FailedMapVolume": Telling(Stage.PREPARING, Health.DEGRADED),
    "FailedMount": Telling(Stage.PREPARING, Health.DEGRADED),
    "NetworkNotReady": Telling(Stage.PREPARING, Health.DEGRADED),
    "Unhealthy": Telling(Stage.PROBING),
}
#: A probe that could not be made: mostly because its container had just ended, which says nothing.
_NOT_ASKED = " errored and resulted in unknown state"
#: Or because the image has no such program, which it says with an id that is new each time.
_MISSING = re.compile(r'exec: ("[^"]*": (?:executable file not found|stat [^:]*: no such file)[^:]*)')
_COMBINED = "(combined from similar events): "
#: Each attempt of a controller has a name of its own, which would make other words of the same cause.
_ATTEMPT = re.compile(r'pods "[^"]*" is forbidden')


@dataclass(frozen=True, slots=True)
class Said:
    """What an event says of an object, and when it said so last."""

    reason: str
    message: str
    at: datetime


#: What events last said of the object with a uid.
Words = Callable[[str], Said | None]


def silence(_uid: str) -> Said | None:
    """Words of nobody."""
    return None


def said(event: Object) -> Said | None:
    """What an event says; None when it tells nothing, or not when."""
    reason, message = str(event.get("reason", "")), str(event.get("message", ""))
    series = event.get("series") or {}
    times = (event.get("lastTimestamp"), series.get("lastObservedTime"), event.get("eventTime"))
    at = max((found for found in map(time, times) if found), default=None)
    told = _asked(message.removeprefix(_COMBINED))
    if reason not in TELLING or at is None or told is None:
        return None
    return Said(reason, line(_ATTEMPT.sub("a pod is forbidden", told)), at)


def _asked(message: str) -> str | None:
    """The message; None where it says nothing."""
    probe, apart, why = message.partition(_NOT_ASKED)
    missing = _MISSING.search(why)
    return f"{probe} failed: {missing[1]}" if missing else None if apart else message


def explained(seen: Seen, words: Words) -> Verdict:
    """The verdict on an object, with what was said of it since it is as it is."""
    own = seen.verdict
    heard = words(seen.uid) if own.stage and own.health not in _WELL else None
    if heard is None or TELLING[heard.reason].stage is not own.stage or (own.since and heard.at < own.since):
        return own
    health = max(own.health, TELLING[heard.reason].health or own.health, key=_rank)
    reason = together(own.reason, line(heard.reason, heard.message))
    return replace(own, health=health, reason=reason, pending=refusal(heard.message) or own.pending)


def fold(main: Seen, made: Sequence[Seen], group: Sequence[Seen], words: Words) -> Verdict:
    """How a service stands: as what makes its pods, unless something else of it is worse.

    `main` speaks for its phase. `made` is what was applied for it, `group` everything that there is of it; what is
    being deleted counts for nothing.
    """
    makers = [item for item in made if item.kind in _WORKLOADS and item.deleted is None]
    own = _worst([explained(main, words), *(explained(item, words) for item in makers if item is not main)])
    phase = Phase.RUNNING if all(item.verdict.phase is Phase.RUNNING for item in makers) else Phase.PENDING
    cause = _worst(_causes(own, makers, [item for item in group if item.deleted is None], words))
    if cause.health is Health.HEALTHY:
        return replace(own, phase=phase)
    same = own.health is cause.health or own.health is Health.DEGRADED
    reason = together(own.reason, cause.reason) if same and own.health not in _WELL else cause.reason or own.reason
    pending = (cause.pending or own.pending) if phase is Phase.PENDING else None
    return replace(own, phase=phase, health=max(own.health, cause.health, key=_rank), reason=reason, pending=pending)


def _causes(own: Verdict, makers: Sequence[Seen], group: Sequence[Seen], words: Words) -> Iterator[Verdict]:
    """What may be worse than what makes the pods, or say why that is not well."""
    for item in group:
        if item.kind not in (POD.name, CLAIM.name, *_WORKLOADS) and not item.child:
            verdict = explained(item, words)
            if verdict.health not in _WELL:
                yield replace(verdict, reason=f"{item.kind} {item.name}: {verdict.reason}")
    pods, claims = ([item for item in group if item.kind == kind.name] for kind in (POD, CLAIM))
    verdicts = [explained(item, words) for item in claims]
    yield from (verdict for verdict in verdicts if own.health not in _WELL or verdict.health is Health.FAILED)
    if own.health not in _WELL:
        yield from (explained(item, words) for item in _of_this_version(makers, pods))


def _of_this_version(makers: Sequence[Seen], pods: Sequence[Seen]) -> Sequence[Seen]:
    """The pods of the present template: what is wrong with older ones is over as soon as these are ready.

    A StatefulSet says which that is; of others it is the one of the youngest pod.
    """
    present = {item.verdict.template for item in makers if item.verdict.template}
    if not present and pods:
        present = {max(pods, key=_made).verdict.template}
    return [item for item in pods if item.verdict.template in present]


def _worst(verdicts: Sequence[Verdict] | Iterator[Verdict]) -> Verdict:
    """The worst one, of these one that says why; healthy when there is none."""
    well = Verdict(Phase.RUNNING, Health.HEALTHY)
    return max(verdicts, key=lambda verdict: (_rank(verdict.health), bool(verdict.reason)), default=well)


def _made(pod: Seen) -> datetime:
    return pod.verdict.made or _LONG_AGO


def together(first: str, second: str) -> str:
    """Both reasons in one line; one of them when the other is empty or the same."""
    return line("; ".join(dict.fromkeys(filter(None, (first, second)))))


def _rank(health: Health) -> int:
    return health.rank

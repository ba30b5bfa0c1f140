"""Three layers on each running workload, folded into one verdict: the platform, its endpoint, how fresh they are. Pure.

The platform speaks first: what it finds bad is bad. An endpoint that is asked from here can only make a good one worse,
and only by an answer that is fresh. A look that was not whole is not folded: `judge` shows all of it as unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.models.health import Health
from reconciler.models.probe import Probed, Probing
from reconciler.models.recipe import HealthProbe
from reconciler.models.workload import Instance, Observed, Phase, Workload

# An answer that is older than so many intervals says nothing about now.
_FRESH = 3
_SLACK = timedelta(seconds=2)


def key_of(workload: Workload, instance: Instance) -> str:
    """What the daemon's probe of an instance is known by on its target."""
    return f"{workload.id}/{instance.name}"


@dataclass(frozen=True, slots=True)
class HealthChecker:
    """Folds what is seen on one target. `probes` says by service how those are asked that this daemon itself asks."""

    probes: Mapping[str, HealthProbe]

    def watched(self, seen: Observed) -> Iterator[Probing]:
        """The instances to be asked: those of what runs. When each began is told where a workload is one process."""
        for workload, probe in self._asked(seen):
            for instance in workload.instances:
                since = workload.since if len(workload.instances) == 1 and instance.name == workload.id else None
                endpoints = dict(instance.endpoints)
                yield Probing(key_of(workload, instance), workload.mark.service, probe, endpoints, since)

    def answers(self, seen: Observed, results: Mapping[str, Probed]) -> Mapping[str, bool | None]:
        """Whether each instance that is asked answers, by `key_of`; None: that is not known now."""
        return {
            key: _answer(probe, results.get(key), seen.at)
            for workload, probe in self._asked(seen)
            for key in (key_of(workload, instance) for instance in workload.instances)
        }

    def fold(self, seen: Observed, results: Mapping[str, Probed]) -> Observed:
        """The look with the one verdict on each workload that counts from here on; what is good stays the same."""
        folded = tuple(self._folded(workload, seen.at, results) for workload in seen.workloads)
        return replace(seen, workloads=folded)

    def _asked(self, seen: Observed) -> Iterator[tuple[Workload, HealthProbe]]:
        for workload in seen.workloads:
            probe = self.probes.get(workload.mark.service)
            if probe is not None and workload.phase in (Phase.PENDING, Phase.RUNNING):
                yield workload, probe

    def _folded(self, workload: Workload, now: datetime, results: Mapping[str, Probed]) -> Workload:
        probe = self.probes.get(workload.mark.service)
        good = workload.phase is Phase.RUNNING and workload.health is Health.HEALTHY
        if probe is None or not good:
            return workload
        known = [results.get(key_of(workload, instance)) for instance in workload.instances]
        answers = [_answer(probe, one, now) for one in known]
        bad = [one for one, answer in zip(known, answers, strict=True) if one is not None and answer is False]
        if bad:
            since = min(one.since for one in bad)
            return replace(workload, health=Health.DEGRADED, reason=_words(probe, bad, len(known)), unhealthy=since)
        if None in answers and _is_starting(probe, workload, now):
            return replace(
                workload, health=Health.PROGRESSING, reason="its first request from here waits for an answer"
            )
        return workload


def _answer(probe: HealthProbe, probed: Probed | None, now: datetime) -> bool | None:
    """What the probes have come to, unless that is too old."""
    if probed is None or now - probed.at > _FRESH * probe.interval + probe.timeout + _SLACK:
        return None
    return probed.up


def _is_starting(probe: HealthProbe, workload: Workload, now: datetime) -> bool:
    """Whether its first real request may still be under way; later on the platform's word counts alone."""
    if probe.first_request is None or workload.since is None:
        return False
    return now - workload.since < probe.startup


def _words(probe: HealthProbe, bad: Sequence[Probed], count: int) -> str:
    kind = "HTTP" if probe.http else "gRPC" if probe.grpc else "TCP"
    what = (
        f"its {kind} probe from here"
        if count == 1
        else f"the {kind} probe from here of {len(bad)} of {count} instances"
    )
    why = next((one.why for one in bad if one.why), "")
    return f"{what} fails: {why}" if why else f"{what} has failed, and is not good for long enough yet"

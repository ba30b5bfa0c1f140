"""From resolved services to what the plan reads: rendered once for each version, schedule and suspension applied."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.desired.schedule import down_reason
from reconciler.errors import TargetError
from reconciler.models.wanted import Rendered, ResolvedService, Wanted
from reconciler.plan.lead import usual_lead
from reconciler.ports import Deployer
from reconciler.settings import KubernetesTarget, SlurmTarget

#: What stands for a service that cannot be rendered.
_NOTHING = Rendered("", str)


def restart_hash(value: str | None) -> str:
    """Eight hex characters that stand for a `restart:` value in a mark; "" when it is unset."""
    return hashlib.sha256(value.encode()).hexdigest()[:8] if value else ""


@dataclass(slots=True)
class _Known:
    """One version of a service as it was rendered, or why it cannot be, and what the plan was told of it last."""

    service: ResolvedService
    rendered: Rendered
    blocked: str = ""
    wanted: Wanted | None = None


class Preparer:
    """Renders each version of a service once and remembers only the digest, however many turns there are.

    `queue` tells how long a new job of a service would wait, which its successor needs as well.
    """

    def __init__(
        self, target: KubernetesTarget | SlurmTarget, deployer: Deployer, queue: Callable[[str], timedelta]
    ) -> None:
        self._target = target
        self._queue = queue
        self._deployer = deployer
        self._rendered: dict[int, _Known] = {}
        self._dialect = ""

    def prepare(self, services: Iterable[ResolvedService], now: datetime) -> list[tuple[ResolvedService, Wanted]]:
        """One Wanted for each service, in the order given."""
        services = list(services)
        known, dialect = self._rendered, self._deployer.dialect()
        if dialect != self._dialect:
            known, self._dialect = {}, dialect
        before = self._rendered
        self._rendered = {id(one): known.get(id(one)) or self._render(one) for one in services}
        if before.keys() != self._rendered.keys():
            for name in {one.service.name for one in before.values()} - {one.name for one in services}:
                self._deployer.forget(name)
        return [(one, self._wanted(one, now)) for one in services]

    def _render(self, service: ResolvedService) -> _Known:
        try:
            return _Known(service, self._deployer.render(service))
        except TargetError as error:
            return _Known(service, _NOTHING, str(error))

    def _wanted(self, service: ResolvedService, now: datetime) -> Wanted:
        """As at the turn before, where time and the queue changed nothing: the same object then."""
        known = self._rendered[id(service)]
        schedule = service.service.spec.schedule
        suspended = down_reason(schedule, now) if schedule else ""
        lead = self._lead(service) if isinstance(self._target, SlurmTarget) else None
        if known.wanted is None:
            known.wanted = self._make(service, known)
        if service.service.spec.suspend:
            suspended = "suspended in Git"
        if (known.wanted.suspended, known.wanted.lead) != (suspended, lead):
            known.wanted = replace(known.wanted, suspended=suspended, lead=lead)
        return known.wanted

    def _make(self, service: ResolvedService, known: _Known) -> Wanted:
        """Without what depends on the time and the queue."""
        spec, recipe, rendered = service.service.spec, service.recipe.spec, known.rendered
        slurm = isinstance(self._target, SlurmTarget)
        return Wanted(
            service=service.name,
            units=spec.replicas if slurm else 1,
            digest=rendered.digest,
            restart=restart_hash(spec.restart),
            stateful=recipe.stateful,
            blocked=known.blocked,
            surge=0 if recipe.stateful else spec.rollout.max_surge,
            unavailable=1 if recipe.stateful else spec.rollout.missing,
            in_place=not slurm,
            drift=spec.drift or (self._target.drift if isinstance(self._target, KubernetesTarget) else "repair"),
            parts=rendered.parts,
            depends_on=spec.depends_on,
            place=rendered.place,
            limit=math.ceil(service.slurm.time.total_seconds()) if slurm and service.slurm.time else 0,
            grace=recipe.stop.grace,
            # A kubelet restarts what it finds bad by itself, and knows what it can do about it.
            restart_after=recipe.health.restart_after if slurm else None,
        )

    def _lead(self, service: ResolvedService) -> timedelta:
        """As the service says; otherwise so that its successor has started, wherever it waits, when this job stops."""
        spec, recipe = service.service.spec, service.recipe.spec
        if spec.renewal:
            return spec.renewal.lead
        return usual_lead(recipe.health.startup, recipe.stop.grace, self._target.tick) + self._queue(service.name)

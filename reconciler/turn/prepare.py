"""From resolved services to what the plan reads: rendered once for each version, schedule and suspension applied."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable
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
        self._rendered: dict[int, tuple[ResolvedService, Rendered, str]] = {}
        self._dialect = ""

    def prepare(self, services: Iterable[ResolvedService], now: datetime) -> list[tuple[ResolvedService, Wanted]]:
        """One Wanted for each service, in the order given."""
        services = list(services)
        known, dialect = self._rendered, self._deployer.dialect()
        if dialect != self._dialect:
            known, self._dialect = {}, dialect
        before = {one.name for one, _, _ in self._rendered.values()}
        self._rendered = {id(one): known.get(id(one)) or (one, *self._render(one)) for one in services}
        for name in before - {one.name for one in services}:
            self._deployer.forget(name)
        return [(one, self._wanted(one, now)) for one in services]

    def _render(self, service: ResolvedService) -> tuple[Rendered, str]:
        try:
            rendered = self._deployer.render(service)
        except TargetError as error:
            return _NOTHING, str(error)
        return rendered, ""

    def _wanted(self, service: ResolvedService, now: datetime) -> Wanted:
        spec, recipe = service.service.spec, service.recipe.spec
        _, rendered, blocked = self._rendered[id(service)]
        slurm = isinstance(self._target, SlurmTarget)
        down = down_reason(spec.schedule, now) if spec.schedule else ""
        return Wanted(
            service=service.name,
            units=spec.replicas if slurm else 1,
            digest=rendered.digest,
            restart=restart_hash(spec.restart),
            stateful=recipe.stateful,
            suspended="suspended in Git" if spec.suspend else down,
            blocked=blocked,
            lead=self._lead(service) if slurm else None,
            surge=0 if recipe.stateful else spec.rollout.max_surge,
            unavailable=1 if recipe.stateful else spec.rollout.missing,
            in_place=not slurm,
            drift=spec.drift or (self._target.drift if isinstance(self._target, KubernetesTarget) else "repair"),
            parts=rendered.parts,
            depends_on=spec.depends_on,
            place=rendered.place,
            limit=math.ceil(service.slurm.time.total_seconds()) if slurm and service.slurm.time else 0,
            grace=recipe.stop.grace,
        )

    def _lead(self, service: ResolvedService) -> timedelta:
        """As the service says; otherwise so that its successor has started, wherever it waits, when this job stops."""
        spec, recipe = service.service.spec, service.recipe.spec
        if spec.renewal:
            return spec.renewal.lead
        return usual_lead(recipe.health.startup, recipe.stop.grace, self._target.tick) + self._queue(service.name)

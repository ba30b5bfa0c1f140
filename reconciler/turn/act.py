"""Carrying out a plan: many actions at once, each with its outcome; one that fails hinders no other."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from reconciler.errors import Next, ReconcilerError
from reconciler.models.action import (
    Action,
    Amend,
    Cancel,
    Deploy,
    Hold,
    Outcome,
    Plan,
    Renew,
    Repair,
    Replace,
    Restart,
    kind_of,
    subject_of,
)
from reconciler.models.wanted import ResolvedService, Wanted
from reconciler.models.workload import Mark, Workload
from reconciler.turn.world import World

_log = logging.getLogger("reconciler.act")

Services = Mapping[str, tuple[ResolvedService, Wanted]]


class Actor:
    """Acts on one target with at most `parallel` writes at the same time."""

    def __init__(self, world: World, owner: str) -> None:
        self._world = world
        self._target = world.name
        self._owner = owner
        self._deployer = world.deployer
        self._pool = ThreadPoolExecutor(world.target.parallel, thread_name_prefix=f"act-{world.name}")
        self._stopping = threading.Event()

    def perform(self, plan: Plan, services: Services, report: Callable[[Outcome], None]) -> tuple[Outcome, ...]:
        """Do everything in `plan`; `report` is told of each outcome.

        What had not begun at `close`, or when the right to write was lost, is left out.
        """
        futures = [self._pool.submit(self._one, action, services) for action in plan.changes]
        outcomes = []
        for future in futures:
            outcome = future.result()
            if outcome is not None:
                report(outcome)
                outcomes.append(outcome)
        return tuple(outcomes)

    def close(self) -> None:
        """Begin nothing more, and wait for what has begun."""
        self._stopping.set()
        self._pool.shutdown(wait=True)

    def _one(self, action: Action, services: Services) -> Outcome | None:
        if self._stopping.is_set() or self._world.stands_by():
            return None
        extra = fields_of(self._target, action, services)
        began = time.monotonic()
        try:
            changed = self._do(action, services)
        except ReconcilerError as error:
            waits = error.next is Next.SOON
            said = "waits" if waits else "failed"
            level = logging.INFO if waits else logging.WARNING
            extra["error"] = str(error)
            _log.log(level, "%s: %s %s: %s", self._target, describe(action), said, error, extra=extra)
            return Outcome(action, str(error), error.next, seconds=time.monotonic() - began)
        except Exception as error:  # noqa: BLE001 - a fault of ours in one service must not stop the others
            _log.exception("%s: %s failed", self._target, describe(action), extra=extra)
            words = f"internal error: {type(error).__name__}: {error}"
            return Outcome(action, words, Next.RETRY, seconds=time.monotonic() - began)
        if changed:
            _log.info("%s: %s: %s", self._target, describe(action), action.reason, extra=extra)
        else:
            why = "nothing to put back: the platform itself sets it"
            _log.info("%s: %s: %s", self._target, describe(action), why, extra=extra)
        return Outcome(action, changed=changed, seconds=time.monotonic() - began)

    def _do(self, action: Action, services: Services) -> bool:
        """Carry it out; False when there was nothing to do after all."""
        match action:
            case Deploy():
                self._deploy(action, services, ())
            case Replace(old=old) | Restart(old=old):
                # The successor first: if it is refused, what runs goes on.
                self._deploy(action, services, old)
                for workload in () if services[action.service][1].in_place else old:
                    self._deployer.cancel(workload, removal=False)
            case Renew(old=old):
                self._deploy(action, services, old)
            case Amend(old=workload):
                self._deployer.amend(services[action.service][0], workload, action.mark, action.limit)
            case Repair(old=workload):
                service, wanted = services[action.service]
                mark = replace(workload.mark, revision=service.revision.short, digest=wanted.digest)
                return self._deployer.repair(service, workload, mark)
            case Cancel(old=old, removal=removal):
                for workload in old:
                    self._deployer.cancel(workload, removal=removal)
            case Hold():
                pass
        return True

    def _deploy(
        self,
        action: Deploy | Replace | Restart | Renew,
        services: Services,
        after: tuple[Workload, ...],
    ) -> None:
        service, wanted = services[action.service]
        mark = Mark(
            owner=self._owner,
            service=service.name,
            replica=action.replica,
            digest=wanted.digest,
            restart=wanted.restart,
            generation=action.generation,
            attempt=action.attempt,
            revision=service.revision.short,
            place=wanted.place,
            limit=wanted.limit,
        )
        self._deployer.deploy(service, mark, action.delay.total_seconds(), after)


def describe(action: Action) -> str:
    """The action in few words: `deploy faiss.0`, `hold faiss`."""
    return f"{kind_of(action)} {subject_of(action)}"


def fields_of(target: str, action: Action, services: Services) -> dict[str, str]:
    """What a line of the log about it carries beside its words; the revision is that which runs, where it is ended."""
    known = services.get(action.service)
    fields = {"target": target, "service": action.service, "action": kind_of(action), "reason": action.reason}
    if not isinstance(action, Hold):
        fields["replica"] = str(action.replica)
    if isinstance(action, Cancel) and action.old:
        fields["revision"] = action.old[0].mark.revision
    elif known is not None:
        fields["revision"] = known[0].revision.short
    return fields

"""The turn itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from reconciler.board import Board
from reconciler.desired.load import Desired
from reconciler.desired.removals import judge_removals, lost
from reconciler.errors import SourceError
from reconciler.health import Memory, judge
from reconciler.models.action import Amend, Cancel, Hold, Outcome, Plan, Repair
from reconciler.models.revision import Change, Revision
from reconciler.models.status import ServiceStatus, TargetStatus, View
from reconciler.models.wanted import Removals, ResolvedService, Wanted
from reconciler.models.workload import Observed, Phase
from reconciler.plan import Constraints, ReactionLimits, make_plan
from reconciler.ports import Prober
from reconciler.turn.act import Actor, Services, fields_of
from reconciler.turn.checks import Checks
from reconciler.turn.counts import Counts
from reconciler.turn.estimates import Estimates
from reconciler.turn.hands import Hands
from reconciler.turn.pace import something_moves
from reconciler.turn.patience import Patience
from reconciler.turn.prepare import Preparer
from reconciler.turn.report import Report
from reconciler.turn.target import gpus_of, jobs_of
from reconciler.turn.verdicts import Verdict, Verdicts, worth_telling
from reconciler.turn.world import World

_log = logging.getLogger("reconciler.turn")

# So many gaps of a look are named where there is one line for a target.
_GAPS = 3


class Past(Protocol):
    """What Git knows of the revisions behind the desired state in force. Both methods raise SourceError."""

    @property
    def failure(self) -> str:
        """Why the repository cannot be read now, so that there may be newer revisions; "" when it can be."""
        ...

    def history(self) -> Iterator[Change]:
        """The commits that changed something, newest first."""
        ...

    def messages(self, since: Revision) -> Iterator[str]:
        """The messages of a commit and of all later ones."""
        ...


class Turn:
    """Turns on one target. One thread at a time calls it.

    `share` of its services may be removed by one revision; `reactions` bounds restarts of what is unhealthy. `prober`
    asks endpoints where the target's settings want that; without one nothing is asked from here.
    """

    def __init__(
        self,
        world: World,
        owner: str,
        share: float,
        board: Board,
        clock: Callable[[], datetime],
        prober: Prober | None = None,
        reactions: ReactionLimits | None = None,
    ) -> None:
        self._world = world
        self._share = share
        self._reactions = reactions or ReactionLimits()
        self._board = board
        self._clock = clock
        self._estimates = Estimates(world.deployer)
        self._preparer = Preparer(world.target, world.deployer, self._estimates.wait_of)
        self._actor = Actor(world, owner)
        self._patience = Patience(world.deployer.site)
        self._ending = Patience(world.deployer.site)
        self._hands = Hands(world.name, board)
        self._memory = Memory()
        self._checks = Checks(world, prober)
        self._answers: Mapping[str, bool | None] = {}
        self._counts = Counts(world.name, board)
        self._verdicts = Verdicts()
        self._changes: list[tuple[ServiceStatus, Verdict | None]] = []
        self._removals: tuple[tuple[str, frozenset[str], int], Removals] | None = None
        self._missed = 0
        self._gaps: set[str] = set()
        self._looked: datetime | None = None
        self._revision = ""
        self._holds: set[Hold] = set()
        self._restarts_held = False

    def run(self, desired: Desired, past: Past, *, act: bool = True) -> Report:
        """Look, decide, act, judge and post. With `act` False nothing is written to the target."""
        began = time.monotonic()
        world = self._world
        services = self._preparer.prepare(self._mine(desired), self._clock())
        seen, self._answers = self._checks.fold(services, world.observer.look())
        self._tell(seen)
        if seen.complete:
            self._looked = seen.at
            self._patience.refresh((wanted for _, wanted in services), seen)
            if self._ending:
                self._ending.refresh([_nothing_of(one.mark.service) for one in seen.workloads], seen)
            self._hands.see(seen)
        plan = self._plan(desired, past, services, seen)
        named = {one.name: (one, wanted) for one, wanted in services}
        if seen.complete:  # a look that failed plans nothing, which ends no hold
            self._say_holds(plan, seen.at, named)
            self._counts.see(seen)
        stands_by = world.stands_by() if act else ""
        if any(isinstance(action, Cancel) for action in plan.actions):
            # Who follows an endpoint learns of the new one before the old one is told to end.
            self._post(desired, services, seen, plan, stands_by)
        outcomes: tuple[Outcome, ...] = ()
        if act and not stands_by:
            outcomes = self._actor.perform(plan, named, self._counts.note)
            self._remember(services, outcomes)
            if seen.complete:
                self._estimates.refresh(services, seen)
        self._post(desired, services, seen, plan, stands_by)
        self._announce(seen.at, may=act and not stands_by)
        self._board.count_turn(world.name, time.monotonic() - began)
        return Report(seen, plan, outcomes, self._again(outcomes, seen))

    def close(self) -> None:
        """Begin nothing more; wait for the writes under way."""
        self._actor.close()

    def _tell(self, seen: Observed) -> None:
        """Log when the target is lost from sight and when it is seen again. The very first look may be too early."""
        patience = 1 if self._looked is None else 0
        if not seen.complete:
            self._missed += 1
            if self._missed == 1 + patience:
                _log.warning("%s: unknown, so nothing is done there: %s", self._world.name, seen.why)
            return
        if self._missed > patience:
            _log.info("%s: is seen again", self._world.name)
        self._missed = 0
        for gap in seen.gaps:
            if gap.part not in self._gaps:
                _log.warning("%s: what is made of %s is unknown: %s", self._world.name, gap.part, gap.why)
        self._gaps = {gap.part for gap in seen.gaps}

    def _mine(self, desired: Desired) -> Iterable[ResolvedService]:
        return (one for one in desired.services.values() if one.target == self._world.name)

    def _plan(
        self, desired: Desired, past: Past, services: list[tuple[ResolvedService, Wanted]], seen: Observed
    ) -> Plan:
        in_flight = self._patience.in_flight()
        constraints = Constraints(
            removals=self._judge_removals(desired, past, seen),
            held=desired.held,
            not_now=self._patience.not_now(seen.at),
            not_ended=self._ending.not_now(seen.at),
            fought=self._hands.waiting(seen.at),
            ready=self._board.ready(),
            reactions=self._reactions,
        )
        plan = make_plan((wanted for _, wanted in services), seen, seen.at, constraints)
        kept = (one for one in plan.actions if isinstance(one, Hold | Cancel) or one.service not in in_flight)
        return replace(plan, actions=tuple(kept))

    def _judge_removals(self, desired: Desired, past: Past, seen: Observed) -> Removals:
        """The verdict on what lives here and nobody wants here; one that moved to another target is no removal."""
        live = {one.mark.service for one in seen.workloads if one.phase in (Phase.PENDING, Phase.RUNNING)}
        mine = {one.name for one in self._mine(desired)}
        moved = frozenset(live & desired.services.keys() - mine)
        gone = frozenset(live - desired.services.keys() - desired.held.keys())
        if not gone:
            return Removals(allowed=moved)
        if past.failure:
            # What a daemon that led before us added since then would look like something that is wanted no more.
            return Removals(moved, dict.fromkeys(gone, f"newer revisions may want it: {past.failure}"))
        key = (desired.revision.sha, gone, len(live))
        if self._removals is None or self._removals[0] != key:
            try:
                found = lost(
                    gone,
                    past.history(),
                    past.messages,
                    len(desired.services) + len(desired.held),
                    desired.revision.message,
                )
            except SourceError as error:
                reason = f"the history cannot be read: {error}"
                return Removals(moved, dict.fromkeys(gone, reason))
            self._removals = key, judge_removals(found, len(live), len(desired.services), self._share)
        verdict = self._removals[1]
        return Removals(verdict.allowed | moved, verdict.held)

    def _say_holds(self, plan: Plan, now: datetime, services: Services) -> None:
        """Log what is held, once for each reason; errors of actions were logged already."""
        if plan.restarts_held and not self._restarts_held:
            _log.warning("%s: restarts are held: %s", plan.target, plan.restarts_held, extra={"target": plan.target})
        self._restarts_held = bool(plan.restarts_held)
        told = {*self._patience.not_now(now).values(), *self._ending.not_now(now).values()}
        holds = {action for action in plan.actions if isinstance(action, Hold) and action.reason not in told}
        for hold in sorted(holds - self._holds, key=lambda one: one.service):
            extra = fields_of(plan.target, hold, services)
            _log.warning("%s: hold %s: %s", plan.target, hold.service, hold.reason, extra=extra)
        self._holds = holds

    def _remember(self, services: list[tuple[ResolvedService, Wanted]], outcomes: tuple[Outcome, ...]) -> None:
        known = {wanted.service: wanted for _, wanted in services}
        now = self._clock()
        for outcome in sorted(outcomes, key=lambda one: bool(one.error)):
            name = outcome.action.service
            if outcome.error and isinstance(outcome.action, Cancel):
                self._ending.failed(_nothing_of(name), outcome.error, outcome.next, now)
            elif outcome.error and name in known:
                self._patience.failed(known[name], outcome.error, outcome.next, now)
            elif not isinstance(outcome.action, Cancel | Amend | Repair) and name in known:
                self._patience.succeeded(known[name], now)
        self._hands.repaired(outcomes, now)

    def _again(self, outcomes: tuple[Outcome, ...], seen: Observed) -> float | None:
        """Early after an action, or while something of Slurm moves; or when a failed service may be tried again."""
        now = self._clock()
        if outcomes or (self._world.target.kind == "slurm" and something_moves(seen, now)):
            return 0.3
        waits = [one.next_try(now) for one in (self._patience, self._ending, self._hands)]
        soonest = min((wait for wait in waits if wait is not None), default=None)
        return None if soonest is None else max(0.3, soonest)

    def _announce(self, now: datetime, *, may: bool) -> None:
        """Tell people on the platform what has become bad, and what is well again."""
        changes, self._changes = self._changes, []
        for one in worth_telling(changes) if may else ():
            self._world.deployer.announce(one, now)

    def _post(
        self,
        desired: Desired,
        services: list[tuple[ResolvedService, Wanted]],
        seen: Observed,
        plan: Plan,
        stands_by: str,
    ) -> None:
        world = self._world
        errors = self._ending.not_now(seen.at) | self._patience.not_now(seen.at)
        fights = self._hands.fights(seen.at)
        before = self._board.services(world.name)
        table = judge(services, seen, plan, errors, before, fights, self._memory, self._answers)
        self._memory.retain(len(services))
        if seen.complete and not errors:
            self._revision = desired.revision.short
        why = seen.why or stands_by or "; ".join(gap.why for gap in seen.gaps[:_GAPS])
        status = TargetStatus(
            world.name,
            world.target.kind,
            seen.complete,
            why,
            self._looked,
            self._revision,
            gaps=seen.gaps,
            leads=not stands_by,
            leader=world.leader(),
            jobs=jobs_of(seen),
            gpus=gpus_of(services, seen),
            restarts_held=plan.restarts_held,
        )
        self._board.post_target(status, table, at=seen.at)
        self._changes += self._verdicts.tell(table)
        self._board.post_view(View(world.name, tuple(services), seen, plan, errors))


def _nothing_of(service: str) -> Wanted:
    """What is wanted of a service that is to end."""
    return Wanted(service, 0, "")

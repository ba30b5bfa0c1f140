"""What a turn counts of what ended and of what it did: each end, restart and renewal once."""

from __future__ import annotations

from reconciler.board import Board
from reconciler.errors import Next
from reconciler.health import order_of_end
from reconciler.models.action import Action, Deploy, Hold, Outcome, Renew, Replace, Restart, kind_of
from reconciler.models.workload import Cause, Observed, Phase, Workload

_REASONS = {
    Cause.EXIT: "failed",
    Cause.SIGNAL: "failed",
    Cause.MEMORY: "failed",
    Cause.LAUNCH: "failed",
    Cause.SITE: "failed",
    Cause.UNHEALTHY: "unhealthy",
    Cause.NODE: "node",
    Cause.PREEMPTED: "preempted",
    Cause.TIME_LIMIT: "time-limit",
    Cause.EXPIRED: "time-limit",
}


def restart_reason(action: Action, last: Workload | None) -> str | None:
    """Why a replica is started once more, in a word for metrics; None for a first start and for all else.

    `last` is the workload of the replica that ended last, as far as one is known.
    """
    match action:
        case Restart():
            return "unhealthy" if action.unhealthy else "requested"
        case Replace(old=old):
            # Where objects are missing they are put back, which starts nothing.
            return "changed" if all(one.mark.digest for one in old) else None
        case Deploy() if last is not None:
            return _REASONS.get(last.cause, "other") if last.cause else "other"
        case _:
            return None


class Counts:
    """Counts for one target on the board."""

    def __init__(self, target: str, board: Board) -> None:
        self._target = target
        self._board = board
        self._ended: frozenset[str] | None = None
        self._last: dict[tuple[str, int], Workload] = {}

    def see(self, seen: Observed) -> None:
        """Count each workload once that ended after the first look; those that are not shown are forgotten here."""
        ended = [one for one in seen.workloads if one.phase is Phase.ENDED]
        for workload in ended if self._ended is not None else ():
            if workload.cause and workload.id not in (self._ended or ()):
                self._board.count_end(self._target, workload.mark.service, workload.cause.value)
        self._ended = frozenset(one.id for one in ended)
        self._last = {(one.mark.service, one.mark.replica): one for one in sorted(ended, key=order_of_end)}

    def note(self, outcome: Outcome) -> None:
        """Count an action, and the restart or the renewal that it is."""
        action, result = outcome.action, "ok"
        if outcome.error:
            result = "waiting" if outcome.next is Next.SOON else "failed"
        self._board.count_action(self._target, kind_of(action), result, outcome.seconds)
        if outcome.error:
            return
        if isinstance(action, Renew):
            self._board.count_renewal(self._target, action.service)
        last = None if isinstance(action, Hold) else self._last.get((action.service, action.replica))
        if reason := restart_reason(action, last):
            self._board.count_restart(self._target, action.service, reason)

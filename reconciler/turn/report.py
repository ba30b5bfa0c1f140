"""What one turn came to."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.models.action import Outcome, Plan
from reconciler.models.workload import Observed


@dataclass(frozen=True, slots=True)
class Report:
    """What one turn came to. `again` is in how many seconds it is worth to look again; None: at the next tick."""

    seen: Observed
    plan: Plan
    outcomes: tuple[Outcome, ...] = ()
    again: float | None = None

    @property
    def failed(self) -> bool:
        """Whether the look was incomplete or an action failed."""
        return not self.seen.complete or any(outcome.error for outcome in self.outcomes)

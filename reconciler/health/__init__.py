"""How a service stands: the verdicts on its replicas, what the plan holds and the look itself, folded. Pure.

`HealthChecker` folds the layers of each workload's health, `judge` makes lines out of it; `replica` stands for one
replica; `words` says what something waits for.
"""

from reconciler.health.checker import HealthChecker
from reconciler.health.judge import judge
from reconciler.health.memory import Memory
from reconciler.health.replica import order_of_end
from reconciler.health.words import moment, waiting

__all__ = ["HealthChecker", "Memory", "judge", "moment", "order_of_end", "waiting"]

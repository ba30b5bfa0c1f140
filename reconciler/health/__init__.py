"""How a service stands: the verdicts on its replicas, what the plan holds and the look itself, folded. Pure.

`judge` is the entrance; `replica` stands for one replica; `words` says what something waits for.
"""

from reconciler.health.judge import judge
from reconciler.health.memory import Memory
from reconciler.health.replica import order_of_end
from reconciler.health.words import moment, waiting

__all__ = ["Memory", "judge", "moment", "order_of_end", "waiting"]

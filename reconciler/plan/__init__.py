"""What to do, from what is wanted and what is seen. Pure: the same input gives the same plan.

`make_plan` is the entrance; `replica` decides about one replica; `backoff` says how long a failed one waits.
"""

from reconciler.plan.decide import Constraints, make_plan

__all__ = ["Constraints", "make_plan"]

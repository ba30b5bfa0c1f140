"""What to do, from what is wanted and what is seen. Pure: the same input gives the same plan.

`make_plan` is the entrance; `replica` decides about one replica; `backoff` says how long a failed one waits;
`reaction` what is done about what runs and is not healthy.
"""

from reconciler.plan.decide import Constraints, make_plan
from reconciler.plan.reaction import ReactionLimits

__all__ = ["Constraints", "ReactionLimits", "make_plan"]

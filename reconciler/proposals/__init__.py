"""What somebody asks for, checked as `validate` checks it, and made a commit: for the API and for the verbs.

`ServerService` is the seed's interface; `reading` is its other half. What it is asked for is a proposal, which `Scribe`
takes. `rights` says who may; `queue` gathers what comes together; `committer` makes commits of that on the newest head
and pushes them, again and again while somebody else is faster. `chain` are the commits of one push, one for each
proposal, on a `base`, after a `check`. `keys` finds what was carried out before, `message` and `names` are what is
written, `audit` is what is logged, and `waiting` says whether what was asked for has come true.
"""

from reconciler.proposals.scribe import Scribe
from reconciler.proposals.server import ServerService

__all__ = ["Scribe", "ServerService"]

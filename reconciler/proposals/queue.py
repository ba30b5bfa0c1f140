"""Many threads hand in, one of them carries out what is there for all: few pushes for many proposals."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from reconciler.errors import SourceError
from reconciler.models.proposal import Accepted, Proposal

#: So many are carried out together, and may wait, at most.
BATCH = 32
_WAITING = 1000


class Ticket:
    """A proposal that waits for its outcome. Its owner reads that once it is there."""

    def __init__(self, proposal: Proposal) -> None:
        self.proposal = proposal
        self._outcome: Accepted | Exception | None = None

    @property
    def done(self) -> bool:
        """Whether there is an outcome."""
        return self._outcome is not None

    def settle(self, outcome: Accepted | Exception) -> None:
        """The first outcome counts."""
        self._outcome = self._outcome or outcome

    def result(self) -> Accepted:
        """What came of it; raises the error that did."""
        if isinstance(self._outcome, Accepted):
            return self._outcome
        raise self._outcome or SourceError("nothing came of it; ask again")


class Queue:
    """Whoever comes first carries out what all have handed in until then, in the order of asking."""

    def __init__(self, carry_out: Callable[[Sequence[Ticket]], None]) -> None:
        self._carry_out = carry_out
        self._work = threading.Lock()
        self._waiting: deque[Ticket] = deque()

    def hand_in(self, proposal: Proposal) -> Accepted:
        """What came of it, once it was carried out. Raises what `carry_out` settles it with, or SourceError when full.

        While others are being carried out it waits for them: they are bounded in number and in time.
        """
        if len(self._waiting) >= _WAITING:
            raise SourceError(f"{_WAITING} proposals wait already; ask again")
        ticket = Ticket(proposal)
        self._waiting.append(ticket)
        while not ticket.done:
            with self._work:
                if not ticket.done:
                    self._carry_some_out()
        return ticket.result()

    def _carry_some_out(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        try:
            self._carry_out(batch)
        except Exception as error:
            for ticket in batch:
                ticket.settle(SourceError(f"a fault of the daemon ({type(error).__name__}); its log has more"))
            raise
        for ticket in batch:
            ticket.settle(SourceError("nothing came of it; ask again"))

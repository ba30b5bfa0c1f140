"""Carries proposals out: their commits are made on the newest head and pushed; all anew when somebody was faster."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from reconciler.errors import RacedError, RejectedError, SourceError, UnsureError
from reconciler.models.proposal import Accepted, Proposal
from reconciler.models.revision import Revision
from reconciler.proposals.base import Base
from reconciler.proposals.chain import Chain, Outcome, Tools
from reconciler.proposals.keys import check_same
from reconciler.proposals.message import subject_of
from reconciler.proposals.names import branch_end, branch_name
from reconciler.proposals.queue import Ticket

_T = TypeVar("_T")
#: How often a lost race is tried again.
_TRIES = 20


class Committer:
    """One thread at a time carries batches out; reviews may be asked for by others meanwhile.

    `patience` is for how many seconds a lost race is tried again.
    """

    def __init__(self, tools: Tools, patience: float = 30.0) -> None:
        self._patience = patience
        self._tools = tools
        self._repository = tools.repository
        self._lock = threading.Lock()
        self._last: Base | None = None

    def carry_out(self, tickets: Sequence[Ticket]) -> None:
        """Settle all of them: one commit each, in their order, in one push."""
        try:
            outcomes = self._while_raced(lambda: self._commit([ticket.proposal for ticket in tickets]))
        except RejectedError as error:
            if len(tickets) == 1:
                tickets[0].settle(error)
                return
            for ticket in tickets:  # only what the repository refuses is to be refused
                self.carry_out([ticket])
        except SourceError as error:
            for ticket in tickets:
                ticket.settle(_copy(error))
        else:
            for ticket, outcome in zip(tickets, outcomes, strict=True):
                ticket.settle(outcome)

    def review(self, proposal: Proposal, prefix: str) -> Accepted:
        """One commit on a new branch, for a pull request. Raises as Scribe.propose does."""
        return self._while_raced(lambda: self._branch_off(proposal, prefix))

    def _commit(self, proposals: Sequence[Proposal]) -> list[Outcome]:
        chain, outcomes = self._make(proposals)
        if any(isinstance(one, Accepted) and one.changed and not one.replayed for one in outcomes):
            self._push(chain.tip)
            with self._lock:
                self._last = chain.base
                chain.remember()
        return outcomes

    def _make(self, proposals: Sequence[Proposal]) -> tuple[Chain, list[Outcome]]:
        with self._lock:
            head, branch = self._repository.head(), self._repository.branch
            if self._last is None or self._last.revision.sha != head.sha:
                self._last = Base.read(self._repository, self._tools.loader, head)
            chain = Chain(self._tools, self._last, branch)
            return chain, [chain.take(proposal) for proposal in proposals]

    def _push(self, tip: Revision) -> None:
        try:
            self._repository.push(tip)
        except UnsureError as error:
            if not self._has(tip):
                raise UnsureError(
                    f"{error}; it may be in the repository: look, or ask again with the same key"
                ) from error

    def _has(self, tip: Revision) -> bool:
        """Whether a push without an answer has happened; False also where that cannot be told now."""
        try:
            return self._repository.contains(self._repository.head(), tip.sha)
        except SourceError:
            return False

    def _branch_off(self, proposal: Proposal, prefix: str) -> Accepted:
        if proposal.asked.key and (found := self._pushed_before(proposal, prefix)):
            return found
        chain, (outcome,) = self._make([proposal])
        if not isinstance(outcome, Accepted):
            raise outcome
        if outcome.replayed or not outcome.changed:
            return outcome
        branch = branch_name(prefix, proposal)
        self._repository.push(chain.tip, branch)
        return replace(outcome, branch=branch, review=True)

    def _pushed_before(self, proposal: Proposal, prefix: str) -> Accepted | None:
        """The branch that an earlier request with the same key made."""
        end = f"-{branch_end(proposal.asked)}-"
        for branch, sha in self._repository.branches(prefix).items():
            _, found, digest = branch.rpartition(end)
            if found and len(digest) == 8:
                check_same(proposal, digest, f"the branch {branch}")
                request = proposal.request
                path = self._make([])[0].path_of(request)
                return Accepted(request.name, sha, branch, path, subject_of(request), replayed=True, review=True)
        return None

    def _while_raced(self, work: Callable[[], _T]) -> _T:
        """Do it again and again while somebody else is faster, with a wait that grows; raises the last RacedError."""
        until = time.monotonic() + self._patience
        lost = RacedError("others push all the time; ask again")
        for attempt in range(_TRIES):
            try:
                return work()
            except RacedError as error:
                lost = error
            if time.monotonic() > until:
                break
            time.sleep(min(1.0, 0.02 * 2**attempt) * random.uniform(0.5, 1.0))  # noqa: S311 - not for secrecy
        raise lost


def _copy(error: SourceError) -> SourceError:
    """Each thread raises one of its own."""
    return type(error)(str(error))

"""Proposals to commits: one after the other, each on the newest head, and pushed."""

from __future__ import annotations

import time

from reconciler.board import Board
from reconciler.desired.load import Loader
from reconciler.errors import ReconcilerError
from reconciler.metrics import utc_now
from reconciler.models.proposal import Accepted, Proposal, verb_of
from reconciler.ports import Bell, Repository
from reconciler.proposals.audit import result_of, tell
from reconciler.proposals.chain import Tools
from reconciler.proposals.committer import Committer
from reconciler.proposals.keys import Keys
from reconciler.proposals.queue import Queue
from reconciler.proposals.rights import check_caller, check_key
from reconciler.settings import ProposalSettings
from reconciler.source.address import parse_folder


class Scribe:
    """Makes commits of proposals. Many threads may ask at the same time; their commits come in the order of asking.

    `loader` is this scribe's own (it checks what would be there), `path` the desired folder inside the repository;
    `ring` is rung after every push, so that the daemon looks at the repository at once; `board` is told of it.
    """

    def __init__(
        self,
        repository: Repository,
        loader: Loader,
        settings: ProposalSettings,
        path: str,
        ring: Bell,
        board: Board | None = None,
    ) -> None:
        path = parse_folder(path)
        folder = path if settings.folder is None else settings.folder
        self._committer = Committer(Tools(repository, loader, Keys(repository), path, folder))
        self._queue = Queue(self._committer.carry_out)
        self._settings = settings
        self._ring = ring
        self._board = board

    def propose(self, proposal: Proposal) -> Accepted:
        """Make the commit and push it; what the repository says already is no commit.

        Raises ForbiddenError, MissingError, TakenError, KeyReusedError, InputError (everything that is wrong, in the
        words of `validate`), or SourceError and what is below it; nothing is in the repository then, but for
        UnsureError.
        """
        began = time.monotonic()
        try:
            accepted = self._propose(proposal)
        except ReconcilerError as error:
            self._note(proposal, error, time.monotonic() - began)
            raise
        self._note(proposal, accepted, time.monotonic() - began)
        return accepted

    def _propose(self, proposal: Proposal) -> Accepted:
        check_caller(proposal, self._settings)
        check_key(proposal.asked.key)
        if self._settings.mode == "branch" and not proposal.asked.direct:
            return self._committer.review(proposal, self._settings.prefix)
        return self._queue.hand_in(proposal)

    def _note(self, proposal: Proposal, outcome: Accepted | ReconcilerError, seconds: float) -> None:
        tell(proposal, outcome)
        result = result_of(outcome)
        if self._board is not None:
            self._board.count_proposal(verb_of(proposal.request), result, seconds)
        if isinstance(outcome, Accepted) and result == "committed":
            if self._board is not None:
                self._board.post_proposal(proposal, outcome, utc_now())
            self._ring()

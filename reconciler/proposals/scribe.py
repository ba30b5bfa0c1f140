"""Proposals to commits: one after the other, each on the newest head, and pushed."""

from __future__ import annotations

from reconciler.desired.load import Loader
from reconciler.models.proposal import Accepted, Proposal
from reconciler.ports import Bell, Repository
from reconciler.settings import ProposalSettings


class Scribe:
    """Makes commits of proposals. Many threads may ask at the same time; their commits come in the order of asking.

    `loader` is this scribe's own (it checks what would be there), `path` the desired folder inside the repository;
    `ring` is rung after every push, so that the daemon looks at the repository at once.
    """

    def __init__(
        self, repository: Repository, loader: Loader, settings: ProposalSettings, path: str, ring: Bell
    ) -> None:
        self._repository = repository
        self._loader = loader
        self._settings = settings
        self._path = path
        self._ring = ring

    def propose(self, proposal: Proposal) -> Accepted:
        """Make the commit and push it; what the repository says already is no commit.

        Raises ForbiddenError, MissingError, TakenError, InputError (everything that is wrong, in the words of
        `validate`), or SourceError and what is below it; nothing is in the repository then, but for UnsureError.
        """
        raise NotImplementedError(proposal)

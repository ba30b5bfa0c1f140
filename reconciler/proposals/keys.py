"""Which request a key was used for. History tells; what was found once is remembered to be quick."""

from __future__ import annotations

from collections import OrderedDict

from reconciler.errors import KeyReusedError
from reconciler.models.proposal import Proposal
from reconciler.models.revision import Revision
from reconciler.ports import Repository
from reconciler.proposals.message import digest_in, digest_of, key_lines

#: So many are remembered.
_MOST = 10_000


class Keys:
    """Finds the commit of a key and a caller. One thread at a time."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._known: OrderedDict[tuple[str, str], Revision] = OrderedDict()

    def find(self, head: Revision, proposal: Proposal) -> Revision | None:
        """The commit up to `head` that carried this request out before; None where none did.

        Raises KeyReusedError where the same caller used the key for another request; SourceError.
        """
        if not proposal.asked.key:
            return None
        lines = key_lines(proposal.asked)
        known = self._known.get(lines)
        if known is None or not self._repository.contains(head, known.sha):
            known = self._repository.find(head, lines)
        if known is not None:
            check_same(proposal, digest_in(known.message), f"commit {known.short} ({known.subject})")
            self.remember(lines, known)
        return known

    def remember(self, lines: tuple[str, str], commit: Revision) -> None:
        """A commit that was just pushed, or found; `lines` as in `key_lines`."""
        self._known[lines] = commit
        self._known.move_to_end(lines)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)


def check_same(proposal: Proposal, digest: str, what: str) -> None:
    """Raises KeyReusedError where `digest` is of another request; `what` carried that out."""
    if digest_of(proposal)[: len(digest) or 64] != digest:
        key = proposal.asked.key
        raise KeyReusedError(f"the key {key} was used for another request: {what}; use a new key for a new request")

"""Which request a key was used for. History tells; what was read of it once is kept in mind, to be quick."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.errors import KeyReusedError
from reconciler.models.proposal import Asked, Proposal
from reconciler.models.revision import Revision
from reconciler.ports import Repository
from reconciler.proposals.message import digest_in, digest_of, key_lines

_KEY, _CALLER = "Idempotency-Key: ", "Requested-By: "
#: Keys that are kept in mind; with more, history is read anew.
_MOST = 50_000


class Keys:
    """Finds the commit of a key and a caller. One thread at a time.

    Only commits that came since the last question are read; the first question reads the last 10,000.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._known: dict[tuple[str, str], Revision] = {}
        self._read = ""

    def find(self, head: Revision, asked: Asked) -> Revision | None:
        """The commit up to `head` that has this key of this caller; None where none has. Raises SourceError."""
        self._catch_up(head)
        found = self._known.get(key_lines(asked))
        if found is None or self._repository.contains(head, found.sha):
            return found
        del self._known[key_lines(asked)]  # history was rewritten; an older commit of that key may still be there
        return self._repository.find(head, key_lines(asked))

    def remember(self, commits: Iterable[Revision], before: Revision, after: Revision) -> None:
        """Commits between two heads that are pushed now: where all up to `before` was read, these need not be."""
        if self._read == before.sha:
            self._keep(commits)
            self._read = after.sha

    def _catch_up(self, head: Revision) -> None:
        if head.sha == self._read:
            return
        if len(self._known) > _MOST:
            self._known, self._read = {}, ""
        # The newest comes first, and counts: the older ones are kept in mind before it.
        self._keep(reversed([*self._repository.marked(head, self._read, _KEY)]))
        self._read = head.sha

    def _keep(self, commits: Iterable[Revision]) -> None:
        for commit in commits:
            lines = commit.message.split("\n")
            callers = [line for line in lines if line.startswith(_CALLER)]
            for key in lines:
                if key.startswith(_KEY):
                    self._known.update({(key, caller): commit for caller in callers})


def check_same(proposal: Proposal, digest: str, what: str) -> None:
    """Raises KeyReusedError where `digest`, or the beginning of one, is of another request; `what` carried that out."""
    if not digest or not digest_of(proposal).startswith(digest):
        key = proposal.asked.key
        raise KeyReusedError(f"the key {key} was used for another request: {what}; use a new key for a new request")


def same(proposal: Proposal, commit: Revision) -> Revision:
    """The commit, which carried the same request out. Raises KeyReusedError where it was another."""
    check_same(proposal, digest_in(commit.message), f"commit {commit.short} ({commit.subject})")
    return commit

"""Where proposals are handed in while the daemon runs. It is closed until the daemon works with its state folder."""

from __future__ import annotations

import getpass
import os
import threading

from reconciler.board import Board
from reconciler.daemon.build import make_loader
from reconciler.daemon.feed import Feed
from reconciler.desired.load import Desired
from reconciler.errors import SourceError
from reconciler.models.proposal import Accepted, Asked, Caller, Proposal, Role
from reconciler.ports import Bell
from reconciler.proposals import Scribe
from reconciler.settings import Settings
from reconciler.source.git import GitSource
from reconciler.source.repository import GitRepository

#: Commits before the one in force that are kept in mind, for those who wait for theirs.
_RECENT = 200


def myself(through: str) -> Asked:
    """The user of this process, who may do everything that the repository lets it do."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, in a container
        name = f"uid-{os.geteuid()}"
    return Asked(Caller(name, through, Role.ADMIN))


class Office:
    """The desired state in force, and the scribe, once they are there."""

    def __init__(self, settings: Settings, board: Board) -> None:
        self._settings = settings
        self._board = board
        self._feed: Feed | None = None
        self._scribe: Scribe | None = None
        self._repository: GitRepository | None = None
        self._lock = threading.Lock()
        self._recent: tuple[str, frozenset[str]] = ("", frozenset())

    def open(self, source: GitSource, feed: Feed, ring: Bell) -> None:
        """Take proposals from now on."""
        settings = self._settings
        self._repository = repository = GitRepository(source, settings.proposals)
        self._feed = feed
        loader, path = make_loader(settings), settings.source.path
        self._scribe = Scribe(repository, loader, settings.proposals, path, ring, self._board)

    def desired(self) -> Desired | None:
        """The desired state in force; None before the first."""
        return self._feed.desired if self._feed else None

    def has(self, commit: str) -> bool:
        """Whether the desired state in force has the commit of that id. Raises SourceError."""
        desired = self.desired()
        if desired is None or self._repository is None:
            return False
        with self._lock:  # many ask at the same time, for the same revision
            if self._recent[0] != desired.revision.sha:
                recent = (one.sha for one in self._repository.log(desired.revision, _RECENT))
                self._recent = desired.revision.sha, frozenset(recent)
        return commit in self._recent[1] or self._repository.contains(desired.revision, commit)

    def propose(self, proposal: Proposal) -> Accepted:
        """See Scribe.propose. Raises SourceError while closed."""
        if self._scribe is None:
            raise SourceError("this daemon waits for another one to end, or is just starting; try again")
        return self._scribe.propose(proposal)

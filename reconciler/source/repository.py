"""GitRepository: commits on the branch that is followed, made in the bare clone and pushed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.models.revision import Revision, Snapshot
from reconciler.settings import ProposalSettings
from reconciler.source.git import GitSource


class GitRepository:
    """The writing side of a GitSource; implements ports.Repository. May be used while the source is read."""

    def __init__(self, source: GitSource, settings: ProposalSettings) -> None:
        self._source = source
        self._settings = settings

    @property
    def branch(self) -> str:
        """See ports.Repository."""
        raise NotImplementedError

    def head(self) -> Revision:
        """See ports.Repository."""
        raise NotImplementedError

    def read(self, revision: Revision) -> Snapshot:
        """See ports.Repository."""
        return self._source.read(revision)

    def commit(self, parent: Revision, files: Mapping[str, str | None], message: str, author: str) -> Revision:
        """See ports.Repository."""
        raise NotImplementedError(parent, files, message, author)

    def push(self, revision: Revision, branch: str = "") -> None:
        """See ports.Repository."""
        raise NotImplementedError(revision, branch)

    def log(self, revision: Revision, count: int) -> Iterator[Revision]:
        """See ports.Repository."""
        raise NotImplementedError(revision, count)

    def find(self, revision: Revision, lines: Sequence[str]) -> Revision | None:
        """See ports.Repository."""
        raise NotImplementedError(revision, lines)

    def branches(self, prefix: str) -> Mapping[str, str]:
        """See ports.Repository."""
        raise NotImplementedError(prefix)

    def contains(self, revision: Revision, commit: str) -> bool:
        """See ports.Repository."""
        raise NotImplementedError(revision, commit)

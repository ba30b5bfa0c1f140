"""GitRepository: commits on the branch that is followed, made in the bare clone and pushed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from reconciler.errors import RacedError, RejectedError, SourceError, UnsureError
from reconciler.models.revision import Revision, Snapshot
from reconciler.settings import ProposalSettings
from reconciler.source.commands import CloneError
from reconciler.source.commit import make_commit
from reconciler.source.git import GitSource
from reconciler.source.log import read_revision, read_revisions
from reconciler.source.push import judge
from reconciler.source.remote import SlowError
from reconciler.source.search import find_message, has_commit, is_there, marked_commits

_HEADS = "refs/heads/"
_PAGE = 50
#: Most seconds for a look at what became of a push that got no answer.
_LOOK = 10.0


class GitRepository:
    """The writing side of a GitSource; implements ports.Repository. May be used while the source is read."""

    def __init__(self, source: GitSource, settings: ProposalSettings) -> None:
        self._source = source
        self._settings = settings
        self._clone = source.clone
        self._commands = source.clone.commands
        self._remote = source.remote

    @property
    def branch(self) -> str:
        """The branch that is followed, as people call it (`main`).

        Raises RejectedError where there is none to write to, or where commits would never be in force; SourceError.
        """
        if self._settings.mode != "branch":
            self._check_signing()
        ref = self._clone.branch()
        if not ref.startswith(_HEADS):
            raise RejectedError(
                f"{self._remote.url}: {self._followed()}, so nothing can be proposed; set source.branch"
            )
        return ref.removeprefix(_HEADS)

    def head(self) -> Revision:
        """Fetch, and return what the branch is at now, signed or not. Raises SourceError."""
        sha = self._clone.refresh()
        return self._clone.reading(partial(read_revision, self._commands, sha))

    def read(self, revision: Revision) -> Snapshot:
        """All files of a revision below the desired path and the recipes path. Raises SourceError."""
        return self._source.read(revision)

    def commit(self, parent: Revision, files: Mapping[str, str | None], message: str, author: str) -> Revision:
        """A commit on `parent` with these files changed (None: removed), kept in the clone until it is pushed.

        A new file gets the mode 100644, an old one keeps its own. Raises RejectedError for a path that is none of
        ours, or where the commit would never be in force; RacedError where the clone was made anew and `parent` is
        in the repository no more; SourceError.
        """
        if self._settings.mode != "branch":
            self._check_signing()
        make = partial(make_commit, self._commands, parent.sha, files, message, author, self._settings)
        try:
            made = self._clone.reading(make)
            self._check_trust(parent, made)
        except CloneError as error:
            raise RacedError(f"{self._remote.url}: commit {parent.short} is not there any more: {error}") from error
        return made

    def push(self, revision: Revision, branch: str = "") -> None:
        """Make `revision` (and what it stands on) the branch's head, never by force; `branch`: a new one instead.

        What got no answer is asked for once more before it is called unsure. Raises RacedError, RejectedError,
        UnsureError, or SourceError when it surely did not happen.
        """
        ref = _HEADS + (branch or self.branch)
        if branch:
            self._check_name(branch)
        else:
            self._check_signing()
        before = self._clone.head()
        error = self._try(revision, ref, new=bool(branch))
        if isinstance(error, UnsureError):
            error = self._look(revision, ref, error, None if branch else before)
        if error:
            raise error
        if not branch:
            self._clone.pushed(before, revision.sha)

    def log(self, revision: Revision, count: int) -> Iterator[Revision]:
        """The newest `count` commits from `revision` back along first parents, lazily. Raises SourceError."""
        sha = revision.sha
        while sha and count > 0:
            page = self._clone.reading(partial(read_revisions, self._commands, sha, min(count, _PAGE)))
            yield from (commit.revision for commit in page)
            count -= _PAGE
            sha = page[-1].parent if page else ""

    def find(self, revision: Revision, lines: Sequence[str]) -> Revision | None:
        """The newest commit up to `revision` whose message has all these whole lines, of the last 10,000.

        Raises SourceError.
        """
        return self._clone.reading(partial(find_message, self._commands, revision.sha, lines))

    def marked(self, revision: Revision, since: str, prefix: str) -> Iterator[Revision]:
        """The commits up to `revision`, newest first, whose messages have a line that begins with `prefix`.

        Those of the commit id `since` are left out, and what it stands on ("", or unknown: nothing is left out); of
        the rest the last 10,000. Raises SourceError.
        """
        found = partial(marked_commits, self._commands, revision.sha, since, prefix)
        return iter(self._clone.reading(found))

    def branches(self, prefix: str) -> Mapping[str, str]:
        """Branches of the repository whose names begin so, with their commit ids, as of now. Raises SourceError."""
        escaped = "".join(f"\\{char}" if char in "*?[\\" else char for char in prefix)
        ids = self._remote.list_refs(self._commands.folder, f"{_HEADS}{escaped}*").ids
        return {ref.removeprefix(_HEADS): sha for ref, sha in ids.items() if ref.startswith(_HEADS + prefix)}

    def contains(self, revision: Revision, commit: str) -> bool:
        """Whether the commit of that id is `revision` or one of those it stands on. Raises SourceError."""
        return self._clone.reading(partial(has_commit, self._commands, revision.sha, commit))

    def _try(self, revision: Revision, ref: str, *, new: bool) -> SourceError | None:
        """Push once; what went wrong."""
        try:
            said = self._remote.push(self._commands.folder, revision.sha, ref, new=new)
        except SlowError as slow:
            return UnsureError(str(slow))
        return judge(self._remote.url, said)

    def _look(self, revision: Revision, ref: str, unsure: UnsureError, before: str | None) -> SourceError | None:
        """What became of a push that ended in the middle: None where the commit is there.

        `before`: what the followed branch was at; None for a new branch. A branch that is elsewhere by now refuses
        a push that comes late.
        """
        seconds = min(_LOOK, self._remote.timeout)
        try:
            if self._remote.list_refs(self._commands.folder, ref, seconds).ids.get(ref) == revision.sha:
                return None
            if not is_there(self._commands, revision.sha):
                return RacedError(f"{self._remote.url}: the clone was made anew before the push; {unsure}")
            head = self.head() if before is not None else None
            if head and self.contains(head, revision.sha):
                return None
        except SourceError:
            return unsure
        if head and head.sha != before:
            return RacedError(f"{self._remote.url}: somebody else pushed first; {unsure}")
        return unsure

    def _check_name(self, branch: str) -> None:
        try:
            self._commands.local("check-ref-format", _HEADS + branch)
        except CloneError:
            raise RejectedError(f"{branch!r} is no name for a branch") from None

    def _check_signing(self) -> None:
        """A commit that nobody signed would never be in force where signatures are required.

        One on a branch of its own may be without: who merges it signs the merge.
        """
        if self._required() and not self._settings.signing_key:
            raise RejectedError(
                "source.verify.required is set and proposals.signingKey is not, so commits of this daemon would never "
                "be in force; set it to an SSH key whose public half is in source.verify.allowedSigners"
            )

    def _check_trust(self, parent: Revision, made: Revision) -> None:
        """Where signatures are required, ours must be one of those, and must not vouch for what nobody signed."""
        verifier = self._source.verifier
        if not verifier or not self._required() or not self._settings.signing_key:
            return
        if why := self._clone.reading(partial(verifier.complaint, parent.sha)):
            raise RejectedError(
                f"commit {parent.short}, the head, is not trusted: {why}; a signed commit on it would put it in force, "
                "so nothing is proposed before that is mended"
            )
        if why := self._clone.reading(partial(verifier.complaint, made.sha)):
            raise RejectedError(
                f"the key of proposals.signingKey is not trusted by source.verify: {why}; add its public half to "
                f"source.verify.allowedSigners for {self._settings.email}"
            )

    def _required(self) -> bool:
        verify = self._source.settings.verify
        return verify is not None and verify.required

    def _followed(self) -> str:
        settings = self._source.settings
        if settings.tag or settings.commit:
            return f"a {'tag' if settings.tag else 'fixed commit'} is followed"
        return "its HEAD is on no branch"

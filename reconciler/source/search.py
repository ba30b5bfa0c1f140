"""Commits that are looked for: by lines of their messages, and by their places in the history."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from reconciler.models.revision import Revision
from reconciler.source.commands import CloneError, Commands
from reconciler.source.log import read_matching
from reconciler.source.trust import follows

#: So many commits are searched, the newest ones.
SEARCH_LIMIT = 10_000


def find_message(commands: Commands, sha: str, lines: Sequence[str]) -> Revision | None:
    """The newest commit up to `sha` whose message has all these whole lines; merged ones count. Raises SourceError."""
    longest = max(lines, key=len)
    for revision in read_matching(commands, _newest(commands, sha), longest):
        if set(lines) <= set(revision.message.split("\n")):
            return revision
    return None


def marked_commits(commands: Commands, sha: str, since: str, prefix: str) -> list[Revision]:
    """Commits up to `sha`, newest first, of whose messages a line begins with `prefix`; merged ones count.

    Those of `since` are left out, and what it stands on. Raises SourceError.
    """
    but = (f"^{since}",) if since and is_there(commands, since) else ()
    found = read_matching(commands, _newest(commands, sha, *but), prefix)
    return [one for one in found if any(line.startswith(prefix) for line in one.message.split("\n"))]


def _newest(commands: Commands, *which: str) -> bytes:
    return commands.local("rev-list", f"--max-count={SEARCH_LIMIT}", *which, "--")


def is_there(commands: Commands, commit: str) -> bool:
    """Whether the clone has a commit of that whole id."""
    with suppress(CloneError):
        found = commands.local("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}")
        return found.decode().strip() == commit
    return False


def has_commit(commands: Commands, sha: str, commit: str) -> bool:
    """Whether the commit of that whole id is `sha` or before it. Raises CloneError where there is no `sha`."""
    if is_there(commands, commit):
        return follows(commands, sha, commit)
    if not is_there(commands, sha):
        raise CloneError(f"commit {sha} is not in the clone")
    return False

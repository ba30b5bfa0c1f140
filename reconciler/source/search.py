"""Commits that are looked for: by lines of their messages, and by their places in the history."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from reconciler.models.revision import Revision
from reconciler.source.commands import CloneError, Commands
from reconciler.source.log import read_revision
from reconciler.source.trust import follows

#: So many commits are searched, the newest ones.
SEARCH_LIMIT = 10_000


def find_message(commands: Commands, sha: str, lines: Sequence[str]) -> Revision | None:
    """The newest commit up to `sha` whose message has all these whole lines; merged ones count. Raises SourceError."""
    patterns = [f"--grep={line}" for line in lines]
    newest = commands.local("rev-list", f"--max-count={SEARCH_LIMIT}", sha, "--")
    chosen = ("--fixed-strings", "--all-match", "--no-walk=unsorted", "--format=%H", "--encoding=UTF-8", "--stdin")
    for found in commands.make("log", *patterns, *chosen, data=newest).decode().split():
        revision = read_revision(commands, found)
        if set(lines) <= set(revision.message.split("\n")):
            return revision
    return None


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

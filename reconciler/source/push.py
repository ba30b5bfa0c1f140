"""What Git says of a push, as one of our errors: did it happen, and what is to be done."""

from __future__ import annotations

import re

from reconciler.errors import RacedError, RejectedError, SourceError, UnsureError
from reconciler.source.commands import describe
from reconciler.source.remote import Said

_REFUSED = re.compile(r"^!\t[^\t]*\t\[(?P<who>[^\]]*)\]\s*(?:\((?P<why>.*)\))?$", re.MULTILINE)
#: Somebody else was first: before this push looked, or between its look and its write (then it is a lock's words).
_RACED = re.compile(
    r"non-fast-forward|fetch first|stale info|already exists|failed to update ref|cannot lock ref|failed to lock"
    r"|incorrect old value|needs force",
    re.IGNORECASE,
)
#: The other side has a fault and may get well: a full disk, a server in trouble.
_FAULT = re.compile(r"unpack|internal|index-pack|quarantine|unable to migrate|Bad Gateway|timed? ?out", re.IGNORECASE)
#: It ended before anything was sent.
_NEVER = re.compile(
    r"could not read (from remote repository|username|password)|hung up upon initial contact|unable to access|"
    r"authentication failed|prompts disabled|unable to connect|repository '[^']*' not found|HTTP 4\d\d|"
    r"error: 4\d\d|transport '[^']*' not allowed",
    re.IGNORECASE,
)
_OTHERS = re.compile(r"dubious ownership")
#: Before the other side's reason why it could not keep what was sent: `[remote rejected]` says `unpacker error` only.
_UNPACK = "error: remote unpack failed: "
#: Git's own words for a work tree over there that cannot follow, and ours.
_WORK_TREE = (
    (r"unstaged changes|staged changes|Up-to-date check failed", "has changes that are not committed"),
    (r"Could not update working tree", "has files that are not committed where the commit has some"),
    (r"currently checked out|denyCurrentBranch", "has this branch checked out"),
)


def judge(url: str, said: Said) -> SourceError | None:
    """None for a push that is done; otherwise RacedError, RejectedError, UnsureError or SourceError.

    UnsureError: it ended in the middle, and the repository has to be asked. The last means that it did not happen.
    """
    if said.code == 0:
        return None
    refused = _REFUSED.search(said.output)
    if refused and refused["who"] != "remote failure":
        return _refused(url, refused["who"], refused["why"] or refused["who"], _words(said.errors))
    if _OTHERS.search(said.errors):
        return RejectedError(
            f"{url} belongs to another user, whose hooks would run as this one; push over ssh as its owner, or "
            f"trust it: git config --global --add safe.directory {url}"
        )
    kind = SourceError if _NEVER.search(said.errors) else UnsureError
    return kind(f"{url}: {said.words}")


def _refused(url: str, who: str, why: str, words: str) -> SourceError:
    if _RACED.search(why):
        return _lock(url, words) or RacedError(f"{url}: somebody else pushed first ({describe(why)})")
    for pattern, what in _WORK_TREE:
        if re.search(pattern, why):
            return RejectedError(f"{url}: its work tree {what} ({describe(why)}); commit or stash them there")
    said = f"{url}: the push was refused: {describe(why)}" + (f": {words}" if words else "")
    return SourceError(said) if who == "remote rejected" and _FAULT.search(why) else RejectedError(said)


def _lock(url: str, words: str) -> SourceError | None:
    """What else can keep a branch from being written: it has one for a folder, or a process that died left a lock."""
    if "exists; cannot create" in words:
        return RejectedError(f"{url}: there is a branch whose name is in the way: {words}")
    return SourceError(f"{url}: {words}") if ".lock':" in words else None


def _words(errors: str) -> str:
    """What hooks said, and why nothing could be kept: the lines that came from the other side, in one."""
    lines = [line.removeprefix(_UNPACK) for line in errors.splitlines() if line.startswith(("remote:", _UNPACK))]
    said = " ".join(words for line in lines if (words := line.removeprefix("remote:").strip()))
    return describe(said) if said else ""

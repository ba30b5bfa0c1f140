"""Which revision is in force where signatures are asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from reconciler.errors import SourceError
from reconciler.source.commands import CloneError, Commands

#: The last commit that was in force, so that it outlives a daemon and a force-push. It can be lost with the clone.
PINNED = "refs/reconciler/verified"
#: So many commits before the head are looked at for one that is signed as it must be.
DEPTH = 50


def choose(commands: Commands, head: str, complaint: Callable[[str], str]) -> str:
    """The head where it is trusted; otherwise the newest commit along first parents that is, none older than PINNED.

    `complaint` gives "" for a commit that is trusted, else what is wrong. Raises SourceError where there is none.
    """
    chosen = head
    why = complaint(head)
    if why:
        found = next((sha for sha in _before(commands, head) if not complaint(sha)), "")
        pinned = _pinned(commands)
        trusted = pinned and not complaint(pinned)
        chosen = pinned if trusted and not (found and follows(commands, found, pinned)) else found
    if not chosen:
        raise SourceError(f"{refusal(head, why)}; nor is any of the {DEPTH} commits before it")
    if chosen != _pinned(commands):
        commands.local("update-ref", PINNED, chosen)
    return chosen


def refusal(head: str, why: str) -> str:
    """What to say of a head that is not put in force."""
    return (
        f"commit {head[:12]} is not trusted: {why}; "
        "sign it anew (git commit --amend -S), or add its signer to source.verify.allowedSigners"
    )


def _before(commands: Commands, head: str) -> list[str]:
    words = ("rev-list", "--first-parent", f"--max-count={DEPTH + 1}", head, "--")
    return commands.local(*words).decode().split()[1:]


def _pinned(commands: Commands) -> str:
    with suppress(CloneError):
        return commands.local("rev-parse", "--verify", "--quiet", f"{PINNED}^{{commit}}").decode().strip()
    return ""


def follows(commands: Commands, later: str, earlier: str) -> bool:
    """Whether `earlier` is `later` itself or one of the commits before it."""
    return not commands.local("rev-list", "--max-count=1", earlier, f"^{later}", "--").strip()

"""What Slurm's words on standard error mean for what may be tried next. Pure."""

from __future__ import annotations

from reconciler.errors import RefusedError, TargetError, UncertainError, UnreachableError

# What Slurm says when the request surely did not get to slurmctld, or was put off by it.
_NOT_REACHED = ("unable to contact slurm controller", "connection refused", "munge", "authentication", "temporarily")
# What it says when the request may have been carried out, and only the answer was lost.
_NO_ANSWER = ("timed out", "zero bytes", "unexpected message", "communication", "connection reset", "send/recv")


def refusal(program: str, stderr: str) -> TargetError:
    """The error for a command that ended by itself and said no."""
    said = stderr.lower()
    message = f"{program}: {words(stderr)}"
    if any(part in said for part in _NOT_REACHED):
        return UnreachableError(message)
    if any(part in said for part in _NO_ANSWER):
        return UncertainError(message)
    return RefusedError(message)


def words(stderr: str) -> str:
    """The lines of standard error as one, without the names of the programs, cut to what a person reads."""
    lines = [line.partition("error: ")[2] or line for line in stderr.splitlines() if line.strip()]
    return "; ".join(lines)[:1000] or "without a word"

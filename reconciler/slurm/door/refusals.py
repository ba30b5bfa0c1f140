"""What Slurm's words on standard error mean for what may be tried next. Pure.

The words are those of src/common/slurm_errno.c and src/sbatch/sbatch.c (22.05), in small letters.
"""

from __future__ import annotations

import re

from reconciler.errors import RefusedError, TargetError, UncertainError, UnreachableError

# The request may have been carried out, and only the answer was lost.
_NO_ANSWER = (
    "timed out",
    "zero bytes",
    "zero length message",
    "message length",
    "header lengths",
    "unexpected message",
    "send failure",
    "receive failure",
    "shutdown failure",
    "send/recv",
    "connection reset",
    "broken pipe",
    "not connected",
)
# It surely did not get to a controller that could carry it out.
_NOT_REACHED = (
    "unable to contact slurm controller",
    "connection failure",
    "connection refused",
    "no route to host",
    "network is unreachable",
    "name resolution",
    "configuration source",
    "configuration file",
    "incompatible versions",
    "munge",
    "authentication",
    "credential",
    "standby",
)
# The controller would not take it now, and may take the same request later.
_NOT_NOW = (
    "temporar",  # "Slurm temporarily unable to accept job", "Resource temporarily unavailable"
    "job queue full",
    "unable to create job record",
    "duplicate job id",
    "i/o error writing script",
    "no space left",
    "quota exceeded",
    "cannot allocate memory",
    "too many open files",
    "rate limit",
    "slurm is busy",
    "internal error",
    "database",
    "db index is being set",
    "presently disabled",
    "submissions disabled",
    "nodes are busy",
    "in down state",
    "not available (inactive or drain)",
    "not available (down, drained or reserved)",
    "partition configuration not available now",
    "switch resources currently not available",
    "ports are in use",
    "reservation not usable now",
    "reservation is in use",
    "maintenance reservation",
    "breached requested qos usage threshold",
)
# "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)" stands for many limits. The
# one that is meant is on a line of its own, as a word such as AssocMaxSubmitJobLimit or QOSMaxWallDurationPerJobLimit.
_POLICY = "violates accounting/qos policy"
_NAMED = re.compile(r"\b(?:assoc|qos|max)[a-z]*(?:limit|per[a-z]+)\b")


def refusal(program: str, stderr: str) -> TargetError:
    """The error for a command that ended by itself and said no."""
    said = stderr.lower()
    message = f"{program}: {words(stderr)}"
    if any(part in said for part in _NO_ANSWER):
        return UncertainError(message)
    if any(part in said for part in (*_NOT_REACHED, *_NOT_NOW)) or _passes(said):
        return UnreachableError(message)
    return RefusedError(message)


def _passes(said: str) -> bool:
    """Whether a policy was violated that passes by itself: that of the number of jobs, or one that is not named."""
    if _POLICY not in said:
        return False
    named = _NAMED.findall(said)
    return not named or any("submit" in name for name in named)


def words(stderr: str) -> str:
    """The lines of standard error as one, without the names of the programs, cut to what a person reads."""
    lines = [line.partition("error: ")[2] or line for line in stderr.splitlines() if line.strip()]
    return "; ".join(lines)[:1000] or "without a word"

"""One line of the log for each proposal, carried out or not, and the word that it is counted by."""

from __future__ import annotations

import logging

from reconciler.errors import (
    ForbiddenError,
    InputError,
    KeyReusedError,
    ReconcilerError,
    RejectedError,
    SourceError,
    TakenError,
)
from reconciler.models.proposal import Accepted, Proposal, verb_of

_log = logging.getLogger("reconciler.audit")
_WORDS: tuple[tuple[type[ReconcilerError], str], ...] = (
    (KeyReusedError, "invalid"),
    (ForbiddenError, "forbidden"),
    (TakenError, "conflict"),
    (RejectedError, "rejected"),
    (SourceError, "unavailable"),
    (InputError, "invalid"),
)


def result_of(outcome: Accepted | ReconcilerError) -> str:
    """One of `board.OUTCOMES`. What names no service that there is, is invalid."""
    if isinstance(outcome, ReconcilerError):
        return next((word for kind, word in _WORDS if isinstance(outcome, kind)), "invalid")
    if outcome.replayed:
        return "replayed"
    return "committed" if outcome.changed else "unchanged"


def tell(proposal: Proposal, outcome: Accepted | ReconcilerError) -> None:
    """Log who asked for what, through what and why, and what came of it."""
    request, asked = proposal.request, proposal.asked
    verb, result = verb_of(request), result_of(outcome)
    done = isinstance(outcome, Accepted)
    fields = {
        "caller": asked.caller.name,
        "through": asked.caller.through,
        "service": request.name,
        "revision": outcome.commit[:12] if isinstance(outcome, Accepted) else "",
        "action": verb,
        "after": result,
        "reason": asked.reason,
        "error": "" if done else str(outcome),
    }
    what = f"commit {fields['revision']} on {outcome.branch}" if isinstance(outcome, Accepted) else str(outcome)
    _log.info("%s asks to %s %s: %s: %s", asked.caller.name, verb, request.name, result, what, extra=fields)

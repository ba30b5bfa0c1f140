"""Everything that can go wrong, as one tree; each class says what to do next.

ReconcilerError
├── InputError            somebody's YAML is wrong; carries every Complaint found      → STOP until the input changes
├── SettingsError         the operator's file is wrong                                 → STOP
├── SourceError           the repository cannot be read, or written, now               → RETRY
│   ├── RacedError        somebody else pushed first: make the change on the new head  → SOON
│   ├── UnsureError       no answer to a push that may have happened                   → WAIT for the next fetch
│   └── RejectedError     the repository's own rules (a hook, a protected branch)      → STOP
├── ProposalError         a change that somebody asks for cannot be proposed           → STOP
│   ├── ForbiddenError    they may not
│   ├── MissingError      there is no such service, or recipe
│   └── TakenError        something else has the name or the file
│       └── KeyReusedError  another request has the key
├── client.ApiError       what a daemon answered to its client; says itself what may help
├── client.NoAnswerError  no daemon answers its client                                 → RETRY, after a change WAIT
└── TargetError           a cluster said no, or said nothing
    ├── LookError         a look failed, timed out or was cut short (the target is Unknown) → RETRY
    ├── UnreachableError  no answer to a write that surely did not happen             → RETRY
    ├── UncertainError    no answer to a write that may have happened                 → WAIT for the next look
    ├── WaitingError      something has to be there, or gone, before this write       → SOON
    ├── RefusedError      the cluster understood and refused                          → STOP until the spec changes
    │   └── DeniedError   by what may change at any time: rights, a policy, a quota   → RETRY
    └── ConflictError     an object of that name exists and does not bear our mark    → RETRY: it may go
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Next(Enum):
    """What the caller may do after an error."""

    RETRY = "retry"
    SOON = "soon"
    WAIT = "wait"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with one place of the input, complete enough to mend it without a manual.

    `line` and `column` count from 1; 0 means that the whole file is meant. `service` is the name of the
    service concerned where it could be read, otherwise "". `found`, `expected` and `fix` may be "".
    """

    file: str
    line: int
    column: int
    field: str
    problem: str
    found: str = ""
    expected: str = ""
    fix: str = ""
    service: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        head = f"{place}: {self.field}: {self.problem}" if self.field else f"{place}: {self.problem}"
        parts = [
            f"found {self.found}" if self.found else "",
            f"expected {self.expected}" if self.expected else "",
            self.fix,
        ]
        text = "; ".join([head, *(part for part in parts if part)])
        # A file may quote control characters, which would move a terminal's cursor or forge lines of a log.
        return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


class ReconcilerError(Exception):
    """Base of all errors that Reconciler raises on purpose; `next` says whether to retry, wait or stop."""

    next: Next = Next.STOP


class InputError(ReconcilerError):
    """The desired state or a recipe is wrong; `complaints` holds everything found, never only the first."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("\n".join(str(complaint) for complaint in self.complaints))


class SettingsError(ReconcilerError):
    """The operator's settings are wrong."""


class SourceError(ReconcilerError):
    """The repository cannot be read at the moment; the last revision stays in force."""

    next = Next.RETRY


class RacedError(SourceError):
    """A push came after somebody else's: nothing of it is there, and it is to be made anew on the new head."""

    next = Next.SOON


class UnsureError(SourceError):
    """A push got no answer and may have happened: what the repository has then tells."""

    next = Next.WAIT


class RejectedError(SourceError):
    """The repository understood a push and refused it by its own rules; its words are in the message."""

    next = Next.STOP


class ProposalError(ReconcilerError):
    """A change that somebody asks for cannot be proposed."""


class ForbiddenError(ProposalError):
    """Who asks may not do this."""


class MissingError(ProposalError):
    """There is no service, or no recipe, of that name."""


class TakenError(ProposalError):
    """Something else has it already: the name, or the file."""


class KeyReusedError(TakenError):
    """The key of the request was used for another request of the same caller."""


class TargetError(ReconcilerError):
    """A cluster refused, or did not answer."""

    next = Next.RETRY


class LookError(TargetError):
    """A look failed, timed out or was cut short: the target is Unknown, and nothing is done on it."""


class UnreachableError(TargetError):
    """A write got no answer and surely did not happen."""


class UncertainError(TargetError):
    """A write got no answer and may have happened: look again before anything else is tried."""

    next = Next.WAIT


class WaitingError(TargetError):
    """Something has to be there, or gone, first: a kind that the cluster does not know yet, an object that ends."""

    next = Next.SOON


class RefusedError(TargetError):
    """The cluster understood the request and refused it; the same request would be refused again."""

    next = Next.STOP


class DeniedError(RefusedError):
    """Refused by something that may change at any time without the spec: rights, an admission policy, a quota."""

    next = Next.RETRY


class ConflictError(TargetError):
    """Something of that name is there and does not bear our mark; it is left alone."""

    next = Next.RETRY

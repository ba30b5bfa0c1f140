"""PURE. What the API server answers when it does not do as it was asked → one of our errors.

The names say what the room itself needs to tell apart; they stand below the classes of `reconciler.errors`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.errors import LookError, RefusedError, TargetError, UncertainError, UnreachableError

#: Answers after which the same request may do better in a moment (RFC 9110; 500 is what etcd's hiccups look like).
AGAIN = frozenset({429, 500, 502, 503, 504})
_MAY_HAVE_HAPPENED = frozenset({500, 502, 504})
_LONGEST = 600


class AbsentError(RefusedError):
    """There is no such object (or no such namespace)."""


class ExpiredError(LookError):
    """The resource version is too old: everything has to be listed anew."""


class ClashError(UnreachableError):
    """The object is not the one that was meant any more: another version, another uid, or there already."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is not a success. `body` is a Status object where the API server itself answered."""

    status: int
    body: bytes

    def told(self) -> Mapping[str, object]:
        """The Status object; empty when the body is something else (a proxy's page)."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


def translate(what: str, answer: Answer, *, write: bool) -> TargetError:
    """The error for an answer. `what` says what was tried, in words."""
    told = answer.told()
    text = f"{what}: {_words(told) or f'HTTP status {answer.status}'}"[:_LONGEST]
    match answer.status:
        case 404:
            return AbsentError(text)
        case 409:
            return ClashError(text)
        case 410:
            return ExpiredError(text)
        case 401:
            return UnreachableError(text) if write else LookError(text)
        case 403 if "NamespaceTerminating" in _reasons(told):
            return UnreachableError(text)
        case status if status in AGAIN:
            return _unanswered(text, status) if write else LookError(text)
        case _:
            return RefusedError(text) if write else LookError(text)


def _unanswered(text: str, status: int) -> TargetError:
    return UncertainError(text) if status in _MAY_HAVE_HAPPENED else UnreachableError(text)


def _words(told: Mapping[str, object]) -> str:
    """The causes with their fields where there are some, otherwise the message."""
    causes = [f"{cause['field']}: {cause.get('message', '')}" for cause in _causes(told) if cause.get("field")]
    return " ".join(("; ".join(causes) or str(told.get("message", ""))).split())


def _reasons(told: Mapping[str, object]) -> set[str]:
    return {str(cause.get("reason", "")) for cause in _causes(told)}


def _causes(told: Mapping[str, object]) -> list[Mapping[str, object]]:
    details = told.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    return [cause for cause in causes if isinstance(cause, dict)] if isinstance(causes, list) else []

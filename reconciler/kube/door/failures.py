"""PURE. What the API server answers when it does not do as it was asked → one of our errors.

The names say what the room itself needs to tell apart; they stand below the classes of `reconciler.errors`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.errors import DeniedError, LookError, Next, RefusedError, TargetError, UncertainError, UnreachableError

#: Answers after which the same request may do better in a moment (RFC 9110; 500 is what etcd's hiccups look like).
AGAIN = frozenset({429, 500, 502, 503, 504})
_MAY_HAVE_HAPPENED = frozenset({500, 502, 504})
_LONGEST = 600
#: How the API server's validation says that a field cannot be changed (k8s.io/apimachinery/pkg/api/validation and
#: k8s.io/kubernetes/pkg/apis/{apps,core}/validation).
_FIXED = ("immutable", "may not change once set", "updates to statefulset spec for fields other than")
#: How admission says no: webhooks with any status (k8s.io/apiserver/pkg/admission/plugin/webhook/errors), policies
#: (…/plugin/policy/validating), and webhooks that do not answer, which is an error 500 but surely changed nothing.
_DENIED = ("denied the request", "denied request:", "failed calling webhook")


class AbsentError(RefusedError):
    """There is no such object (or no such namespace)."""


class UnservedError(AbsentError):
    """The server does not know this kind: its CRD is not there, or not established yet."""


class FixedError(RefusedError):
    """A field that cannot be changed on a living object."""


class LostAnswerError(UncertainError):
    """A write got no answer and may have happened; it is one that may simply be made again (apply, delete by uid)."""

    next = Next.RETRY


class ExpiredError(LookError):
    """The resource version is too old: everything has to be listed anew."""


class SilentError(LookError):
    """A stream brought nothing for a while and may hang; what it brought before is complete."""


class ClashError(UnreachableError):
    """The object is not the one that was meant any more: another version, another uid, or there already."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is not a success. `body` is a Status object where the API server itself answered."""

    status: int
    body: bytes

    def may_pass(self) -> bool:
        """Whether the same request may do better in a moment. Webhooks that hang have taken their time already."""
        return self.status in AGAIN and b"failed calling webhook" not in self.body

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
    words = _words(told)
    text = _short(f"{what}: {words or f'HTTP status {answer.status}'}")
    match answer.status:
        case 404:
            return AbsentError(text) if _names_something(told) else UnservedError(text)
        case 422 if words.startswith("metadata.uid: "):
            return ClashError(text)
        case 422 if any(word in words for word in _FIXED):
            return FixedError(text)
        case 409:
            return ClashError(text)
        case 410:
            return ExpiredError(text)
        case 401:
            return UnreachableError(text) if write else LookError(text)
        case 403 if "NamespaceTerminating" in _reasons(told):
            return UnreachableError(text)
        case status if write and (status == 403 or any(word in words for word in _DENIED)):
            return DeniedError(text)
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


def _short(text: str) -> str:
    """Without the middle of a long one: what is quoted stands there, and what is wrong with it at the end."""
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} … {text[-half:]}"


def _names_something(told: Mapping[str, object]) -> bool:
    """Whether a 404 is about one object or namespace; one about a kind names none, or is no Status at all."""
    details = told.get("details")
    return isinstance(details, dict) and bool(details.get("name"))


def _reasons(told: Mapping[str, object]) -> set[str]:
    return {str(cause.get("reason", "")) for cause in _causes(told)}


def _causes(told: Mapping[str, object]) -> list[Mapping[str, object]]:
    details = told.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    return [cause for cause in causes if isinstance(cause, dict)] if isinstance(causes, list) else []

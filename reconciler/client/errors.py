"""What can go wrong between a client and a daemon."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

import httpx
from pydantic import ValidationError

from reconciler.errors import Next, ReconcilerError
from reconciler.models.text import redact, visible
from reconciler.shapes.problem import FieldProblem, Problem

#: Answers after which the same request may do: too often, too slow, the repository or the daemon is away.
PASSING = frozenset((408, 429, 502, 503, 504))
_NEXT = {one.value: one for one in Next}
_PHRASES = {one.value: one.phrase for one in HTTPStatus}
_QUOTED = 200
_LONGEST_PAUSE = 3600.0


class ApiError(ReconcilerError):
    """The daemon understood and refused, or could not; `problem` is its answer (RFC 9457).

    `next` says what may help, as everywhere; `retry_after` are the seconds after which it wants to be asked again.
    `key`: as of NoAnswerError.
    """

    def __init__(self, problem: Problem, retry_after: float | None = None) -> None:
        self.problem = problem
        self.retry_after = retry_after
        self.key = ""
        self.next = _NEXT.get(problem.next, Next.STOP)
        super().__init__("\n".join(map(visible, problem.detail.splitlines())) or visible(problem.title))

    @property
    def status(self) -> int:
        """The code of the answer."""
        return self.problem.status

    @property
    def detail(self) -> str:
        """What is wrong, in words."""
        return self.problem.detail

    @property
    def errors(self) -> Sequence[FieldProblem]:
        """Everything that is wrong, field by field, where the answer names fields."""
        return self.problem.errors

    @property
    def passes(self) -> bool:
        """Whether the same request may do a little later."""
        return self.status in PASSING


class NoAnswerError(ReconcilerError):
    """No daemon answers there, or it stopped in the middle; reading may be tried again.

    `key`: of a change that may have been made all the same (`next` is then WAIT): asked for again with this key, it is
    made once.
    """

    next = Next.RETRY

    def __init__(self, words: str, key: str = "") -> None:
        self.key = key
        self.next = Next.WAIT if key else Next.RETRY
        super().__init__(visible(words))


def problem_of(answer: httpx.Response) -> ApiError:
    """The error that an answer is. Its body has been read; it may be of anybody, a proxy in between for example."""
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValidationError:
        problem = _foreign(answer)
    return ApiError(problem, _seconds(answer.headers.get("retry-after", "")))


def not_ours(answer: httpx.Response, address: str) -> ApiError:
    """The error for an answer that should be one of a daemon's, and is something else."""
    kind = answer.headers.get("content-type", "nothing that it names")
    words = f"{address}: answers with {kind}, which is not what a Reconciler daemon says; is it the right address?"
    return ApiError(Problem(type="about:blank", title="Not a daemon", status=answer.status_code, detail=words))


def _foreign(answer: httpx.Response) -> Problem:
    code = answer.status_code
    title = _PHRASES.get(code, f"Status {code}")
    head = answer.text[:_QUOTED].strip().partition("\n")[0]
    said = f"it is at {answer.headers['location']}" if "location" in answer.headers else head
    detail = redact(f"{code} {title}" + (f": {said}" if said else ""))
    return Problem(
        type="about:blank", title=title, status=code, detail=detail, next="retry" if code in PASSING else "stop"
    )


def _seconds(text: str) -> float | None:
    """A `Retry-After` in seconds; None where there is none (a date is not heeded)."""
    return min(float(text), _LONGEST_PAUSE) if text.isascii() and text.isdigit() and len(text) < 10 else None

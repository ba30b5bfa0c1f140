"""What went wrong with a request, as RFC 9457 says it (`application/problem+json`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from reconciler.errors import Complaint
from reconciler.models.text import visible
from reconciler.shapes.fields import body_field

MEDIA_TYPE = "application/problem+json"
_URN = "urn:reconciler:problem:"
_LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem. `retry_after` is in seconds (0: the same request would fail again)."""

    word: str
    status: int
    title: str
    next: str = "stop"
    retry_after: int = 0

    @property
    def urn(self) -> str:
        """Its name in answers."""
        return _URN + self.word


MALFORMED = Kind("malformed", 400, "The request cannot be read")
UNAUTHORIZED = Kind("unauthorized", 401, "A valid token is needed")
FORBIDDEN = Kind("forbidden", 403, "This caller may not do that")
MISSING = Kind("missing", 404, "There is no such thing")
METHOD = Kind("method", 405, "There is no such method here")
NOT_ACCEPTABLE = Kind("not-acceptable", 406, "There is no answer of that media type")
SLOW = Kind("slow", 408, "The request came too slowly", "retry")
TAKEN = Kind("taken", 409, "Something else has it already")
REJECTED = Kind("rejected", 409, "The repository refused the change by its own rules")
TOO_LARGE = Kind("too-large", 413, "The request is too large")
MEDIA = Kind("media-type", 415, "A body of another media type is needed")
INVALID = Kind("invalid", 422, "The request, or the service it asks for, would not be valid")
KEY_REUSED = Kind("key-reused", 422, "The idempotency key was used for another request")
TOO_MANY = Kind("too-many", 429, "Too many requests", "retry", 10)
HEADERS = Kind("headers", 431, "The request's headers are too large")
FAULT = Kind("fault", 500, "A fault of the daemon", "wait")
UNAVAILABLE = Kind("unavailable", 503, "Not possible just now", "retry", 5)
RACED = Kind("raced", 503, "Somebody else pushed at the same time, again and again", "retry", 1)
UNSURE = Kind("unsure", 503, "It is not known whether the change is in the repository", "wait", 10)

#: All kinds, by status; the first of each status is the usual one.
KINDS = (
    MALFORMED,
    UNAUTHORIZED,
    FORBIDDEN,
    MISSING,
    METHOD,
    NOT_ACCEPTABLE,
    SLOW,
    TAKEN,
    REJECTED,
    TOO_LARGE,
    MEDIA,
    INVALID,
    KEY_REUSED,
    TOO_MANY,
    HEADERS,
    FAULT,
    UNAVAILABLE,
    RACED,
    UNSURE,
)


def usual(status: int) -> Kind:
    """The usual kind of a status; one without a name of its own where there is none (RFC 9457, 4.2.1)."""
    other = MALFORMED if status < 500 else UNAVAILABLE
    return next((kind for kind in KINDS if kind.status == status), Kind(other.word, status, other.title))


class FieldProblem(BaseModel):
    """One thing wrong with one field, in the words of `reconciler validate`.

    `field` is a place in the service's document (`file`), `request` the field of the request that it comes from. Where
    no file is named, both are a field of the request's body, a parameter or a header.
    """

    model_config = ConfigDict(frozen=True)

    field: str = Field(examples=["spec.config.maxModelLen"])
    problem: str = Field(examples=["is not allowed"])
    found: str = Field(default="", examples=["text `big`"])
    expected: str = Field(default="", examples=["a whole number"])
    fix: str = Field(default="", examples=[""])
    file: str = Field(default="", examples=["desired/llama-8b.yaml"])
    line: int = Field(default=0, examples=[9])
    request: str = Field(default="", examples=["config.maxModelLen"])

    @classmethod
    def of(cls, one: Complaint) -> FieldProblem:
        """From a complaint."""
        return cls(
            field=visible(one.field),
            problem=visible(one.problem),
            found=visible(one.found),
            expected=visible(one.expected),
            fix=visible(one.fix),
            file=visible(one.file),
            line=one.line,
            request=visible(body_field(one.field) if one.file else one.field),
        )


class Problem(BaseModel):
    """A problem document. `type` is a name that stays; `detail` says it in words; `errors` are all fields at once.

    `next` says what may help: `retry` (soon, the same request), `wait` (look first, it may have happened) or `stop`.
    """

    model_config = ConfigDict(frozen=True)

    type: str = Field(examples=["urn:reconciler:problem:invalid"])
    title: str = Field(examples=["The service would not be valid"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["desired/llama-8b.yaml:9:5: spec.config.maxModelLen: is not allowed"])
    instance: str = Field(default="", examples=["/services"])
    next: str = Field(default="stop", examples=["stop"])
    errors: list[FieldProblem] = []

    @classmethod
    def of(cls, kind: Kind, detail: str, instance: str = "", errors: Iterable[Complaint] = ()) -> Problem:
        """A problem of a kind; `detail` may have several lines, and is foreign text like everything here."""
        lines = (visible(line) for line in detail.splitlines())
        return cls(
            type=kind.urn,
            title=kind.title,
            status=kind.status,
            detail="\n".join(lines)[:_LONGEST] or kind.title,
            instance=visible(instance)[:_LONGEST],
            next=kind.next,
            errors=[FieldProblem.of(one) for one in errors],
        )

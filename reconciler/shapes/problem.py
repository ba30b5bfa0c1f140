"""What went wrong with a request, as RFC 9457 says it (`application/problem+json`)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from reconciler.errors import Complaint

MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """One thing wrong with one field, in the words of `reconciler validate`."""

    model_config = ConfigDict(frozen=True)

    field: str = Field(examples=["spec.config.maxModelLen"])
    problem: str = Field(examples=["is not allowed"])
    found: str = Field(default="", examples=["text `big`"])
    expected: str = Field(default="", examples=["a whole number"])
    fix: str = Field(default="", examples=[""])
    file: str = Field(default="", examples=["desired/llama-8b.yaml"])
    line: int = Field(default=0, examples=[9])

    @classmethod
    def of(cls, one: Complaint) -> FieldProblem:
        """From a complaint."""
        return cls(
            field=one.field,
            problem=one.problem,
            found=one.found,
            expected=one.expected,
            fix=one.fix,
            file=one.file,
            line=one.line,
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

"""What is asked for, and what came of it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from reconciler.models.proposal import Accepted

_SPEC = "More of the service's `spec:`, with the keys of its YAML (docs/service.md)."
_REASON = "Why, in one line, for the commit."


class StartBody(BaseModel):
    """A new service."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    recipe_name: str = Field(max_length=63, description="One of `GET /recipes`.", examples=["vllm"])
    nodes: int = Field(default=1, ge=1, le=1000, description="Machines for each replica.", examples=[2])
    config: dict[str, Any] = Field(
        default={}, description="The recipe's parameters.", examples=[{"model": "meta-llama/Llama-3.1-8B-Instruct"}]
    )
    name: str | None = Field(
        default=None,
        max_length=50,
        description="Its name; made of the recipe's when none is given.",
        examples=["llama"],
    )
    target: str | None = Field(
        default=None, max_length=63, description="A target, a kind, or `auto`.", examples=["slurm"]
    )
    replicas: int | None = Field(
        default=None, ge=0, le=1000, description="Independent instances behind one name; one when unset.", examples=[1]
    )
    labels: dict[str, str] = Field(default={}, description="Put on all that runs for it.", examples=[{"team": "nlp"}])
    spec: dict[str, Any] = Field(default={}, description=_SPEC, examples=[{"slurm": {"time": "4h"}}])
    folder: str = Field(default="", max_length=200, description="Folder of its file; the operator's choice when empty.")
    reason: str = Field(default="", max_length=200, description=_REASON, examples=["benchmark 17"])


class PatchBody(BaseModel):
    """Other values for a service: a JSON merge patch (RFC 7396). null takes a value away."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    nodes: int | None = Field(default=None, ge=1, le=1000, description="Machines for each replica.", examples=[4])
    replicas: int | None = Field(default=None, ge=0, le=1000, description="Independent instances.", examples=[2])
    config: dict[str, Any] = Field(
        default={}, description="Parameters of the recipe.", examples=[{"maxModelLen": 8192}]
    )
    target: str | None = Field(default=None, max_length=63, description="A target, a kind, or `auto`.")
    labels: dict[str, str | None] = Field(default={}, description="Its labels.", examples=[{"team": None}])
    spec: dict[str, Any] = Field(default={}, description=_SPEC)
    reason: str = Field(default="", max_length=200, description=_REASON)


class ReasonBody(BaseModel):
    """What a request says that changes nothing but what its name says."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    reason: str = Field(default="", max_length=200, description=_REASON)


class AcceptedShape(BaseModel):
    """A proposal that is in the repository. `changed` is false where the repository said so already.

    `service_url` and `events_url` are where to follow it. With `review`, `branch` is another one than the daemon
    follows, and a pull request is to be made of it.
    """

    model_config = ConfigDict(frozen=True)

    service: str = Field(examples=["llama"])
    commit: str = Field(examples=["4dd4d8b5c149a8f2a5a3c0b1d7e6f9081a2b3c4d"])
    branch: str = Field(examples=["main"])
    path: str = Field(examples=["desired/llama.yaml"])
    subject: str = Field(examples=["Start llama: vllm"])
    changed: bool = Field(default=True, examples=[True])
    replayed: bool = Field(default=False, examples=[False])
    review: bool = Field(default=False, examples=[False])
    service_url: str = Field(examples=["/services/llama"])
    events_url: str = Field(examples=["/events?service=llama"])

    @classmethod
    def of(cls, one: Accepted) -> AcceptedShape:
        """From what came of it."""
        return cls(
            service=one.service,
            commit=one.commit,
            branch=one.branch,
            path=one.path,
            subject=one.subject,
            changed=one.changed,
            replayed=one.replayed,
            review=one.review,
            service_url=f"/services/{one.service}",
            events_url=f"/events?service={one.service}",
        )

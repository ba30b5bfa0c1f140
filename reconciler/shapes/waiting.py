"""Waiting for what was asked for: the events of an answer that goes on until a service is healthy, or gone."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

#: What may be waited for.
Until = Literal["healthy", "gone"]


class StandingShape(BaseModel):
    """Event `verdict`: how the service stands, told whenever that changes. `why` says it in words.

    `revision` is the one in force. `taken` is true once it has the change that is waited for, and the service's target
    has seen that; before, the verdict is that on what was wanted until then.
    """

    model_config = ConfigDict(frozen=True)

    service: str = Field(examples=["llama"])
    target: str = Field(examples=["slurm"])
    state: str = Field(examples=["Pending"])
    health: str = Field(examples=["Progressing"])
    since: datetime | None = None
    why: str = Field(default="", examples=["waits for resources"])
    revision: str = Field(default="", examples=["4dd4d8b5c149"])
    taken: bool = False


class DoneShape(BaseModel):
    """Event `done`: the last one. `reached`: it is what was waited for (`until`); otherwise `why` says why not."""

    model_config = ConfigDict(frozen=True)

    service: str = Field(examples=["llama"])
    until: Until
    reached: bool
    healthy: bool | None = Field(default=None, description="`reached`, where `until` is healthy.")
    gone: bool | None = Field(default=None, description="`reached`, where `until` is gone.")
    why: str = Field(default="", examples=["it crashes: exit code 1"])

    @classmethod
    def of(cls, service: str, until: Until, why_not: str | None) -> DoneShape:
        """The end of waiting; `why_not` is None where it was worth it."""
        reached = why_not is None
        healthy = reached if until == "healthy" else None
        gone = reached if until == "gone" else None
        return cls(service=service, until=until, reached=reached, healthy=healthy, gone=gone, why=why_not or "")

"""The story of a service as JSON: what /services/{name}/explain answers and what `reconciler explain` reads back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from reconciler.explain import Story
from reconciler.models.health import Health
from reconciler.models.status import Transition
from reconciler.models.text import visible
from reconciler.models.workload import Phase, Workload
from reconciler.shapes.status import ChangeShape, ServiceShape, endpoints_by_port

#: Gives the last lines that a workload wrote, without secrets; "" where they cannot be read.
LastLines = Callable[[Workload], str]
_READ = 3


class WorkloadShape(BaseModel):
    """One job, or one group of objects. `output`: its last lines, of what is not well."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(description="Job id, or namespace/service.", examples=["4711"])
    replica: int = Field(examples=[0])
    generation: int = Field(examples=[0])
    attempt: int = Field(examples=[0])
    revision: str = Field(examples=["4dd4d8b5c149"])
    phase: str = Field(description="Pending, Running, Stopping or Ended.", examples=["Running"])
    health: str = Field(examples=["Healthy"])
    reason: str = Field(examples=[""])
    since: datetime | None = Field(description="When its phase began.", examples=["2026-11-30T12:00:00Z"])
    deadline: datetime | None = Field(description="When its platform will end it.", examples=["2026-11-30T12:00:00Z"])
    expected: datetime | None = Field(description="When its platform thinks that it starts.")
    pending: str | None = Field(description="What it waits for: waiting, reserved, held or blocked.")
    cause: str | None = Field(description="Why it ended.")
    endpoints: dict[str, list[str]] = Field(examples=[{"http": ["n1:20000"]}])
    output: str = Field(examples=[""])

    @classmethod
    def of(cls, one: Workload, output: str) -> WorkloadShape:
        """From what was seen."""
        return cls(
            id=one.id,
            replica=one.mark.replica,
            generation=one.mark.generation,
            attempt=one.mark.attempt,
            revision=visible(one.mark.revision),
            phase=one.phase.value,
            health=one.health.value,
            reason=visible(one.reason),
            since=one.since,
            deadline=one.deadline,
            expected=one.expected,
            pending=one.pending.value if one.pending else None,
            cause=one.cause.value if one.cause else None,
            endpoints=endpoints_by_port(one.endpoints),
            output=output,
        )


class WishShape(BaseModel):
    """What Git says. `time` and `lead` are in seconds; None: no time limit is asked for, or no successor is made."""

    model_config = ConfigDict(frozen=True)

    file: str = Field(examples=["desired/llama.yaml"])
    revision: str = Field(examples=["4dd4d8b5c149"])
    author: str = Field(examples=["bench"])
    subject: str = Field(examples=["Start llama: vllm"])
    stateful: bool = Field(examples=[False])
    suspended: str = Field(examples=[""])
    frozen: str = Field(examples=[""])
    time: float | None = Field(examples=[86400])
    lead: float | None = Field(examples=[1800])

    @classmethod
    def of(cls, story: Story) -> WishShape | None:
        """From a story; None for what nobody wants any more."""
        resolved, wanted = story.resolved, story.wanted
        if resolved is None or wanted is None:
            return None
        return cls(
            file=visible(resolved.file),
            revision=resolved.revision.short,
            author=visible(resolved.revision.author),
            subject=visible(resolved.revision.subject),
            stateful=wanted.stateful,
            suspended=visible(wanted.suspended),
            frozen=visible(resolved.frozen),
            time=_seconds(timedelta(seconds=wanted.limit) if wanted.limit else None),
            lead=_seconds(wanted.lead),
        )


class StoryShape(BaseModel):
    """The story of a service on one target."""

    model_config = ConfigDict(frozen=True)

    service: ServiceShape
    wanted: WishShape | None
    looked: datetime | None = Field(description="When its target was looked at.", examples=["2026-11-30T12:00:00Z"])
    blind: str = Field(description="Why that look was not whole.", examples=[""])
    there: list[WorkloadShape]
    ended: list[WorkloadShape]
    waits: list[str] = Field(description="What it waits for.", examples=[[]])
    next: list[str] = Field(description="What the daemon does next, and when.", examples=[[]])
    advice: list[str] = Field(description="What a person can do.", examples=[[]])
    history: list[ChangeShape] = []

    @classmethod
    def of(cls, story: Story, output: LastLines, history: Iterable[Transition] = ()) -> StoryShape:
        """From a story; `output` is asked for a few workloads that are not well. `history`: verdicts, oldest first."""
        unwell = [one for one in story.there if _has_written(one) and one.health is not Health.HEALTHY]
        failed = [one for one in story.ended if one.health is Health.FAILED][:1]
        texts = {one.id: output(one) for one in (*unwell, *failed)[:_READ]}
        return cls(
            service=ServiceShape.of(story.line),
            wanted=WishShape.of(story),
            looked=story.looked,
            blind=visible(story.blind),
            there=[WorkloadShape.of(one, texts.get(one.id, "")) for one in story.there],
            ended=[WorkloadShape.of(one, texts.get(one.id, "")) for one in story.ended],
            waits=_lines(story.waits),
            next=_lines(story.coming),
            advice=_lines(story.advice),
            history=[ChangeShape.of(change, story.line.target) for change in history],
        )


def _has_written(one: Workload) -> bool:
    """Also one that waits, where it does so because what ran before it failed."""
    return one.phase is not Phase.PENDING or one.health in (Health.DEGRADED, Health.FAILED)


def _lines(texts: Iterable[str]) -> list[str]:
    return [visible(text) for text in texts]


def _seconds(value: timedelta | None) -> float | None:
    return value.total_seconds() if value is not None else None
